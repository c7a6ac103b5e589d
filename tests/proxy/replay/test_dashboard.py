"""The dashboard says what the sessions together say, to auditors alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.event import EventKind
from app.domain.hold import HoldState
from app.domain.record.mark import FalsePositive
from app.domain.record.session import Decision, RecordedAnswer
from app.domain.record.session_facts import Cost, Tokens
from app.domain.verdict import Action, Excerpt, Verdict
from proxy.replay.dashboard.figures import Figures, middle_and_tail
from proxy.replay.dashboard.panels import panels
from proxy.replay.dashboard.tally import Tally, hour_of
from tests.app.storage.test_mongo import a_session
from tests.bot.values import MARIA, fired, hold, vote
from tests.proxy.linking import CLOCK, Browser
from tests.proxy.replay.conftest import identity_of, recorded
from tests.proxy.replay.test_pages import NAUGHTY, Elements, body, signed_in

if TYPE_CHECKING:
    from tests.proxy.linking import Place

NOW = CLOCK.now()


def figures() -> Figures:
    rule = fired(rule="no-production", action=Action.HOLD)
    masking = fired(
        rule="secrets",
        action=Action.MASK,
        excerpts=(Excerpt("", "[aws-key]", "", "/messages/0"),),
    )
    tokens = Tokens(input=100, output=20)
    answer = RecordedAnswer(
        200, (), NOW, NOW, masked=3, tokens=tokens, cost=Cost(1_500_000, "2026-11-01")
    )
    session = replace(a_session(NOW), answer=answer)
    passed = replace(
        session, decision=Decision.MASKED, verdict=Verdict(Action.MASK, (masking,), "")
    )
    held = replace(session, decision=Decision.DENIED, verdict=Verdict(Action.HOLD, (rule,), ""))
    a_hold = hold(
        created_at=NOW, decided_at=NOW + timedelta(seconds=90), votes=(vote(MARIA, approve=False),)
    )
    denied = replace(a_hold, state=HoldState.DENIED, verdict=held.verdict)
    found, tally = Figures.of_days(7, NOW), Tally()
    tally.add([passed, held, held], [denied], frozenset({"[aws-key]"}))
    found.take(hour_of(NOW), tally)
    found.add_marks([FalsePositive("1", "s", "no-production", NOW, "", NOW)])
    return found


def test_every_panel_has_a_table_with_what_was_counted() -> None:
    told = {panel.title: panel.rows for panel in panels(figures())}
    assert told["Requests"][-1][1:] == (1, 2)
    assert told["Holds by outcome"] == (("denied", 1),)
    assert told["Time to decision"][0][1:] == ("1 min 30 s", "1 min 30 s", 1)
    assert told["Rules that fired most"] == (
        ("no-production", 2, 0, 1, 1, "50%"),
        ("secrets", 1, 0, 0, 0, "100%"),
    )
    assert told["Masked, by kind"] == (("in answers, of any kind", 9), ("[aws-key]", 1))
    assert [row[1:] for row in told["Tokens by model"]] == [(3, "300", "60")]
    for what in ("team", "repository", "model"):
        assert [row[1:] for row in told[f"Cost by {what}"]] == [(3, 3, "$4.50")]


def test_median_and_tail_are_those_of_the_values() -> None:
    assert middle_and_tail([]) is None
    assert middle_and_tail([5.0]) == (5.0, 5.0)
    assert middle_and_tail([float(n) for n in range(11)]) == (5.0, 9.0)


def test_a_chart_has_nothing_that_acts_or_styles_itself() -> None:
    for panel in panels(figures()):
        assert set(re.findall(r"<(\w+)", panel.chart)) <= {"svg", "g", "rect", "path", "text"}
        names = set(re.findall(r" ([\w-]+)=", panel.chart))
        assert not {name for name in names if name.startswith("on") or name in {"style", "href"}}


@pytest.mark.asyncio(loop_scope="module")
async def test_auditors_alone_see_it_and_names_are_text(place: Place) -> None:
    await recorded(place, identity_of(place, "alice"), body("a"), "a", NAUGHTY)
    dashboard = f"{place.url}/-/replay/dashboard"
    async with Browser() as browser:
        await signed_in(browser, place, "ines")
        page = await browser.get(f"{dashboard}?days=1")
        elements = Elements(page.text)
        assert elements.active == []
        assert NAUGHTY in elements.text
        assert page.headers["content-security-policy"].endswith("/-/replay/suggest.js")
    async with Browser() as browser:
        await signed_in(browser, place, "maria")
        assert (await browser.get(dashboard)).status_code == 403
    last = (await place.storage.ledger.entries(""))[-1].event
    assert (last.kind, last.data["what"]) == (EventKind.REPLAY_REFUSED, "dashboard")
