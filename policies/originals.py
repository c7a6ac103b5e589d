"""What rules mask and keep: the originals of a request, and of an answer while it streams.

A mask in a stream is written before it is known where its match ends, so a value comes in pieces:

    feed("key AKIAIOSFODNN7EXAM")    nothing is certain
    feed("PLQ")                      "[aws-access-key-id]": the value begins, with 20 characters
    feed("XY, ok")                   where the match goes on, so does the value

All of it depends on the characters alone, so the originals are the same for every cut.

A value in which a part of the upstream's credential is found is not kept (`CredentialParts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.record.original import MOST, MOST_CHARACTERS, Keeping, Original
from policies.matching.credential_parts import CredentialParts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from app.domain.segment import Segment
    from policies.matching.target import Target

_MOST_SEARCHED = 256 * 1024 * 1024
"""Characters that are looked through for the places of all values of one request."""
_EACH_TEXT = 32
"""What it takes to look at a text at all, in characters."""


def distinct(originals: Iterable[Original]) -> tuple[Original, ...]:
    """Return each value once for each rule and label: at its first place."""
    found: dict[tuple[Keeping, str, str], Original] = {}
    for original in originals:
        found.setdefault((original.keeping, original.label, original.value), original)
    return tuple(found.values())


@dataclass(slots=True)
class _Value:
    """A value that is being masked; `pieces` are None where it is too long to be kept."""

    keepings: Sequence[Keeping]
    number: int
    label: str
    pieces: list[str] | None
    length: int = 0

    def add(self, piece: str | None) -> None:
        """Take the next piece; None where the value must not be kept after all."""
        self.length += len(piece) if piece is not None else MOST_CHARACTERS + 1
        if self.length > MOST_CHARACTERS:
            self.pieces = None
        if self.pieces is not None and piece is not None:
            self.pieces.append(piece)


class AnswerOriginals:
    """The originals of one answer, of the first `MOST` masked places whose rules keep them."""

    def __init__(self, credential: Collection[str]) -> None:
        """`credential` are the spellings of the credential that fetched the answer."""
        self._credential = credential
        self._values: list[_Value] = []

    def begin(
        self, keepings: Sequence[Keeping], number: int, label: str
    ) -> Callable[[str | None], None] | None:
        """Return what takes the pieces of the value that is masked at the place of this number.

        None where it is not kept.
        """
        if not keepings or len(self._values) == MOST:
            return None
        value = _Value(keepings, number, label, [])
        self._values.append(value)
        return value.add

    def found(self) -> tuple[Original, ...]:
        """Return those of all that came; it reads every value, so ask once, at the end."""
        return distinct(self._originals())

    def _originals(self) -> Iterable[Original]:
        if not self._values:
            return
        credential = CredentialParts(self._credential)
        for value in self._values:
            if value.pieces is None:
                continue
            text, place = "".join(value.pieces), f"masked place {value.number}"
            if text and not credential.are_in(text):
                for keeping in value.keepings:
                    yield Original(keeping, place, value.label, text)


class RequestOriginals:
    """The originals of one request."""

    def __init__(self, keepings: Mapping[Target, Sequence[Keeping]]) -> None:
        """`keepings` say of the targets that are masked which rules keep what they match."""
        self._keepings = keepings
        self._values: dict[tuple[Keeping, str, str], None] = {}

    def note(self, value: str, target: Target, label: str) -> None:
        """Note a value that was masked."""
        if len(value) > MOST_CHARACTERS:
            return
        for keeping in self._keepings.get(target, ()):
            if len(self._values) < MOST:
                self._values.setdefault((keeping, label, value))

    def found(
        self, segments: Sequence[Segment], mask: Callable[[str], str]
    ) -> tuple[Original, ...]:
        """Return them, each with the first of the texts that has it; `mask` makes places safe."""
        places = _Places(segments)
        return tuple(
            Original(keeping, mask(places.of(value)), label, value)
            for keeping, label, value in self._values
        )


class _Places:
    """Where values are in the texts of a request, as far as looking does not take too long."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._left = _MOST_SEARCHED

    def of(self, value: str) -> str:
        for segment in self._segments:
            if self._left <= 0:
                return "one of its texts"
            at = segment.text.find(value)
            self._left -= _EACH_TEXT + (len(segment.text) if at < 0 else at)
            if at >= 0:
                return f"{segment.role.value} text at {segment.place}"
        return "beside its texts"
