"""How much is done for one text before it is given up: in proportion to its length."""

from __future__ import annotations


class TooDense(Exception):
    """There is more to follow in a text than is followed; it is not passed on."""


class Effort:
    """What may be spent on one text, in steps: a character that is read for one target.

    So the time that a text takes is in proportion to its length, whatever it is made of.
    """

    _BASE = 100_000
    _A_CHARACTER = 8  # twice what the densest text takes that is made of nothing but secrets

    def __init__(self, length: int) -> None:
        self.spent = 0
        self._most = self._BASE + self._A_CHARACTER * length

    def spend(self, steps: int) -> None:
        """Raises TooDense when there is nothing left."""
        self.spent += steps
        if self.spent > self._most:
            raise TooDense
