"""What the entries of one session must say together: nothing goes out without its reason.

A request that a rule held goes out only by a hold that people approved, or by grants that were
given; a request that a rule denied does not go out at all. Entries of one story are in the chains
of several processes and come in any order, so a story is judged once it has ended, and once more
when all entries have been read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from app.domain.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RELEASING = (EventKind.REQUEST_FORWARDING, EventKind.HOOK_ALLOWING, EventKind.CALL_RELEASING)
_GONE_OUT = (EventKind.REQUEST_FORWARDED, EventKind.HOOK_ALLOWED)
_APPROVING = (EventKind.VOTE_CAST, EventKind.BREAK_GLASS, EventKind.HOLD_MOVING)
RELEASED_BY = (*_APPROVING, EventKind.GRANT_GIVEN)
"""What people said, and what follows from it, that may release the session of somebody else."""
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
    connection: str = ""
    digest: str = ""
    sent: list[str] = field(default_factory=list)
    """The digests of what went out."""
    decisions: list[str] = field(default_factory=list)
    """Why it did, in a word for each of them."""
    forwarded: bool = False
    """Whether it went to a model. A hook's question never does: when the hook is told yes,
    the request itself comes later, and is decided on then."""
    holds: list[str] = field(default_factory=list)
    """The holds whose approval released something of it."""
    grants: list[str] = field(default_factory=list)
    answer: str = ""
    """SHA-256 of the answer, in hex."""
    ended: bool = False
    stored: bool = False
    """Whether its content was looked at."""
    key: str = ""
    """The id of the data key that seals its content."""

    def add(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == EventKind.SESSION_OPENED:
            self.action = str(data.get("action", ""))
            self.identity = str(data.get("identity", ""))
            self.connection = str(data.get("connection", ""))
            self.digest = str(data.get("digest", ""))
            self.key = str(data.get("key", ""))
        elif kind in _RELEASING or (
            kind == EventKind.CALL_DECIDED and data.get("decision") == "approved"
        ):
            self.holds.append(str(data.get("hold", "")))
        elif kind in _GONE_OUT:
            self.forwarded |= kind == EventKind.REQUEST_FORWARDED
            self.sent.append(str(data.get("digest", "")))
            self.decisions.append(str(data.get("decision", "")))
        elif kind == EventKind.GRANT_USED:
            self.grants.append(str(data.get("grant", "")))
        elif kind in _ENDINGS:
            # Who sweeps has another chain, which may be read before the one of the session.
            self.ended = kind != EventKind.SESSION_SWEPT
            self.answer = str(data.get("body_sha256", "")) or self.answer

    def fault(self, approved: set[str], given: set[str]) -> str:
        """Return what is wrong with it, with all approved holds and given grants; empty if nothing.

        A story without its beginning is wrong only once something of it went out.
        """
        held = next((hold for hold in self.holds if hold not in approved), "")
        granted = next((grant for grant in self.grants if grant not in given), "")
        by_people = bool(self.holds or self.grants)
        asked = (self.forwarded and self.action == "hold") or "approved" in self.decisions
        wrong = {
            f"it was released by hold {held}, and no entry says that it was approved": bool(held),
            f"it used grant {granted}, and no entry says that it was given": bool(granted),
            "it went out, and no entry says that it was opened": not self.action,
            "what went out has another digest than what was checked": any(
                digest != self.digest for digest in self.sent
            ),
            "a rule denied it, and it went out": self.action == "deny",
            "it went out by a grant, and no entry says by which": (
                "granted" in self.decisions and not self.grants
            ),
            "it needed approval, and went out without an approved hold or a grant": (
                asked and not by_people
            ),
        }
        matters = bool(self.sent or held or granted)
        return next((fault for fault, holds in wrong.items() if holds and matters), "")


class Stories:
    """The stories of all sessions, and what people approved."""

    def __init__(self) -> None:
        self.told: dict[str, Story] = {}
        """Of the sessions that are not known to be in order."""
        self.approved: set[str] = set()
        self.given: set[str] = set()
        self.purged: dict[str, str] = {}
        """The tombstones of sessions."""
        self.erased: dict[str, str] = {}
        """The tombstones of data keys."""
        self.forwarded = 0

    def add(self, session: str, kind: str, data: Mapping[str, Any]) -> None:
        if kind in _APPROVING and data.get("state") == "approved":
            self.approved.add(str(data.get("hold", "")))
        elif kind == EventKind.GRANT_GIVEN:
            self.given.add(str(data.get("grant", "")))
        elif kind == EventKind.CONTENT_PURGED:
            self.purged[session] = str(data.get("tombstone", ""))
        elif kind == EventKind.PERSON_ERASED:
            self.erased |= dict.fromkeys(erased_keys(kind, data), str(data.get("tombstone", "")))
        self.forwarded += kind in _GONE_OUT
        if session and (kind in _TOLD):
            self.told.setdefault(session, Story()).add(kind, data)

    def is_over(self, session: str) -> bool:
        """Return whether a session has ended, so that its content is whole."""
        story = self.told.get(session)
        return story is not None and story.ended and bool(story.action)

    def settle(self, session: str) -> None:
        """Forget a story that has ended well."""
        is_over = self.is_over(session)
        if is_over and not self.told[session].fault(self.approved, self.given):
            del self.told[session]

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield session and fault of each story that is wrong, now that all entries are read."""
        for session, story in self.told.items():
            if fault := story.fault(self.approved, self.given):
                yield session, fault

    def state(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        told = {session: asdict(story) for session, story in self.told.items()}
        lists: dict[str, Any] = {"approved": sorted(self.approved), "given": sorted(self.given)}
        lists |= {"purged": self.purged, "erased": self.erased}
        return {"told": told, **lists, "forwarded": self.forwarded}

    @classmethod
    def resumed(cls, state: Mapping[str, Any]) -> Stories:
        stories = cls()
        stories.told = {session: Story(**story) for session, story in state["told"].items()}
        stories.approved, stories.given = set(state["approved"]), set(state["given"])
        stories.purged, stories.erased = dict(state["purged"]), dict(state["erased"])
        stories.forwarded = state["forwarded"]
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
