"""Where the words are: a table of JSON paths, compiled into a tree to walk along with a value.

A path is dotted; `[]` is every item of a list, `*` every other member, and a leading `**.`
names a member wherever it stands, as do all `places`. Whatever no path names is `WHOLE`: masked by
itself; or, in a stream, `GROWS`: masked as what may go on. So nothing escapes by being new.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from app.wire import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class ValueKind(Enum):
    WHOLE = auto()  # a text complete in itself
    TEXT = auto()  # a piece of a text that goes on in later events
    GROWS = auto()  # no table names it: a piece, or whole, or all that came so far
    ARGUMENTS = auto()  # a piece of JSON inside a string that goes on in later events
    JSON = auto()  # complete JSON inside a string
    DROP = auto()  # repeats a text in a form that cannot be masked
    KEEP = auto()  # encrypted by the provider, not to be touched
    SIGNATURE = auto()  # kept, unless something it signs was masked; see `thinking`
    BLOB = auto()  # image, audio, file: no rule can read it, unless it is text
    BYTES = auto()  # the same, where it is bytes; under a name that may hold words as well
    FREE = auto()  # an object whose members the caller names


_INHERITING = (ValueKind.GROWS, ValueKind.TEXT)


class Shape:
    """One place of the table. `channel` names the text that a TEXT or ARGUMENTS piece continues.

    `signature` names the member of kind SIGNATURE, if there is one.
    """

    __slots__ = ("channel", "fields", "items", "kind", "other", "signature")

    def __init__(self, kind: ValueKind = ValueKind.WHOLE, channel: str = "") -> None:
        self.kind = kind
        self.channel = channel
        self.signature: str | None = None
        self.fields: dict[str, Shape] = {}
        self.items = self
        self.other = self


def shape(
    paths: Mapping[str, ValueKind | tuple[ValueKind, str]], unknown: ValueKind = ValueKind.WHOLE
) -> Shape:
    """Compile a table; a pair names the channel, which is the place's own path otherwise.

    `unknown` is the kind of what no path names, below what a path names as well.
    """
    anywhere = Shape(unknown)
    anywhere.fields = opaque_places()
    root = Shape()
    _default(root, anywhere)
    for path, entry in paths.items():
        kind, channel = entry if isinstance(entry, tuple) else (entry, "")
        leaf = _leaf(kind, channel, anywhere)
        if path.startswith("**."):
            anywhere.fields[path.removeprefix("**.")] = leaf
        else:
            _place(root, _steps(path), leaf, anywhere)
    _inherit(root, anywhere, set())
    return root


def opaque_places() -> dict[str, Shape]:
    """Return the members that hold no text, in whatever API they stand."""
    opaque, files = Shape(ValueKind.KEEP), Shape(ValueKind.BYTES)
    return {**dict.fromkeys(places.OPAQUE, opaque), **dict.fromkeys(places.FILES, files)}


def _default(place: Shape, anywhere: Shape) -> None:
    place.items = anywhere
    place.other = anywhere


def _leaf(kind: ValueKind, channel: str, anywhere: Shape) -> Shape:
    leaf = Shape(kind, channel)
    if kind in {ValueKind.WHOLE, ValueKind.JSON, ValueKind.ARGUMENTS}:
        _default(leaf, anywhere)
    elif kind is ValueKind.TEXT:
        # A delta may be a list of parts, each with its type beside its text.
        leaf.fields["type"] = anywhere
    return leaf


def whole(place: str, names: Iterable[str]) -> dict[str, ValueKind | tuple[ValueKind, str]]:
    """Name the members of a place that are complete in themselves, beside others that may grow."""
    return {f"{place}*": ValueKind.GROWS, **{f"{place}{name}": ValueKind.WHOLE for name in names}}


def _steps(path: str) -> list[str]:
    return [step for step in path.replace("[]", ".[]").split(".") if step]


def _place(root: Shape, steps: list[str], leaf: Shape, anywhere: Shape) -> None:
    place = root
    for step in steps[:-1]:
        child = _child(place, step)
        if child is None or child is anywhere:
            child = Shape()
            _default(child, anywhere)
            _attach(place, step, child)
        place = child
    known = _child(place, steps[-1])
    if known is not None and known is not anywhere:
        leaf.fields = known.fields
        leaf.items, leaf.other = known.items, known.other
    _attach(place, steps[-1], leaf)


def _child(place: Shape, step: str) -> Shape | None:
    if step == "[]":
        return place.items
    return place.other if step == "*" else place.fields.get(step)


def _attach(place: Shape, step: str, child: Shape) -> None:
    if step == "[]":
        place.items = child
    elif step == "*":
        place.other = child
    else:
        place.fields[step] = child
        if child.kind is ValueKind.SIGNATURE:
            place.signature = step


def _inherit(place: Shape, anywhere: Shape, seen: set[int]) -> None:
    if id(place) in seen or place is anywhere:
        return
    seen.add(id(place))
    if place.other is anywhere or place.other.kind in _INHERITING:
        place.fields = {**anywhere.fields, **place.fields}
    for child in (*place.fields.values(), place.items, place.other):
        _inherit(child, anywhere, seen)
