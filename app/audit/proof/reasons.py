"""What may release a session: holds that people approved, and grants that they gave.

Each belongs to one request or to one requester, and is held against the session that it released.
Entries come in any order, so what is here is complete only once all have been read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.audit.passages import within
from app.domain.event import EventKind
from app.domain.grant import EVERYONE, OF_REPOSITORY
from app.domain.hold import HoldEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

APPROVING = (EventKind.VOTE_CAST, EventKind.BREAK_GLASS, EventKind.HOLD_MOVING)
RELEASED_BY = (
    *APPROVING,
    EventKind.HOLD_OPENED,
    EventKind.GRANT_GIVEN,
    EventKind.GRANT_REVOKED,
)
"""What people said, and what follows from it, that may release the session of somebody else."""
_OF_A_HOLD = ("identity", "connection", "digest", "key", "names")
_OF_A_GRANT = ("identity", "connection", "rule", "hold", "names")
_SKEW = timedelta(minutes=1)
"""How far the clocks of two processes may be apart, and an entry behind what it tells."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request it is, and which."""

    identity: str
    repository: str | None
    """The name under which its proven repository holds grants; None where that is not told."""
    connection: str
    digest: str


@dataclass(frozen=True, slots=True)
class Judged:
    """`fault` is what is wrong, if anything; `untold` what an older version did not write down."""

    fault: str = ""
    untold: bool = False


_GOOD, _UNTOLD = Judged(), Judged(untold=True)


class Reasons:
    def __init__(self) -> None:
        self.opened: dict[str, dict[str, str]] = {}
        self.approved: set[str] = set()
        self.given: dict[str, dict[str, str]] = {}
        self.revoked: dict[str, str] = {}
        """When each was, by grant."""
        self.is_partial = False
        """Whether only some entries are here: what is missing may be in the others."""

    def add(self, kind: str, data: Mapping[str, Any], at: str, identity: str) -> None:
        """Take an entry; `identity` is whose session it is about, where that is known."""
        # What is given back is approved again, but was approved by others before.
        given_back = data.get("word") == HoldEvent.GIVE_BACK
        if kind in APPROVING and data.get("state") == "approved" and not given_back:
            self.approved.add(str(data.get("hold", "")))
        elif kind == EventKind.HOLD_OPENED:
            facts = {name: str(data.get(name, "")) for name in _OF_A_HOLD}
            facts["identity"] = facts["identity"] or identity
            self.opened.setdefault(str(data.get("hold", "")), facts)
        elif kind == EventKind.GRANT_GIVEN:
            facts = {name: str(data.get(name, "")) for name in _OF_A_GRANT}
            facts["trust"] = "yes" if "lines" in data else ""
            facts["covers"] = "yes" if "lines" in data or "passages" in data else ""
            facts["end"] = _end(data)
            self.given.setdefault(str(data.get("grant", "")), facts)
        elif kind == EventKind.GRANT_REVOKED:
            grant = str(data.get("grant", ""))
            self.revoked[grant] = min(at, self.revoked.get(grant, at))

    def of_hold(self, release: Mapping[str, str], asker: Asker | None) -> Judged:
        """Judge what a hold has released; `release` is what the entry says that tells of it.

        Of who asks nothing is known where the entry that opens the session was not read.
        """
        hold, kind = release["hold"], release["kind"]
        by = f"it was released by hold {hold}"
        opened = self.opened.get(hold)
        if hold not in self.approved:
            return Judged(f"{by}, and no entry says that it was approved")
        if asker is None:
            return _GOOD
        if opened is None:
            fault = f"{by}, and no entry says that it was opened"
            return _UNTOLD if self.is_partial else Judged(fault)
        is_other_call = kind == EventKind.CALL_RELEASING and release["digest"] != opened["digest"]
        wrong = {
            f"{by}, which is somebody else's": opened["identity"] not in {"", asker.identity},
            f"{by}, which is for another connection": (
                opened["connection"] not in {"", asker.connection}
            ),
            f"{by}, which is of another tool call": is_other_call,
            "what was to go out has another digest than what was checked": (
                kind == EventKind.REQUEST_FORWARDING and release["digest"] != asker.digest
            ),
        }
        fault = next((fault for fault, is_so in wrong.items() if is_so), "")
        return Judged(fault) if fault else _same(release, opened, by)

    def of_grant(self, use: Mapping[str, str], asker: Asker | None) -> Judged:
        """Judge what a grant has let pass; `use` is what the entry says that tells of it."""
        by = f"it used grant {use['grant']}"
        given = self.given.get(use["grant"])
        if given is None:
            return Judged(f"{by}, and no entry says that it was given")
        if asker is None:
            return _GOOD
        holder, at = given["identity"], _time(use["at"])
        unknown = holder.startswith(OF_REPOSITORY) and asker.repository is None
        holders = {asker.identity, asker.repository or None, EVERYONE}
        hold = "" if given["trust"] or given["hold"] in self.approved else given["hold"]
        is_covered = within(use["names"], given["names"]) if given["covers"] else True
        wrong = {
            f"{by}, which is somebody else's": not unknown and holder not in holders,
            f"{by}, which is for another connection": given["connection"] != asker.connection,
            f"{by}, which is for another rule": use["rule"] != given["rule"],
            f"{by} of hold {hold}, and no entry says that that was approved": bool(hold),
            f"{by} for passages that it does not cover": is_covered is False,
            f"{by} after that was revoked": _is_past(at, self.revoked.get(use["grant"], "")),
            f"{by} after its end": _is_past(at, given["end"]),
        }
        fault = next((fault for fault, is_so in wrong.items() if is_so), "")
        return Judged(fault, unknown or is_covered is None or not given["end"])

    def state(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return {
            "opened": self.opened,
            "approved": sorted(self.approved),
            "given": self.given,
            "revoked": self.revoked,
        }

    @classmethod
    def resumed(cls, state: Mapping[str, Any]) -> Reasons:
        reasons = cls()
        reasons.opened, reasons.given = dict(state["opened"]), dict(state["given"])
        reasons.approved, reasons.revoked = set(state["approved"]), dict(state["revoked"])
        return reasons


def _same(release: Mapping[str, str], opened: Mapping[str, str], by: str) -> Judged:
    """Judge whether a hold is of what it released: by its key, else by its passages."""
    if release["kind"] == EventKind.CALL_DECIDED:
        return _GOOD
    if not (release["key"] and opened["key"]):
        return _GOOD if release["digest"] == opened["digest"] else _UNTOLD
    if release["key"] == opened["key"]:
        return _GOOD
    asks_about_it = within(release["names"], opened["names"])
    if asks_about_it is None and release["names"] and opened["names"]:
        return _UNTOLD
    return _GOOD if asks_about_it else Judged(f"{by}, which is of another request")


def _end(data: Mapping[str, Any]) -> str:
    """Return when a grant ends for good; nothing where an older version does not tell it.

    What is prolonged by its use has an end that no use prolongs.
    """
    if "idle" in data:
        return str(data.get("most", "") or data.get("until", ""))
    is_prolonged = "passages" in data or "tool" in data
    return "" if is_prolonged else str(data.get("until", ""))


def _is_past(at: datetime | None, end: str) -> bool:
    ended = _time(end)
    return at is not None and ended is not None and at > ended + _SKEW


def _time(said: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo else None
