"""The decision trail of a session: what the ledger tells of it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.domain.event import Entry
    from app.domain.hold import Hold, Vote

_WORDS = {
    EventKind.SESSION_OPENED: "Request recorded",
    EventKind.SESSION_ENDED: "Session ended",
    EventKind.SESSION_SWEPT: "Session ended after its gateway was gone",
    EventKind.HOLD_OPENED: "Held for approval",
    EventKind.VOTE_CAST: "Vote",
    EventKind.HOLD_MOVED: "Hold moved",
    EventKind.VOTE_REFUSED: "Vote not counted",
    EventKind.REQUESTER_ASKED: "Approver asked the requester",
    EventKind.REQUESTER_ANSWERED: "Requester answered",
    EventKind.HOLD_ESCALATED: "Escalated",
    EventKind.BREAK_GLASS: "Break-glass",
    EventKind.REQUEST_FORWARDING: "About to be sent to the model",
    EventKind.REQUEST_FORWARDED: "Sent to the model",
    EventKind.REQUEST_REFUSED: "Refused",
    EventKind.CALL_RELEASING: "Tool call about to be released",
    EventKind.CALL_DECIDED: "Tool call decided",
    EventKind.HOOK_ALLOWED: "Hook allowed",
    EventKind.HOOK_DENIED: "Hook denied",
    EventKind.ANSWER_ENDED: "Answer complete",
    EventKind.REPLAY_SHOWN: "Replayed",
    EventKind.REPLAY_REFUSED: "Replay refused",
    EventKind.ORIGINAL_OPENED: "Original opened",
    EventKind.GRANT_USED: "Passed by a grant",
    EventKind.GRANT_GIVEN: "Grant given",
    EventKind.RULE_MARKED: "Rule marked",
}
_DETAILS = (
    *("action", "decision", "state", "tool", "rule", "rules", "email", "by", "status", "masked"),
    *("reason", "error"),
)
_BARE = frozenset({"decision", "state", "tool", "rule", "rules", "email", "by", "reason", "error"})
"""What needs no word before it."""
_FREE = frozenset({"reason", "error"})
"""What somebody wrote."""
_VIEWS = frozenset({EventKind.REPLAY_SHOWN, EventKind.REPLAY_REFUSED})
_AHEAD = frozenset({EventKind.HOLD_MOVING, EventKind.REQUEST_FORWARDING, EventKind.CALL_RELEASING})
"""What is written ahead of what another event tells again."""


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    words: str
    details: str


def steps(
    entries: Iterable[Entry], holds: Iterable[Hold], mask: Callable[[str], str]
) -> tuple[Step, ...]:
    """Return what the ledger tells and how people voted, oldest first; who looked is counted.

    `holds` are all in the session: of its request, and of tool calls in its answer.
    """
    voted = [hold for hold in holds if hold.votes]
    ids = {hold.id for hold in voted}
    told = [_step(entry, mask) for entry in entries if _is_told(entry, ids)]
    told += [_vote(vote, hold, mask) for hold in voted for vote in hold.votes]
    return tuple(sorted(told, key=lambda step: step.at))


def _vote(vote: Vote, hold: Hold, mask: Callable[[str], str]) -> Step:
    what = "Approved by" if vote.approve else "Denied by"
    glass = " with break-glass" if vote.broke_glass else ""
    tool = mask(hold.tool.tool) if hold.tool else ""
    said = " · ".join(filter(None, (tool, vote.category, mask(vote.reason))))
    return Step(vote.at, f"{what} {vote.by.name or vote.by.email}{glass}", said)


def _is_told(entry: Entry, voted: set[str]) -> bool:
    """Leave out what is written ahead, and votes that the holds named `voted` tell themselves."""
    kind, data = entry.event.kind, entry.event.data
    by_vote = kind is EventKind.VOTE_CAST or (kind is EventKind.HOLD_MOVED and "email" in data)
    return kind not in _VIEWS | _AHEAD and not (by_vote and data.get("hold") in voted)


def views(entries: Iterable[Entry]) -> int:
    """Count how often the session was shown to somebody; following it live is one look."""
    return sum(
        entry.event.kind is EventKind.REPLAY_SHOWN and entry.event.data.get("what") != "live"
        for entry in entries
    )


def _step(entry: Entry, mask: Callable[[str], str]) -> Step:
    event, data = entry.event, entry.event.data
    words = _WORDS.get(event.kind, event.kind.value.replace(".", " ").replace("_", " "))
    said = []
    for name in _DETAILS:
        value = str(data.get(name, ""))
        if value and value != "0":
            value = mask(value) if name in _FREE else value
            said.append(value if name in _BARE else f"{name} {value}")
    return Step(event.at, words, " · ".join(said))
