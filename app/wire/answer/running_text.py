"""One text of a streamed answer. It comes in pieces, and may go on after it was said to end.

A masker holds back what could still become a secret, and gives it out when the text ends. But some
APIs mark every event as the last one of its text, and then send more. Were the next piece read by a
masker that knows nothing of what came before, a secret that is cut there would go out in halves:

    comes                goes out     what happens
    "my key is AKIA"     "my key is " the masker holds AKIA: a key may begin so
    (marked as the end)  "AKIA"       nothing may be lost, so it goes out
    "IOSFODNN7EXAMPLQ"   error        a new masker reads what has gone out and the new piece, and
                                      would mask AKIA…: what has gone out cannot be taken back

So a new masker is first given what has gone out (`_again`), and must give out the same again
(`_beyond`). Where it does, the text goes on behind it. Where it would mask some of it, the rest of
the answer is withheld. Only the last `_CONTEXT` characters are remembered.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from app.errors import UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import TextMasker

_CONTEXT = 256  # how much of what has gone out is remembered, in characters
_BEFORE = 64  # how much before a tail has to be untouched for the text to go on after it
_GLIMPSE = 3  # how much of the beginning of a secret may show where a text may be complete
_CUMULATIVE = 16  # a piece that begins with one as long as this repeats it
_WENT_ON = (
    "The model API went on with a text after its end, in a way that could hide a secret; "
    "the rest of the answer is withheld."
)


class End(IntEnum):
    """How reliable the end of a text is: some APIs mark every event as the last."""

    SAID = 0
    DONE = 1
    CLOSED = 2


class RunningText:
    """Masks the pieces of one text; `restarts` is false where a masker has to see the beginning."""

    forgettable = False

    def __init__(self, new: Callable[[], TextMasker], *, restarts: bool = True) -> None:
        self._new = new
        self._restarts = restarts
        self._masker: TextMasker | None = new()
        self._owed = ""  # what the masker was told again and has not given back yet
        self._came = ""
        self._gone = ""
        self._went_on = False
        self._shut = False
        self.ended = False
        self.settled = True  # all that came has gone out, and no mask is still growing

    def feed(self, piece: str) -> str:
        """Return what can go out; raises `UpstreamUnavailable` where the text had to be over."""
        if not piece:
            return ""
        if self._shut:
            raise UpstreamUnavailable(_WENT_ON)
        self._went_on = self._went_on or self.ended
        self.ended = False
        masker = self._masker or self._again()
        out = masker.feed(piece)
        if self._owed:
            out = self._beyond(out)
        self._note(piece, out)
        self.settled = out == piece and not masker.held
        return out

    def end(self, end: End) -> str:
        """Return what is still held; nothing where the text is known to go on after its ends."""
        if self._masker is None or (end is End.SAID and self._went_on):
            return ""
        self.ended = True
        if not self._masker.held and end is not End.CLOSED:
            return ""  # the masker stays: a mask may still be growing
        rest = self._beyond(self._masker.finish())
        self._masker = None
        self._note("", rest)
        self._shut = not self._restarts or not self._untouched(len(rest))
        self.settled = True
        return rest

    def tail(self, rest: str) -> str:
        """Return the piece that brings what was held to a client that has all the others."""
        return rest

    def _again(self) -> TextMasker:
        self._masker = self._new()
        self._owed = self._gone
        self._beyond(self._masker.feed(self._gone))
        return self._masker

    def _beyond(self, out: str) -> str:
        if not self._owed:
            return out
        same = _common(out, self._owed)
        if same < min(len(out), len(self._owed)):
            if len(self._owed) - same > _GLIMPSE:
                self._shut = True
                raise UpstreamUnavailable(_WENT_ON)
            self._owed = ""
        self._owed = self._owed[same:]
        return out[same:]

    def _note(self, came: str, gone: str) -> None:
        same = came == gone and self._came == self._gone
        self._came = (self._came + came)[-_CONTEXT:]
        self._gone = self._came if same else (self._gone + gone)[-_CONTEXT:]

    def _untouched(self, tail: int) -> bool:
        size = tail + _BEFORE
        return size <= _CONTEXT and self._came[-size:] == self._gone[-size:]


class GrowingText(RunningText):
    """A text of which nobody says whether it goes on, repeats itself or grows with each event.

    The same value twice is taken for one that stays; one that begins with all of the last, for
    one that grows; any other for the next piece. As it may be complete, a word is not robbed of its
    last letters only because some secret begins with them: up to three go out, and are remembered.
    """

    forgettable = True  # while it is settled: there may be one for each string of an answer

    def __init__(self, new: Callable[[], TextMasker]) -> None:
        super().__init__(new)
        self._last = ""
        self._stays: bool | None = None  # not known before the second value
        self._grows = False
        self._shown = ""

    def feed(self, piece: str) -> str:
        if not piece:
            return ""
        last, self._last = self._last, piece
        if last:
            self._stays = self._stays is not False and piece == last
            longer = len(last) >= _CUMULATIVE and piece != last and piece.startswith(last)
            self._grows = longer or (self._grows and piece == last)
            if self._grows or self._stays:
                return self._anew(piece)
        return self._with_glimpse(super().feed(piece))

    def tail(self, rest: str) -> str:
        return self._shown + rest if self._grows else rest

    def _with_glimpse(self, out: str) -> str:
        held = self._masker.held if self._masker is not None else 0
        if held > _GLIMPSE or held <= len(self._owed):
            return out
        tail = self._came[len(self._owed) - held :]
        if (self._gone + tail)[-_BEFORE:] != self._came[-_BEFORE:]:
            return out
        self._owed += tail
        self._note("", tail)
        return out + tail

    def _anew(self, piece: str) -> str:
        """Mask a value that holds all that was sent before; what grows keeps its tail held."""
        masker = self._masker = self._new()
        out = masker.feed(piece)
        self._came, self._gone, self._owed, self._shut = piece[-_CONTEXT:], "", "", False
        if masker.held and not self._grows:
            complete = self._new()
            whole = complete.feed(piece) + complete.finish()
            self._owed = whole[len(out) :]
            out = whole
        self._shown = out
        self._note("", out)
        self.ended = False
        self.settled = out == piece
        return out


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    size = min(len(one), len(other))
    if one[:size] == other[:size]:
        return size
    return next(at for at in range(size) if one[at] != other[at])
