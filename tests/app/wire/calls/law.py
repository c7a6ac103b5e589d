"""The law of a reader of calls: cuts and the times of rulings change nothing of what comes out.

And no byte of a wanted call, nor its name, has gone out before its ruling. It holds for every
API: a test gives a reader, a stream, and what in the stream must not be seen of each call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from app.wire.calls.base import CallReader, Changed, Passed, Replaced, Ruling
from tests.app.wire.masking import cut

LIMIT = 1_000_000
COMMENT = b": waiting\n\n"
HELD = "held_"
"""How the names of the tools begin that a rule looks at."""


def wanted(tool: str) -> bool:
    return tool.startswith(HELD)


CUTS = st.lists(st.integers(0, 1_000_000), max_size=8)
DELAYS = st.lists(st.integers(0, 6), min_size=6, max_size=6)
"""How many pieces come after a call was whole, until it is ruled on."""
RULINGS = st.lists(
    st.one_of(
        st.just(Passed()),
        st.builds(Replaced, st.sampled_from(["`rm` was not run.", "no\n\n\u00e9 \\u0041"])),
        st.builds(Changed, st.just('{"changed":true}'), st.sampled_from(["", "It was changed."])),
    ),
    min_size=6,
    max_size=6,
)


@dataclass(frozen=True)
class Timing:
    """How a stream is cut, and when the calls in it are ruled on."""

    cuts: Sequence[int] = ()
    delays: Sequence[int] = (0,) * 6


TIMINGS = st.builds(Timing, CUTS, DELAYS)


def driven(
    reader: CallReader,
    stream: bytes,
    rulings: Callable[[int], Ruling],
    timing: Timing,
    marks: Mapping[int, bytes],
) -> bytes:
    """Return what comes out, having looked after each step for marks that came out too soon."""
    out = b""
    ruled: set[int] = set()
    due: dict[int, int] = {}
    pieces = [piece for piece in cut(stream, list(timing.cuts)) if piece]
    for step in range(len(pieces) + 1 + max(timing.delays)):
        if step < len(pieces):
            reader.feed(pieces[step])
        elif step == len(pieces):
            reader.finish()
        for number in range(len(reader.calls)):
            due.setdefault(number, step + timing.delays[number % len(timing.delays)])
        out += reader.flow()
        for number in [number for number, at in due.items() if at <= step and number not in ruled]:
            assert not any(marks[held] in out for held in marks if held not in ruled)
            reader.rule(number, rulings(number))
            ruled.add(number)
        out += reader.flow()
        assert not any(marks[held] in out for held in marks if held not in ruled)
    assert not reader.keeps
    return out
