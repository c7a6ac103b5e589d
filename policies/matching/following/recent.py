"""The end of a text that comes in pieces, as far as anything may look back."""

from __future__ import annotations

from policies.patterns.normalise import TRANSPARENT

_MOST = 512


class Recent:
    """Positions count characters since the beginning of the text; what stands before has others."""

    __slots__ = ("base", "view")

    def __init__(self, before: str) -> None:
        self.view = before
        self.base = -len(before)  # position of its first character

    @property
    def is_long(self) -> bool:
        return len(self.view) > _MOST

    def forget(self, before: int) -> None:
        """Let go of what stands before a position."""
        if before > self.base:
            self.view = self.view[before - self.base :]
            self.base = before

    def last(self, count: int) -> str:
        """Return the last characters that can be seen."""
        return self.view[-_MOST:].replace(TRANSPARENT, "")[-count:]

    def between(self, start: int, end: int) -> str:
        return self.view[start - self.base : end - self.base]

    def seen(self, start: int, end: int) -> str:
        """Return what can be seen of a stretch."""
        return self.between(start, end).replace(TRANSPARENT, "")

    def back(self, at: int, length: int) -> int:
        """Return where the last `length` visible characters before `at` begin, or all there are."""
        start = max(at - length, self.base)
        if TRANSPARENT not in self.between(start, at):
            return start
        while length and at > self.base:
            at -= 1
            length -= self.view[at - self.base] != TRANSPARENT
        return at
