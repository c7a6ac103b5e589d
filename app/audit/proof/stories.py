"""What the entries of one session must say together: nothing goes out without its reason.

A request that a rule held goes out only by a hold that people approved, or by grants that were
given; a request that a rule denied does not go out at all. Entries of one story are in the chains
of several processes and come in any order, so a story is judged once it has ended, and once more
when all entries have been read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from app.audit.proof.reasons import Asker, Judged, Reasons
from app.domain.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RELEASING = (EventKind.REQUEST_FORWARDING, EventKind.HOOK_ALLOWING, EventKind.CALL_RELEASING)
_GONE_OUT = (EventKind.REQUEST_FORWARDED, EventKind.HOOK_ALLOWED)
_OF_A_RELEASE = ("hold", "digest", "key", "names")
_OF_A_USE = ("grant", "rule", "names")
_ENDINGS = (
    EventKind.ANSWER_ENDED,
    EventKind.SESSION_ENDED,
    EventKind.SESSION_SWEPT,
    EventKind.REQUEST_REFUSED,
)


@dataclass(slots=True)
class Story:
    """What is known of one session so far."""

    action: str = ""
    """Of the rules on its request; empty until the entry that opens it was read."""
    identity: str = ""
    repository: str | None = None
    connection: str = ""
    digest: str = ""
    sent: list[str] = field(default_factory=list)
    """The digests of what went out."""
    decisions: list[str] = field(default_factory=list)
    """Why it did, in a word for each of them."""
    forwarded: bool = False
    """Whether it went to a model. A hook's question never does: when the hook is told yes,
    the request itself comes later, and is decided on then."""
    releases: list[dict[str, str]] = field(default_factory=list)
    """What entries say of each hold whose approval released something of it."""
    uses: list[dict[str, str]] = field(default_factory=list)
    """What entries say of each use of a grant."""
    answer: str = ""
    """SHA-256 of the answer, in hex."""
    ended: bool = False
    stored: bool = False
    """Whether its content was looked at."""
    key: str = ""
    """The id of the data key that seals its content."""

    def add(self, kind: str, data: Mapping[str, Any], at: str) -> None:
        if kind == EventKind.SESSION_OPENED:
            self.action = str(data.get("action", ""))
            self.identity = str(data.get("identity", ""))
            self.repository = data.get("repository")
            self.connection = str(data.get("connection", ""))
            self.digest = str(data.get("digest", ""))
            self.key = str(data.get("key", ""))
        elif kind in _RELEASING or (
            kind == EventKind.CALL_DECIDED and data.get("decision") == "approved"
        ):
            told = {name: str(data.get(name, "")) for name in _OF_A_RELEASE}
            self.releases.append({"kind": str(kind), **told})
        elif kind in _GONE_OUT:
            self.forwarded |= kind == EventKind.REQUEST_FORWARDED
            self.sent.append(str(data.get("digest", "")))
            self.decisions.append(str(data.get("decision", "")))
        elif kind == EventKind.GRANT_USED:
            told = {name: str(data.get(name, "")) for name in _OF_A_USE}
            self.uses.append({"at": at, **told})
        elif kind in _ENDINGS:
            # Who sweeps has another chain, which may be read before the one of the session.
            self.ended = kind != EventKind.SESSION_SWEPT
            self.answer = str(data.get("body_sha256", "")) or self.answer

    def judged(self, reasons: Reasons) -> Judged:
        """Return what is wrong with it, with all that was approved and given.

        A story without its beginning is wrong only once something of it went out.
        """
        judged = self._released(reasons)
        fault = next((one.fault for one in judged if one.fault), "")
        if not self.action and self.sent:
            fault = "it went out, and no entry says that it was opened"
        elif not fault and self.sent:
            fault = self._sent_wrongly()
        return Judged(fault, any(one.untold for one in judged))

    def _released(self, reasons: Reasons) -> list[Judged]:
        known = (self.identity, self.repository, self.connection, self.digest)
        asker = Asker(*known) if self.action else None
        by_holds = [reasons.of_hold(release, asker) for release in self.releases]
        return [*by_holds, *(reasons.of_grant(use, asker) for use in self.uses)]

    def _sent_wrongly(self) -> str:
        asked = (self.forwarded and self.action == "hold") or "approved" in self.decisions
        wrong = {
            "what went out has another digest than what was checked": any(
                digest != self.digest for digest in self.sent
            ),
            "a rule denied it, and it went out": self.action == "deny",
            "it went out by a grant, and no entry says by which": (
                "granted" in self.decisions and not self.uses
            ),
            "it needed approval, and went out without an approved hold or a grant": (
                asked and not (self.releases or self.uses)
            ),
        }
        return next((fault for fault, holds in wrong.items() if holds), "")


class Stories:
    """The stories of all sessions, and the reasons that people gave."""

    def __init__(self) -> None:
        self.told: dict[str, Story] = {}
        """Of the sessions that are not known to be in order."""
        self.reasons = Reasons()
        self.purged: dict[str, str] = {}
        """The tombstones of sessions."""
        self.erased: dict[str, str] = {}
        """The tombstones of data keys."""
        self.forwarded = 0
        self.untold = 0
        """How many had reasons of which an older version did not write down whose they are."""

    def add(self, session: str, kind: str, data: Mapping[str, Any], at: str = "") -> None:
        told = self.told.get(session)
        self.reasons.add(kind, data, at, told.identity if told else "")
        if kind == EventKind.CONTENT_PURGED:
            self.purged[session] = str(data.get("tombstone", ""))
        elif kind == EventKind.PERSON_ERASED:
            self.erased |= dict.fromkeys(erased_keys(kind, data), str(data.get("tombstone", "")))
        self.forwarded += kind in _GONE_OUT
        if session and (kind in _TOLD):
            self.told.setdefault(session, Story()).add(kind, data, at)

    def is_over(self, session: str) -> bool:
        """Return whether a session has ended, so that its content is whole."""
        story = self.told.get(session)
        return story is not None and story.ended and bool(story.action)

    def settle(self, session: str) -> None:
        """Forget a story that has ended well."""
        if not self.is_over(session):
            return
        judged = self.told[session].judged(self.reasons)
        if not judged.fault:
            self.untold += judged.untold
            del self.told[session]

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield session and fault of each story that is wrong, now that all entries are read."""
        for session, story in self.told.items():
            judged = story.judged(self.reasons)
            self.untold += judged.untold
            if judged.fault:
                yield session, judged.fault

    def state(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        told = {session: asdict(story) for session, story in self.told.items()}
        counts = {"forwarded": self.forwarded, "untold": self.untold}
        ends = {"purged": self.purged, "erased": self.erased}
        return {"told": told, "reasons": self.reasons.state(), **ends, **counts}

    @classmethod
    def resumed(cls, state: Mapping[str, Any]) -> Stories:
        stories = cls()
        stories.told = {session: Story(**story) for session, story in state["told"].items()}
        stories.reasons = Reasons.resumed(state["reasons"])
        stories.purged, stories.erased = dict(state["purged"]), dict(state["erased"])
        stories.forwarded, stories.untold = state["forwarded"], state["untold"]
        return stories


def erased_keys(kind: str, data: Mapping[str, Any]) -> list[str]:
    """Return the ids of the data keys whose end an entry tells."""
    return str(data.get("keys", "")).split() if kind == EventKind.PERSON_ERASED else []


_TOLD = (
    EventKind.SESSION_OPENED,
    EventKind.CALL_DECIDED,
    EventKind.GRANT_USED,
    *_RELEASING,
    *_GONE_OUT,
    *_ENDINGS,
)
