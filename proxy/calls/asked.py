"""A tool call that people are asked about, what comes of it, and the approval that it uses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from app.domain.hold import Hold
from app.domain.identity import Identity
from app.domain.record.session import Decision
from app.domain.tool_call import HeldCall
from app.domain.verdict import Verdict
from policies.passages.names import UNKEYED, PassageNames
from proxy.facts import Inquiry
from proxy.record.recording import Recording


@dataclass(frozen=True, slots=True)
class CallAsked:
    """A tool call that rules hold, and the request whose answer makes it."""

    identity: Identity
    inquiry: Inquiry
    recording: Recording
    verdict: Verdict
    call: HeldCall
    reason: str
    """What the requester says that the request is for."""
    until: float
    """When the client's patience ends, by the clock of the event loop."""
    client: str = ""
    """What its program calls itself, to ask later what it is waiting for."""
    passage_names: PassageNames = UNKEYED
    """What names the passage that a call is."""

    @property
    def key(self) -> str:
        """Name the call by content: clients rewrite both the request and the answer.

        By the name of all its arguments, not by those that are shown: they are masked.
        """
        rules = [(f.rule, f.question and f.question.law) for f in self.verdict.holding]
        who = (self.identity.key, self.inquiry.connection.name, self.inquiry.call)
        call = (self.call.conversation, self.call.tool, *self.names)
        parts = (_VERSION, *who, *call, repr((rules, self.verdict.approval)))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the passage that the call is, as rules that hold it give them."""
        asked = [fired.question.names for fired in self.verdict.holding if fired.question]
        return tuple(sorted(frozenset().union(*asked)))


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What came of it: `words` say why it is not made, where it is not."""

    decision: Decision
    words: str = ""
    hold: Hold | None = None
    claim: Claim | None = None
    """What is to be used at the moment when the call goes on, and not before."""
    rests_on: tuple[str, ...] = ()
    """The ids of the grants that let it pass: it goes on only while none of them has ended."""


@dataclass(slots=True, eq=False)
class Claim:
    """An approval that one attempt may use."""

    asked: CallAsked
    approved: Hold
    caller: str = ""
    """Who waits for it, by the name that the hold counts it by."""
    used: Hold | None = None
    """The hold as it is once this attempt has used it."""
    beside: tuple[str, ...] = ()
    """The ids of the grants that were used with it, for rules that the hold did not ask about."""


_VERSION = "call 1"
