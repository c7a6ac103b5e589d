"""Originals: values that a rule masked and that it keeps sealed, for a group of people."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST = 500
"""Originals of a request, and of an answer: the first ones."""
MOST_CHARACTERS = 65_536
"""Of one value. A longer one is not kept."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """The rule that keeps what it masks, and the approver sets whose members may open it."""

    rule: str
    sealed_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Original:
    """A value on its way from where it was masked to where it is sealed."""

    keeping: Keeping
    place: str
    """Where it was, in words; shown to all who may see the session."""
    label: str
    """What was put in its place."""
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptOriginal:
    """An original as it is stored. Only `seal` is secret: it opens with the data key named `key`.

    `id` is the session's, the half of it, and the number of the original in that half.
    """

    id: str
    rule: str
    sealed_for: tuple[str, ...]
    place: str
    label: str
    key: str
    seal: bytes = b""
    """Empty where it was not asked for."""

    @property
    def side(self) -> str:
        """Which half of the session it is of: `request` or `answer`."""
        return self.id.split(":")[1]

    @property
    def name(self) -> str:
        """What it is called within its session, such as `request-1`."""
        return f"{self.side}-{int(self.id.split(':')[2])}"
