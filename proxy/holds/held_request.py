"""A request that rules hold, and why it may go out after all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.hold import Hold
from app.domain.identity import Identity
from app.domain.record.session import Decision
from app.domain.verdict import Verdict
from proxy.facts import Inquiry
from proxy.holds.holding import hold_key
from proxy.holds.waiting import Waiter

Change: TypeAlias = Callable[[Hold], Awaitable[tuple[Inquiry, Verdict]]]
"""Returns what goes out, and what the rules of now say of it.

Raises Refused where it cannot go out masked, and BadRequest where it cannot be made.
"""


@dataclass(frozen=True, slots=True)
class HeldRequest:
    """A request that rules hold, and who sends it.

    `judge` decides again by the current rules; it raises Refused where they deny.
    """

    waiter: Waiter
    identity: Identity
    inquiry: Inquiry
    verdict: Verdict
    judge: Callable[[], Awaitable[Verdict]]
    change: Change | None = None
    """Has it go out as an approver of its hold changed it."""
    leaves: bool = False
    """Whether an approval that covers nothing is left to the same on the wire, after a hook."""

    def key(self, verdict: Verdict) -> str:
        """Return what names the request where this is open of it."""
        return hold_key(self.identity, self.inquiry, verdict)

    @property
    def defers(self) -> bool:
        """Whether whoever asks does not wait."""
        return self.waiter.defers(self.inquiry)


@dataclass(frozen=True, slots=True)
class Clearance:
    """Why a request may go out; `hold` is the one that it has claimed, if it asked people.

    A `hold` that is still pending means: not yet, and the caller does not wait.
    """

    decision: Decision
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hold, and whether it asks for this request."""

    hold: Hold
    caller: str
    """The name of who waits on it."""
    why: Mapping[str, str]
    """What the ledger tells of the request if it is released by it."""
    is_own: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a request is for; `again` is the denied hold that it asks about again."""

    reason: str
    again: str = ""
