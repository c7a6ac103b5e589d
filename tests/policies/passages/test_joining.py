"""Which holds a request joins, and which denials refuse it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.hold import HoldState
from app.domain.passage import Passage, PassageKind
from policies.passages.answers import (
    covers_of,
    joins,
    only_repeats,
    refuses,
    same_questions,
    still_open,
)
from tests.policies.made import ALICE
from tests.policies.passages.questions import COVER, fired, passage, verdict
from tests.policies.passages.talks import CALL, NOW, hold_for

if TYPE_CHECKING:
    from app.domain.hold import Hold

WORDS = st.sampled_from(["one", "two"])
PASSAGES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)
ASKING = st.lists(st.tuples(WORDS, PASSAGES), min_size=1, max_size=2, unique_by=lambda r: r[0])


@settings(deadline=None)
@given(ASKING, ASKING)
def test_a_request_joins_a_hold_that_asks_for_all_that_is_open_in_it(
    mine: list[tuple[str, list[str]]], theirs: list[tuple[str, list[str]]]
) -> None:
    pending = hold_for(verdict(*(fired(rule, *names) for rule, names in theirs)))
    asked = verdict(*(fired(rule, *names) for rule, names in mine))
    there = dict(theirs)
    expected = all(set(names) <= set(there.get(rule, ())) for rule, names in mine)
    assert joins(asked, "another key", pending) is expected
    assert same_questions(asked, "another key", pending) is (
        {r: set(n) for r, n in mine} == {r: set(n) for r, n in theirs}
    )


def test_a_request_joins_no_hold_of_another_law_and_none_where_nothing_is_open() -> None:
    pending = hold_for(verdict(fired("one", "a")))
    assert not joins(verdict(fired("one", "a", law="new")), "k1", pending)
    assert not joins(verdict(fired("one")), "k1", pending)
    assert not joins(verdict(), "k1", pending)


def test_what_is_decided_by_request_joins_and_is_refused_by_the_same_request_alone() -> None:
    asked = verdict(fired("one", cover=None), fired("two", "a"))
    held = hold_for(asked)
    assert joins(asked, held.key, held)
    assert not joins(asked, "another key", held)
    alone = verdict(fired("one", cover=None))
    assert refuses(alone, held.key, held)
    assert not refuses(alone, "another key", held)


def denied(*passages: str | Passage) -> Hold:
    return hold_for(verdict(fired("one", *passages)), state=HoldState.DENIED)


def test_a_denied_call_is_refused_again_and_no_other_one_is() -> None:
    calls = [passage(name, PassageKind.CALL) for name in ("rm", "drop", "ls")]
    for cover in (COVER, None):
        hold = hold_for(verdict(fired("one", *calls[:2], cover=cover)), state=HoldState.DENIED)
        assert refuses(verdict(fired("one", calls[0], cover=cover)), "k", hold)
        assert refuses(verdict(fired("one", *calls, cover=cover)), "k", hold)
        assert not refuses(verdict(fired("one", calls[2], cover=cover)), "k", hold)
        assert not refuses(verdict(fired("one", calls[0], law="new", cover=cover)), "k", hold)


def text(name: str) -> Passage:
    return passage(name, PassageKind.TEXT)


def test_a_denial_names_the_last_typed_turn_that_was_open() -> None:
    hold = denied(text("notes"), "first", "last", text("status"))
    assert refuses(verdict(fired("one", "last")), "k", hold)
    assert not refuses(verdict(fired("one", "first", text("notes"), text("status"))), "k", hold)


def test_a_denial_of_work_names_its_ask_wherever_it_stands() -> None:
    hold = denied("ask", passage("work", PassageKind.WORK, ask="ask"))
    assert refuses(verdict(fired("one", "ask")), "k", hold)
    assert refuses(verdict(fired("one", passage("work", PassageKind.WORK, ask="ask"))), "k", hold)
    unasked = denied(passage("all turns", PassageKind.WORK))
    assert refuses(verdict(fired("one", passage("all turns", PassageKind.WORK))), "k", unasked)


@settings(deadline=None)
@given(PASSAGES, PASSAGES)
def test_where_nothing_was_typed_a_denial_names_all_that_was_open(
    then: list[str], now: list[str]
) -> None:
    hold = denied(*map(text, then))
    assert refuses(verdict(fired("one", *map(text, now))), "k", hold) is (set(then) <= set(now))


def test_a_denial_says_nothing_of_another_rule_or_law_or_of_what_is_answered() -> None:
    hold = denied("a")
    assert not refuses(verdict(fired("two", "a")), "k", hold)
    assert not refuses(verdict(fired("one", "a", law="new")), "k", hold)
    covers = covers_of(hold_for(verdict(fired("one", "a"))), NOW)
    rest, _ = still_open(verdict(fired("one", "a")), covers, ALICE, "gateway", CALL, NOW)
    assert not refuses(rest, "k", hold)
    assert not refuses(verdict(fired("one")), "k1", denied())


def test_a_denial_lasts_where_more_is_typed_to_the_same_turn_unless_it_was_approved_since() -> None:
    more = replace(passage("a and b"), began=("a",))
    assert refuses(verdict(fired("one", more)), "k", denied("a"))
    assert not refuses(verdict(fired("one", more)), "k", denied("b"))
    assert not refuses(verdict(fired("one", more)), "k", denied("a"), {"a"})
    assert refuses(verdict(fired("one", "a")), "k", denied("a"), {"a"})


def test_what_is_open_is_only_repeated_if_all_of_it_is() -> None:
    title = replace(passage("a"), repeated=True)
    assert only_repeats(verdict(fired("one", title), fired("two", title)))
    assert not only_repeats(verdict(fired("one", title, "b")))
    assert not only_repeats(verdict(fired("one", title), fired("two", "a")))
    assert not only_repeats(verdict(fired("one", title), fired("two", cover=None)))
    assert not only_repeats(verdict())
