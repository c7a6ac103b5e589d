"""What comes again with every turn is not looked through again, and nothing is missed by it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.matching.rereading import RecentDigests, Rereading
from policies.patterns.effort import TooDense
from tests.policies.made import AWS_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.compiled_catalog import Catalog
    from policies.matching.findings import Finding

Found: TypeAlias = list[tuple[int, str, int, int]]
FILLERS = ("lorem ipsum ", " ", "\u200b", "A1b2", "é", "-")
PARTS = [
    *("pro", "duc", "tion", "prod", "production", AWS_KEY, AWS_KEY[:9], AWS_KEY[9:], "ghp_", "a"),
    *("password", ": ", "hunter2x9!Q", "\n", "hello", "pro\u200b", "sk-ant-api03-", "Bearer "),
    *(filler * (3_000 // len(filler)) for filler in FILLERS),
]
texts = st.lists(st.sampled_from(PARTS), max_size=3).map("".join)
turns = st.lists(st.lists(texts, max_size=4), min_size=1, max_size=6)


def found(reader: Rereading, texts: Sequence[str]) -> tuple[Found, Found]:
    look = reader.look(texts)
    across = reader.across(texts, look.digests)
    inside, seams = (
        sorted((f.number, f.target.id, f.start, f.end) for f in each)
        for each in (look.found, across)
    )
    return inside, seams


@settings(max_examples=150, deadline=None, database=None)
@given(turns=turns)
@example(turns=[["pro", "duc"], ["duc", "tion"], ["pro", "duc", "tion"]])
@example(turns=[["pro", " " * 3_000], ["duction"]])
@example(turns=[["pro", "\u200b" * 9_000], ["duction"]])
@example(turns=[["Bearer " + "A1b2" * 1_000, "A1b2" * 1_000], ["A1b2"]])
@example(turns=[["Bearer " + "A1b2" * 1_000], ["\u200b" * 9, "A1b2"], ["A1b2"]])
@example(turns=[["pro", "ghp_" + "A1b2" * 750], ["pro"]])
@example(turns=[["x"], [AWS_KEY], ["lorem " * 900], [AWS_KEY[:9]], [AWS_KEY[9:]]])
def test_a_conversation_that_grows_shows_what_it_shows_at_first_sight(
    shipped: Catalog, turns: list[list[str]]
) -> None:
    reader = Rereading(shipped.requests)
    history: list[str] = []
    for turn in turns:
        history += turn
        assert found(reader, history) == found(Rereading(shipped.requests), history)
        assert found(reader, turn) == found(Rereading(shipped.requests), turn)


@pytest.mark.parametrize("known", [1, 15, 16, 17, 80, 81, 400])
@pytest.mark.parametrize("new", [1, 16, 17, 90])
def test_seams_are_looked_through_from_the_end_of_what_is_known_on(
    shipped: Catalog, monkeypatch: pytest.MonkeyPatch, known: int, new: int
) -> None:
    long = "lorem ipsum " * 300
    history = [f"{number} {long}" for number in range(known)] + [AWS_KEY[:9]]
    reader, looked = Rereading(shipped.requests), list[int]()
    across = reader.finder.across

    def noted(texts: Sequence[str]) -> list[Finding]:
        looked.append(len(texts))
        return across(texts)

    assert found(reader, history) == ([], [])
    history += [AWS_KEY[9:] + long, *(f"{number} {long}" for number in range(1, new))]
    monkeypatch.setattr(reader.finder, "across", noted)
    inside, seams = found(reader, history)
    assert not inside
    assert [number for number, *_ in seams] == [known]
    assert len(looked) == 1
    assert looked[0] <= new + 4  # and a few texts before them


def test_only_what_is_new_is_looked_through(shipped: Catalog) -> None:
    reader = Rereading(shipped.requests)
    assert reader.look(["hello", "world"]).inspected.texts == ("hello", "world")
    assert reader.look(["hello", AWS_KEY, "world"]).inspected.texts == (AWS_KEY,)
    assert reader.look(["hello", AWS_KEY, "again"]).inspected.texts == (AWS_KEY, "again")


def test_a_text_among_many_is_not_too_dense_when_they_are_known(shipped: Catalog) -> None:
    dense = "password=" * 1_000
    with pytest.raises(TooDense):
        Rereading(shipped.requests).look([dense])
    many = ["lorem ipsum " * 8_000]
    reader = Rereading(shipped.requests)
    first, again = reader.look([*many, dense]), reader.look([*many, dense])
    assert len(again.found) == len(first.found) > 0


def test_the_oldest_are_forgotten_and_those_in_use_are_kept() -> None:
    known = RecentDigests(most=2)
    names = [bytes([number]) for number in range(8)]
    for first, second in pairwise(names):
        known.add(first)
        assert names[0] in known
        assert second not in known
    assert names[1] not in known
