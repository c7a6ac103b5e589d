"""Answers as no API should send them: good ones with something changed."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

Event = tuple[str, Any]
Change = tuple[str, int, int, Any]

ODD = st.sampled_from([None, 0, 1, "", [], {}, "x", True, 2.5])
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["set", "set", "set", "list", "delete", "repeat", "drop", "swap"]),
        st.integers(0, 99),
        st.integers(0, 99),
        ODD,
    ),
    min_size=1,
    max_size=2,
)
TELLING = frozenset({"name", "type"})
"""Members without which it is another call, or none."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for step, inner in items:
        yield from places(inner, (*path, step))


def changed(stream: list[Event], change: Change) -> list[Event]:
    how, at, where, odd = change
    if not stream:
        return stream
    stream = deepcopy(stream)
    at %= len(stream)
    if how == "repeat":
        return [*stream[: at + 1], *stream[at:]]
    if how == "drop":
        return [*stream[:at], *stream[at + 1 :]]
    if how == "swap":
        return [*stream[:at], *reversed(stream[at : at + 2]), *stream[at + 2 :]]
    value = stream[at][1]
    found = [path for path in places(value) if path[-1] not in TELLING]
    if not found:
        return stream
    *before, last = found[where % len(found)]
    for step in before:
        value = value[step]
    if how == "delete":
        del value[last]
    else:
        value[last] = [value[last]] if how == "list" else odd
    return stream
