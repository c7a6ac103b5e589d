"""What a card says of passages: how many there are, whose words, and what an approval covers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.hold import GrantSummary, HoldState
from app.domain.passage import Excerpt, Passage, PassageKind
from app.domain.segment import Role
from app.domain.verdict import Action, Approval, CoverTerms, Question, Verdict
from bot.views import coverage
from bot.views.quotes import passages
from tests.bot.calls import BASH
from tests.bot.values import MARIA, NOW, fired, hold, vote
from tests.bot.views.test_cards import draw, words

TERMS = Approval(("managers",))
COVER = CoverTerms(idle=timedelta(hours=1), most=timedelta(hours=8))


def said(name: str, role: Role = Role.USER, kind: PassageKind = PassageKind.TYPED) -> Passage:
    excerpt = Excerpt(f"{name} ", "prod", "", f"/{name}")
    return Passage(name, kind, role, f"/{name}", excerpt=excerpt)


@pytest.mark.parametrize(("number", "label"), [(5, "View full"), (19, "View full (+14 more)")])
def test_what_a_card_has_no_room_for_is_counted_beside_the_button(number: int, label: str) -> None:
    asked = Question("law", TERMS, tuple(said(f"p{at}") for at in range(number)), COVER)
    assert f'"text": "{label}"' in words(draw(hold(rule=fired(question=asked))))


def test_a_card_shows_the_newest_typed_passage_first_and_five_at_most() -> None:
    """Passages come in the order of the conversation, the oldest first."""
    typed = [said(f"typed-{at}") for at in range(4)]
    work = [said(f"tool-{at}", Role.TOOL, PassageKind.WORK) for at in range(8)]
    system = said("system-0", Role.SYSTEM, PassageKind.TEXT)
    spoken = [
        passage for turn in zip(typed, work[::2], work[1::2], strict=True) for passage in turn
    ]
    asked = Question("law", TERMS, (system, *spoken), COVER)
    card = words(draw(hold(rule=fired(question=asked))))
    shown = [name for _, name in sorted((card.find(f"{p.name} "), p.name) for p in asked.passages)]
    assert [name for name in shown if f"{name} " in card] == [
        *("typed-3", "typed-2", "typed-1", "typed-0"),
        "tool-7",
    ]
    assert "View full (+8 more)" in card


def test_a_card_of_two_rules_shows_five_passages_in_all_and_counts_each_once() -> None:
    rules = [
        fired(rule=rule, question=Question("law", TERMS, tuple(map(said, names)), COVER))
        for rule, names in (("one", "abcd"), ("two", "defg"), ("three", "hi"))
    ]
    card = words(draw(hold(verdict=Verdict(Action.HOLD, tuple(rules), "c0ffee", TERMS))))
    assert sum(f"{name} *prod*" in card for name in "abcdefghi") == 5
    assert "View full (+4 more)" in card


@pytest.mark.parametrize(
    ("role", "kind", "told"),
    [
        (Role.USER, PassageKind.TYPED, "typed"),
        (Role.TOOL, PassageKind.WORK, "from a tool"),
        (Role.ASSISTANT, PassageKind.WORK, "from the model"),
        (Role.SYSTEM, PassageKind.TEXT, "system prompt"),
        (Role.USER, PassageKind.TEXT, "added by the agent"),
    ],
)
def test_a_passage_says_whose_words_it_is(role: Role, kind: PassageKind, told: str) -> None:
    excerpt = Excerpt("x ", "prod", "", "/x")
    one = Passage("x", kind, role, "/x", excerpt=excerpt)
    [line] = passages(fired(excerpts=(excerpt,), question=Question("law", TERMS, (one,))), 5)
    assert line.endswith(f"_({told})_")


@pytest.mark.parametrize(
    ("covers", "told"),
    [
        ((COVER,), "for 1 h after each use, until <!date^"),
        ((COVER, CoverTerms(timedelta(minutes=5), timedelta(hours=9))), "for 5 min after each"),
        ((COVER, None), "is for this one call only"),
    ],
    ids=["one rule", "two rules", "one that covers nothing"],
)
def test_a_card_says_for_how_long_the_very_same_call_passes(
    covers: tuple[CoverTerms | None, ...], told: str
) -> None:
    call = Passage("n", PassageKind.CALL, Role.ASSISTANT, "/x")
    rules = [fired(question=Question("law", TERMS, (call,), cover)) for cover in covers]
    held = replace(hold(), tool=BASH, verdict=Verdict(Action.HOLD, tuple(rules), "r1"))
    assert told in str(coverage.also_covers(held))


@pytest.mark.parametrize("kind", [PassageKind.TYPED, PassageKind.TEXT])
def test_a_card_says_what_an_approval_covers_and_until_when(kind: PassageKind) -> None:
    is_work = kind is PassageKind.TYPED
    one = Passage("n", kind, Role.USER, "/x")
    held = hold(rule=fired(question=Question("law", TERMS, (one,), COVER)))
    told = str(coverage.also_covers(held))
    work = "what tools return and the model says while working on this"
    what = work if is_work else "this text"
    assert told.startswith(f"Approving also covers {what}, until <!date^")
    # It counts from the approval, which may come as late as the deadline.
    assert str(int((held.deadline + COVER.most).timestamp())) in told
    assert told.endswith(" at the latest")


def test_a_cover_says_how_often_it_was_used_and_when_last() -> None:
    given = GrantSummary(("g1",), 3600, NOW, uses=14, used_at=NOW, passages=2)
    shown = words(draw(hold(state=HoldState.RELEASED, votes=(vote(MARIA),), granted=given)))
    assert "used 14 times, last <!date^" in shown
