"""Masks one JSON value in place, along a shape.

Every string is looked at, names of members too. What was found clean is remembered for the
answer's length, since the same identifiers and model names come with each event of a stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from app.errors import TooLarge
from app.wire import nature
from app.wire.embedded_json import mask_json_text
from app.wire.json_paths import Shape, ValueKind
from app.wire.thinking import MASKED

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import Json, Masking

Path: TypeAlias = "tuple[str | int, ...]"
Box: TypeAlias = "dict[str, Json] | list[Json]"

_MAX_DEPTH = 128  # as strict_json allows a request
_WHOLE = ValueKind.WHOLE  # an enum's own member is slow to reach
_PIECES = (
    ValueKind.TEXT,
    ValueKind.ARGUMENTS,
    ValueKind.GROWS,
)  # tuples: an enum member is slow to hash
_FILES = (ValueKind.BLOB, ValueKind.BYTES)
_OPEN = (ValueKind.WHOLE, ValueKind.TEXT, ValueKind.GROWS)
_MOST_BLOBS = 64
_REMEMBERED = 512
_SHORT = 128


class TreeMasker:
    """Walks values of one answer; `pieces` is told of each TEXT, GROWS or ARGUMENTS string.

    `pieces(box, at, shape, path, indices)` returns what to put in place of the string. Indices
    are those of the list items on the way, by their own `index` member where they have one.
    """

    def __init__(
        self, masking: Masking, pieces: Callable[[str, Box, Shape, Path, Path], str] | None = None
    ) -> None:
        self._masking = masking
        self._pieces = pieces
        self._clean: set[str] = set()
        self._opener = nature.Opener()
        self.changed = False
        self.blobs: dict[str, None] = {}  # in the order they came
        self.repeats: list[tuple[Box, str | int]] = []
        """Places of what repeats a text in a form that cannot be masked."""

    def whole(self, text: str) -> str:
        if text in self._clean:
            return text
        masked = self._read(text)
        if masked != text:
            self.changed = True
        elif len(text) <= _SHORT:
            if len(self._clean) >= _REMEMBERED:
                self._clean.clear()
            self._clean.add(text)
        return masked

    def _read(self, text: str) -> str:
        if text.startswith("data:") and (found := nature.encoded(text)) is not None:
            content = self._opener.content(found)
            return content.masked(self._masking.whole) if content else str(self.opaque(text))
        return self._masking.whole(text)

    def opaque(self, value: Json, depth: int = 0) -> Json:
        """Mask our credential, and nothing else, in what no rule reads."""
        if depth > _MAX_DEPTH:
            raise TooLarge(f"The answer nests deeper than {_MAX_DEPTH} levels.")
        if isinstance(value, str):
            masker = self._masking.credential()
            masked = masker.feed(value) + masker.finish()
            self.changed = self.changed or masked != value
            return masked
        if isinstance(value, list):
            return [self.opaque(item, depth + 1) for item in value]
        if not isinstance(value, dict):
            return value
        out: dict[str, Json] = {}
        for name, item in value.items():
            out[free_name(str(self.opaque(name)), out)] = self.opaque(item, depth + 1)
        return out

    def walk(self, box: Box, shape: Shape, path: Path = (), indices: Path = ()) -> None:
        if len(path) > _MAX_DEPTH:
            raise TooLarge(f"The answer nests deeper than {_MAX_DEPTH} levels.")
        if isinstance(box, list):
            self._items(box, shape, path, indices)
        elif shape.signature in box:
            self._signed(box, shape, path, indices)
        else:
            self._members(box, shape, path, indices)

    def _signed(self, box: dict[str, Json], shape: Shape, path: Path, indices: Path) -> None:
        self._members(box, shape, path, indices)
        # What came before is signed as well.
        if self.changed and box[str(shape.signature)]:
            box[str(shape.signature)] = MASKED

    def _members(self, box: dict[str, Json], shape: Shape, path: Path, indices: Path) -> None:
        fields, other = shape.fields, shape.other
        # First the names, so that a place is known by the name under which it goes out.
        if not box.keys() <= fields.keys():
            self._names(box, shape)
        for name, value in box.items():
            if value is None:
                continue
            below = fields.get(name, other)
            if isinstance(value, str):
                if below.kind is not _WHOLE:
                    box[name] = self._value(value, box, below, (*path, name), indices)
                elif value not in self._clean:
                    box[name] = self.whole(value)
            elif isinstance(value, dict) or isinstance(value, list):  # noqa: SIM101 - faster so
                if below.kind in _OPEN:
                    self.walk(value, below, (*path, name), indices)
                else:
                    box[name] = self._value(value, box, below, (*path, name), indices)

    def _names(self, box: dict[str, Json], shape: Shape) -> None:
        renamed = {
            name: masked
            for name in box
            if name not in shape.fields and name not in self._clean
            if (masked := self.whole(name)) != name
        }
        if renamed:
            _rename(box, renamed)

    def _items(self, box: list[Json], shape: Shape, path: Path, indices: Path) -> None:
        below = shape.items
        for position, value in enumerate(box):
            place = (*path, position)
            index = (*indices, index_of(value, position))
            if isinstance(value, (dict, list)) and below.kind in _OPEN:
                self.walk(value, below, place, index)
            else:
                box[position] = self._value(value, box, below, place, index)

    def _value(self, value: Json, box: Box, shape: Shape, path: Path, indices: Path) -> Json:
        kind = shape.kind
        if kind in _PIECES and self._pieces is not None and isinstance(value, str):
            return self._pieces(value, box, shape, path, indices)
        match kind:
            case ValueKind.KEEP | ValueKind.SIGNATURE | ValueKind.BLOB | ValueKind.BYTES if (
                isinstance(value, str)
            ):
                return self._encoded(value, kind, path)
            case ValueKind.KEEP | ValueKind.SIGNATURE:
                return self.opaque(value)
            case ValueKind.DROP:
                self.repeats.append((box, path[-1]))
                return value
        if isinstance(value, str):
            return (
                mask_json_text(value, self.whole) if kind is ValueKind.JSON else self.whole(value)
            )
        if isinstance(value, (dict, list)):
            self.walk(value, shape, path, indices)
        return value

    def _encoded(self, text: str, kind: ValueKind, path: Path) -> str:
        """Mask text that is encoded here; of what is opaque, our credential and nothing else."""
        found = nature.encoded(text)
        if found is None:
            return self.whole(text)
        content = self._opener.content(found)
        if kind in _FILES and (content is None or content.is_packed):
            self._count(path)
        if content is None:
            return str(self.opaque(text))
        return content.masked(self.whole)

    def _count(self, path: Path) -> None:
        if len(self.blobs) < _MOST_BLOBS:
            self.blobs["/" + "/".join(map(str, path))] = None

    def drop_repeats(self) -> None:
        """Take out what repeats, in a form that cannot be masked, a text that is not clean."""
        for box, at in self.repeats:
            holder: Any = box  # a member of an object or an item of a list: written alike
            value = holder[at]
            if value:
                holder[at] = (
                    [] if isinstance(value, list) else "" if isinstance(value, str) else None
                )
                self.changed = True
                self._masking.note_dropped()


def index_of(value: Json, position: int) -> str | int:
    """Return the number that an item of a list gives itself, or else its position."""
    if isinstance(value, dict):
        own = value.get("index")
        if isinstance(own, int):
            return own
    return position


def _rename(box: dict[str, Json], renamed: dict[str, str]) -> None:
    members = list(box.items())
    box.clear()
    for name, value in members:
        box[free_name(renamed.get(name, name), box)] = value


def free_name(name: str, box: dict[str, Json]) -> str:
    """Tell apart members that a mask has given the same name, so that none is lost."""
    free, count = name, 1
    while free in box:
        count += 1
        free = f"{name} ({count})"
    return free
