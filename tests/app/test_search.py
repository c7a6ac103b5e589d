from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.record.session import Decision
from app.errors import BadRequest
from app.search import SessionFilter, parse_filter

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SessionFilter()),
        ("user:Alice", SessionFilter(user="alice")),
        ("Alice", SessionFilter(user="alice")),
        ("stefan", SessionFilter(user="stefan")),
        ("STEFAN", SessionFilter(id="stefan")),
        ("8jyasa since:1d", SessionFilter(id="8jyasa", since=NOW - timedelta(days=1))),
        ("since:1d", SessionFilter(since=NOW - timedelta(days=1))),
        ("since:90m", SessionFilter(since=NOW - timedelta(minutes=90))),
        ("since:2026-11-20", SessionFilter(since=datetime(2026, 11, 20, tzinfo=UTC))),
        ("decision:Denied", SessionFilter(decision=Decision.DENIED)),
        (
            "  rule:no-x   connection:openai repo:acme/payments ",
            SessionFilter(rule="no-x", connection="openai", repo="acme/payments"),
        ),
        ("until:2026-11-20", SessionFilter(until=datetime(2026, 11, 20, tzinfo=UTC))),
        ("conversation:0198D2c4", SessionFilter(conversation="0198d2c4")),
        (
            "model:GPT-5 client:Claude-Code commit:4BE1C02",
            SessionFilter(model="gpt-5", client="claude-code", commit="4be1c02"),
        ),
        ("tool:Bash call:Denied", SessionFilter(tool="bash", call=Decision.DENIED)),
        ("approver:Maria", SessionFilter(approver="maria")),
        ('user:"Dana Reyes"', SessionFilter(user="dana reyes")),
        ("cost>0.50 cost<$2", SessionFilter(cost_over=500_000, cost_under=2_000_000)),
        ("cost>0.000001", SessionFilter(cost_over=1)),
        ('text:"Drop  table" alice', SessionFilter(text="Drop  table", user="alice")),
        ("“a: b” alice", SessionFilter(text="a: b", user="alice")),
        ("text:drop", SessionFilter(text="drop")),
    ],
)
def test_a_filter_reads_as_a_person_types_it(text: str, expected: SessionFilter) -> None:
    assert parse_filter(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("user:", "user:…"),
        ("alice user:b", "twice"),
        ("who:alice", "user:…"),
        ("user:a user:b", "twice"),
        ("since:yesterday", "7d"),
        ("decision:maybe", "denied"),
        ("call:maybe", "“call:maybe” is none of: .*denied"),
        ("tool:", "tool:…, call:…"),
        ("cost:1", "cost>…"),
        ("cost>much", "“cost>much” is no amount"),
        ("cost>=1", "no amount"),
        ("cost>", "don't recognize"),
        ("cost<1 cost<2", "twice"),
        ('text:"drop', "quote is not closed"),
        ('text:""', "don't recognize"),
        ("text:ab", "too short"),
    ],
)
def test_a_word_that_is_not_understood_is_named_with_what_may_stand_there(
    text: str, advice: str
) -> None:
    with pytest.raises(BadRequest, match=advice):
        parse_filter(text, NOW)
