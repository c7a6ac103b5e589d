"""What is looked for in requests and what masks streams find the same, wherever it stands."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.matching.findings import Inspected
from policies.matching.matcher import Matcher, Scannable
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns import ends
from policies.patterns.pattern import parse
from tests.policies.matching.test_masker import MATCHER, RULES, texts

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog

PAIRS = [f"{one}{chr(ord(one) + 1)}" for one in "acegikmoqsuACEGIKMOQ"]
AHEAD = ("", "\n", f"{'q' * 40}\n", 'run the copy of the mail "host"\n  ')


def test_no_detector_misses_in_a_request_what_it_finds_in_a_stream(shipped: Catalog) -> None:
    rng = random.Random(7)  # noqa: S311 - a repeatable choice
    for detector in shipped.detectors:
        plan, finder = Plan([detector.target]), shipped.finder([detector.target])
        for example in detector.examples.match:
            text = f"{rng.choice(AHEAD)}{example}"
            if plan.find(text):
                assert finder.find(Inspected(text)), (detector.id, text)


@pytest.mark.parametrize(
    "pattern",
    [
        "[ -]-[a-z]{0,24}(?:pass|pwd)[ =]",
        "[ -]-[a-z0-9_-]{0,60}(?:key|token)[ =][a-z]{3,9}",
        r"\bab[a-c]{1,12}(?:cc|ba){2,5}x",
    ],
)
@given(data=st.data())
def test_a_repeat_with_a_limit_hides_nothing(pattern: str, data: st.DataObject) -> None:
    target = Target("own", parse(pattern))
    found = data.draw(st.from_regex(pattern.removeprefix(r"\b"), fullmatch=True))
    text = f"{data.draw(st.sampled_from(AHEAD))}{'q' * data.draw(st.integers(0, 40))} {found} end"
    spans = Plan([target]).find(text)
    assert bool(Matcher([target]).find(Scannable(text), {0})) == bool(spans)


def test_a_pattern_that_begins_in_thousands_of_ways_is_found_whichever_it_is() -> None:
    target = Target("own", parse("".join(f"[{two}]?" for two in PAIRS) + "xyz[0-9]{4}"))
    for text in ("xyz1234", "acegikmoqsuxyz1234", "(bxyz1234)", "a vxyz1234"):
        assert Plan([target]).find(text), text
        assert Matcher([target]).find(Scannable(text), {0}), text


SEAMS = ("%3D", "%253d", r"\n", r"\u003d", r"\x20", r"\075", "[0;32m", "%25", "3", "n", "m", " ")


@given(st.lists(st.sampled_from([*SEAMS, "no12", "no7", "3no4"]), min_size=1, max_size=6))
def test_a_word_begins_behind_the_same_seams_in_a_request_and_in_a_stream(parts: list[str]) -> None:
    target = Target("own", parse(r"\b[0-9a-z]{0,2}no[0-9]{1,3}"))
    text = "".join(parts)
    streamed = Plan([target]).find(text)
    whole = Matcher([target]).find(Scannable(text), {0})
    assert {span.start for span in whole} <= {span.start for span in streamed}
    assert bool(whole) == bool(streamed)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("пароль: [0-9]{4}", "а пароль: 4711", "пароль: 4711"),
        ("(?i)ПАРОЛЬ: [0-9]{4}", "а пароль: 4711", "пароль: 4711"),
        ("(?i)(?:密码|密碼)[:=][0-9]{4}", "旧密码:4711。", "密码:4711"),
        ("(?i)(?:contraseña|ключ|key)=[0-9]{4}", "la CONTRASEÑA=4711", "CONTRASEÑA=4711"),
        ("(?:ä|ö)[a-z]?=[0-9]{4}", "ö=4711", "ö=4711"),
    ],
)
def test_letters_beyond_ascii_are_told_apart(pattern: str, text: str, found: str) -> None:
    target = Target("own", parse(pattern))
    whole = Matcher([target]).find(Scannable(text), {0})
    streamed = Plan([target]).find(text)
    assert {text[span.start : span.end] for span in whole} == {found}
    assert {text[span.start : span.end] for span in streamed} == {found}
    others = text.translate({ord(ch): "中" for ch in text if not ch.isascii()})
    if others != text:
        assert not Matcher([target]).find(Scannable(others), {0})


@given(st.lists(st.sampled_from(["密", "码", "碼", ":", "=", "4711", "x", "パス"]), max_size=12))
def test_what_begins_with_such_letters_is_found_wherever_it_stands(parts: list[str]) -> None:
    targets = [
        Target("by letters", parse("(?:密码|密碼|パス)[:=][0-9]{4}")),
        Target("by bytes", parse("(?:密码|[x:])=[0-9]{4}")),
    ]
    text = "".join(parts)
    whole = {(s.target, s.start, s.end) for s in Matcher(targets).find(Scannable(text), {0, 1})}
    assert whole == {(s.target, s.start, s.end) for s in Plan(targets).find(text)}


@pytest.mark.parametrize("length", [*range(50, 80), *range(110, 135), 200, 5000])
@pytest.mark.parametrize("end", ["!", "k"])
def test_what_begins_within_a_long_token_is_followed_beyond_its_end(length: int, end: str) -> None:
    # The token goes on for as long as there are letters, and is leapt over.
    targets = [Target("token", parse("zq[a-z]{10,}")), Target("key", parse("key[0-9]{3}"))]
    for text in (f"zq{'a' * length}{end}key123 x", f"zq{'ab' * length}{end} key123", "zq" * length):
        whole = Matcher(targets).all_spans(Scannable(text), {0, 1})
        found = {(span.target, span.start, span.end) for span in whole}
        assert found == {(s.target, s.start, s.end) for s in Plan(targets).find(text)}


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("cat .env", True),
        ("cat .env; ls", True),
        ("cat .env.example", False),
        ("cat .env-1", False),
    ],
)
def test_what_may_not_follow_a_pattern_is_looked_at(text: str, *, is_found: bool) -> None:
    target = Target("own", parse(r"\.env(?![\w.-])"))
    assert bool(Plan([target]).find(text)) == is_found
    assert bool(Matcher([target]).find(Scannable(text), {0})) == is_found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (".env", True),
        ("app/.env", True),
        ("cat .env", False),
        ("x.env", False),
        ("a\n.env", False),
    ],
)
def test_what_may_not_be_in_front_of_a_pattern_is_looked_at(text: str, *, is_found: bool) -> None:
    target = Target("own", parse(r"(?<![^/])\.env"))
    assert bool(Plan([target]).find(text)) == is_found
    assert bool(Matcher([target]).find(Scannable(text), {0})) == is_found


@settings(max_examples=150, deadline=None, database=None)
@given(parts=st.lists(texts, min_size=1, max_size=3), chance=st.randoms(use_true_random=False))
def test_what_comes_again_is_found_again_as_where_it_came_first(
    parts: list[str], chance: random.Random
) -> None:
    text = "".join(chance.choice(parts) + chance.choice(["", " ", "so "]) for _ in range(30))
    found = []
    for ahead in (0, 2, 8, 96):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ends, "_AHEAD", ahead)
            read = Scannable(text)
            found.append((MATCHER.find(read, range(len(RULES))), read.effort.spent))
    assert found == [found[0]] * 4
