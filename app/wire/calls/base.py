"""What every reader of tool calls offers. Nothing here waits: whoever decides calls back.

Theory of operation. The upstream's bytes go in; what may go on comes out. A call of a tool that a
rule looks at is kept back until it is whole and somebody has ruled on it, and so is all that
follows it: so clients see everything in the order in which the model wrote it.

    in     text · call 0 begins … ends · call 1 begins … ends · end of the turn
    out    text │ (nothing, until call 0 is ruled on) │ call 0 │ … │ an end that fits what is left
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from app.domain.tool_call import ToolCall


@dataclass(frozen=True, slots=True)
class Passed:
    """The call goes on as it came, to the byte."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """In place of the call the model says `text`, as if it had never made the call."""

    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The call goes on with other arguments, written as its own are. `text` is said before it."""

    arguments: str
    text: str = ""


Ruling: TypeAlias = "Passed | Replaced | Changed"


class CallReader(Protocol):
    """Reads one answer. However its bytes are cut, what comes out joins to the same.

    Calls are numbered from 0 in the order in which they stand in the answer, those not counted
    that no rule looks at. `feed` and `finish` raise `TooLarge` where too much has to be kept.
    """

    def feed(self, data: bytes) -> None:
        """Take what came."""
        ...

    def finish(self) -> None:
        """Hear that the upstream's answer is over. A call that is not whole then is left out."""
        ...

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """All whole calls so far that a rule looks at."""
        ...

    def rule(self, number: int, ruling: Ruling) -> None:
        """Say what becomes of a call; in any order, once each."""
        ...

    def flow(self) -> bytes:
        """Return what can go on by now: whole events, up to the first call without a ruling."""
        ...

    @property
    def keeps(self) -> bool:
        """Whether anything that came does not go on yet: then a client has to be kept waiting."""
        ...

    @property
    def is_streamed(self) -> bool:
        """Whether anything can be said before the whole answer is ruled on."""
        ...

    def say(self, text: str) -> bytes:
        """Return a finished text of its own, shown before what is kept back."""
        ...

    def alive(self) -> bytes:
        """Return what counts as a sign of life here and leaves nothing behind."""
        ...

    def stop(self, text: str) -> bytes:
        """Return an end of the answer that says `text`, without all that is kept back.

        The end of the turn fits what went on before: where a call did, its client comes back.
        """
        ...
