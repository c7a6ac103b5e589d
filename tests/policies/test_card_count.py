"""How many cards a stretch of recorded requests would have made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from policies.card_count import PastRequest, count_cards
from policies.decide import decide
from policies.loader import load_catalog
from tests.policies.made import ALICE, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from app.domain.identity import Identity

RULE = """\
  on: request
  when: {prompt: {words: [production], roles: [user]}}
  then: hold
  decides: %s
  approval: {from: [managers]}
  examples: {match: [production], skip: [product]}
"""
MINUTE = timedelta(minutes=1)


class Week:
    """Recorded requests, each a while after the last."""

    def __init__(self, write: Callable[..., Path], start: datetime, decides: str) -> None:
        self._catalog = load_catalog(write(RULE % decides))
        self._at = start
        self.asked: list[PastRequest] = []

    def ask(self, *texts: str, after: timedelta = MINUTE, by: Identity = ALICE) -> None:
        self._at += after
        verdict = decide(facts(*texts), by, self._catalog, self._at)
        self.asked.append(PastRequest(self._at, by, "openai", "openai", verdict))


def test_a_task_makes_one_card_where_people_decide_on_passages(
    write: Callable[..., Path], now: datetime
) -> None:
    week = Week(write, now, "passages")
    week.ask("deploy to production", after=MINUTE)
    for _ in range(11):
        week.ask("deploy to production", after=50 * MINUTE)
    assert count_cards(week.asked[::-1]) == 2, "the cover slides with its use, 8 h at most"
    week.ask("deploy to production", after=61 * MINUTE)
    assert count_cards(week.asked) == 3, "and ends when it is not used"


def test_each_request_makes_a_card_where_people_decide_on_requests(
    write: Callable[..., Path], now: datetime
) -> None:
    week = Week(write, now, "request")
    for _ in range(12):
        week.ask("deploy to production")
    assert count_cards(week.asked) == 12


def test_a_card_counts_for_its_person_and_its_connection_only(
    write: Callable[..., Path], now: datetime
) -> None:
    week = Week(write, now, "passages")
    week.ask("deploy to production")
    week.ask("deploy to production", by=replace(ALICE, subject="bob-1"))
    elsewhere = replace(week.asked[0], connection="azure", at=now + 5 * MINUTE)
    assert count_cards([*week.asked, elsewhere, *week.asked]) == 3


def test_what_no_rule_holds_makes_no_card(write: Callable[..., Path], now: datetime) -> None:
    week = Week(write, now, "passages")
    week.ask("hello")
    assert count_cards(week.asked) == 0
