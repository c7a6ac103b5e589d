"""Text from outside is inert, visible and short enough."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import text

naughty = st.text() | st.sampled_from(
    [
        "<!channel> <!here> <@U0MARIA001> <https://evil.example|click>",
        "*bold* _it_ ~gone~ `code` :tada: > quote",
        "> quoted at the start",
        "\u202eright to left\u202c \u200bzero\u200d \u2066isolate\u2069",
        "\x00\x1b[31mred\x07\r\nnext\x85\u2028line",
        "\ud800 lone surrogate",
        "&amp; already & escaped",
        "A" * 5000,
        "<" * 3000,
        "😀" * 2000,
    ]
)


@given(naughty, st.integers(min_value=10, max_value=3000))
def test_nothing_in_outside_words_means_anything_to_slack(raw: str, limit: int) -> None:
    shown = text.words(raw, limit)
    assert not re.search(r"[<>*_~`\n]", shown)
    assert re.search(r"&(?!amp;|lt;|gt;)", shown) is None
    assert not re.search(r":[\w+'-]+:", shown)
    assert not shown.startswith("&gt;")


@given(naughty, st.integers(min_value=10, max_value=3000))
def test_text_fits_its_limit_and_can_be_sent(raw: str, limit: int) -> None:
    for shown in (
        text.plain(raw, limit),
        text.plain_line(raw, limit),
        text.words(raw, limit),
        text.code(raw, limit),
        text.bold(raw, limit),
    ):
        assert len(shown.encode("utf-16-le")) // 2 <= limit
        json.dumps(shown).encode()


@given(naughty)
def test_plain_text_says_the_same_words_when_slack_has_read_it(raw: str) -> None:
    assert html.unescape(text.plain(raw, 100_000)) == text.clean(raw)


@given(naughty)
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    assert text.clean(text.clean(raw)) == text.clean(raw)


@given(naughty, st.integers(min_value=10, max_value=200))
def test_inline_code_cannot_be_left(raw: str, limit: int) -> None:
    shown = text.code(raw, limit)
    assert shown == "–" or (shown[0], shown[-1], shown.count("`")) == ("`", "`", 2)


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("a\u202eb\u200bc", "abc"),
        ("red \x1b[31m", "red [31m"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("tab\there", "tab    here"),
        ("zero\u2060width\ufeff", "zerowidth"),
        ("blank\u3164\u2800filler", "blankfiller"),
        ("ünï © 漢字 😀", "ünï © 漢字 😀"),
    ],
)
def test_what_hides_or_reorders_words_is_taken_out(raw: str, seen: str) -> None:
    assert text.clean(raw) == seen


def test_a_cut_is_shown_and_never_splits_an_entity() -> None:
    assert text.plain("<<<<<", 10) == "&lt;&lt;…"
    assert text.plain("<<", 10) == "&lt;&lt;"


def test_only_a_slack_id_becomes_a_mention() -> None:
    assert text.mention("U0MARIA001") == "<@U0MARIA001>"
    assert text.mention("!channel") == "`!channel`"
    assert text.mention("U1> <!here") == "`U1&gt; &lt;!here`"


def test_a_time_is_told_in_the_time_zone_of_the_reader() -> None:
    at = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert text.moment(at) == "<!date^1795444200^{time}|14:30 UTC>"
    assert "{date_short_pretty}" in text.moment(at, day=True)
