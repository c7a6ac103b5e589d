"""The law of masking: for every cut the same, and never a character of a secret too early."""

from __future__ import annotations

import json
import os
import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.matching import masker as masker_module
from policies.matching.masker import WITHHELD, Masker
from policies.matching.matcher import Matcher, Scannable
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.charset import chars
from policies.patterns.pattern import parse
from tests.policies.matching.oracle import Known, masked, thinned

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog


def _even(text: str) -> bool:
    return sum(map(ord, text)) % 2 == 0


def _crowded(before: str, text: str) -> bool:
    """Depends on each character in front of a match, as far as it may look, and on the match."""
    return (len(set(before)) + len(before) + len(text)) % 3 == 0


RULES = [
    Known("aws", r"\b(?:AKIA|ASIA)[A-Z2-7]{6}\b"),
    Known("bare", r"AKIA[0-9A-Z]{4}"),
    Known("long", r"\bsk-p-[A-Za-z0-9_-]{5,12}"),
    Known("open", r"\bsk-[A-Za-z0-9]{4,}"),
    Known("git", r"gh[po]_[A-Za-z0-9]{5}"),
    Known("assigned", r"[A-Za-z0-9!]{4,}", r"""(?i)pass(?:word)?[ ]{0,2}[=:][ "']{0,3}"""),
    Known("key", r"---BEGIN [A-Z ]{0,5}KEY---[A-Za-z0-9+/=\s]*(?:---END [A-Z ]{0,5}KEY---)?"),
    Known("token", r"\bey[A-Za-z0-9]{3,9}\.ey[A-Za-z0-9]{2,9}\.[A-Za-z0-9_-]{2,}"),
    Known("loose", r"(?i)\bxoxb-[0-9a-z]{4}\b"),
    Known("even", r"\bno[0-9]{3,8}\b", valid=_even),
    Known("sum", r"(?:qq|qz)[0-9]{2,6}", valid=_even),
    Known("digits", r"\b[3-6][0-9]{3}[ -]?[0-9]{4}\b"),
    Known("user", r"[a-zA-Z0-9@.:]{3,9}", "://[a-z]{0,3}:", followed_by="@"),
    Known("ended", r"[a-z@0-9]{2,8}", "by [\"']", followed_by="\"'", valid=_even),
    Known("mail", r"\b[a-z.]{1,9}@[a-z]{2,6}"),
    Known("code", r"[a-z]{4,8}\b", "code: ?", valid=_even),
    Known("named", r"[a-zA-Z]{3,9}\b", "pass ?= ?", harmless=_crowded),
    Known("thin", r"qz[0-9]{4}", valid=_even, harmless=_crowded),
]

PIECES = [
    *("AKIA", "ASIA", "ABCDEF", "ABC234", "sk-", "sk-p-", "ab12", "Xy9_", "ghp_", "gh", "12345"),
    *("pass", "password", "PASS", " = ", "=", ":", '"', " ", "\n", "---BEGIN ", "RSA ", "KEY---"),
    *("---END ", "MIIB", "ey", "eyAb1", ".ey", ".", "xx", "xoxb-", "XoXb-", "0a9z", "no", "777"),
    *("\u200b", "\u00ad", "\u0410", "é", "．", "-", "_", "a", "s", "k", "A", "---", "ｓｋ", "！"),
    *(
        "qq",
        "qz",
        "4111",
        "1111",
        "bob@acme",
        "://:",
        "://bob:",
        'by "',
        "@",
        "code: ",
        "code:",
        "abcdef",
        "\u200b" * 18,
        "%20",
        "%25",
        "\\n",
        "\\x3d",
        "\\u00",
        "[0;3",
        "2m",
        "\0",
        "\3",
    ),
]


def _plan(rules: list[Known]) -> Plan:
    return Plan(
        [
            Target(
                rule.id,
                replace(parse(rule.pattern), followed_by=chars(rule.followed_by)),
                context=parse(rule.context) if rule.context else None,
                valid=rule.valid,
                harmless=rule.harmless,
            )
            for rule in rules
        ]
    )


PLAN = _plan(RULES)
MATCHER = Matcher(PLAN.targets)


def _masker(plan: Plan = PLAN) -> Masker:
    return Masker(plan, lambda target: f"[{plan.targets[target].id}]")


def _in_pieces(text: str, cuts: list[int]) -> list[str]:
    ends = [*sorted(cuts), len(text)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _check(text: str, cuts: list[int], expected: str) -> None:
    masker = _masker()
    shown = ""
    for piece in _in_pieces(text, cuts):
        shown += masker.feed(piece)
        assert expected.startswith(shown)
    assert shown + masker.finish() == expected


texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map("".join)


SHARDS = 4
TEXTS = 625 * int(os.environ.get("ABEYANCE_FUZZ", "1"))
CUTS = 40
"""Four shards of 625 texts cut in 40 ways: 100,000; `ABEYANCE_FUZZ=10` makes it a million."""


@pytest.mark.parametrize("_shard", range(SHARDS))
@settings(max_examples=TEXTS, deadline=None, database=None)
@given(text=texts, seed=st.integers(0, 2**32))
def test_every_cut_of_a_text_gives_what_masking_the_whole_gives(
    _shard: int, text: str, seed: int
) -> None:
    # Drawing each cut through Hypothesis would take longer than the test itself.
    chance = random.Random(seed)  # noqa: S311
    expected = masked(text, RULES)
    _check(text, [], expected)
    _check(text, list(range(1, len(text))), expected)
    for _ in range(CUTS - 2):
        count = min(chance.randint(1, 4), len(text) - 1)
        _check(text, chance.sample(range(1, len(text)), count), expected)


FILLERS = ["so ", "it was\n", "0123456789 ", "abcdefghijklmnop", "sk-", "pass", "://bob.", "密钥"]
long_texts = st.lists(
    st.one_of(st.sampled_from(PIECES), st.sampled_from(FILLERS).map(lambda each: each * 20)),
    min_size=4,
    max_size=30,
).map("".join)


@settings(max_examples=TEXTS, deadline=None, database=None)
@given(text=long_texts, size=st.integers(129, 500))
@example(text=f"{'so ' * 50}密bob@acme {'so ' * 50}", size=300)
def test_long_pieces_give_at_each_cut_what_their_characters_give_one_by_one(
    text: str, size: int
) -> None:
    letters, pieces = _masker(), _masker()
    for start in range(0, len(text), size):
        piece = text[start : start + size]
        assert pieces.feed(piece) == "".join(map(letters.feed, piece))
    assert pieces.finish() == letters.finish()


@pytest.mark.parametrize(
    "said",
    [
        "Run 7z a backup-of-the-whole-tree-of-today-and-more.7z -pTr0ub4dor&65 src",
        "Then zip -r everything-that-is-in-the-folder-of-today.zip src -P Tr0ub4dor&65",
    ],
    ids=["7z", "zip"],
)
def test_what_begins_with_less_than_its_opening_is_found_where_nothing_else_begins(
    said: str, shipped: Catalog
) -> None:
    """Hyperscan tells of the command alone; the opening has the blank and a letter behind it."""
    text = f"{'so it was, ' * 13}\n{said}\n{'and so on. ' * 13}"
    targets = [target for target in shipped.everything.targets if target.source]
    [password] = [target for target in targets if target.id == "command-line-password"]
    quiet = [target for target in targets if not Plan([target]).tree.fires_in(text)]
    plan = Plan([password, *quiet[:40]])
    pieces, letters = _masker(plan), _masker(plan)
    whole = pieces.feed(text) + pieces.finish()
    assert whole == "".join(map(letters.feed, text)) + letters.finish()
    assert "Tr0ub4dor" not in whole


@pytest.mark.parametrize("size", [7, 64, 500])
def test_what_is_too_dense_does_not_depend_on_the_cut(size: int) -> None:
    rule = parse("zqj(?:[a-z]+|NNNx)")
    plan = Plan([Target(f"t{at}", rule) for at in range(97)])
    text = f"see zqj{'ab' * 20} and so on"
    letters, pieces = _masker(plan), _masker(plan)
    alone = "".join(map(letters.feed, text)) + letters.finish()
    cut = [text[start : start + size] for start in range(0, len(text), size)]
    assert "".join(map(pieces.feed, cut)) + pieces.finish() == alone


@settings(max_examples=400, deadline=None, database=None)
@given(text=texts)
def test_the_matcher_of_whole_texts_covers_what_the_masker_of_streams_masks(text: str) -> None:
    spans = MATCHER.all_spans(Scannable(thinned(text)), range(len(RULES)))
    assert _written(thinned(text), [(s.start, s.target, s.end) for s in spans]) == masked(
        text, RULES
    )
    found = {span.target for span in MATCHER.find(Scannable(text), range(len(RULES)))}
    assert found == {span.target for span in spans}


@pytest.mark.parametrize("between", range(40, 80))
def test_what_begins_where_a_look_that_found_nothing_ends_is_found(between: int) -> None:
    text = f"sk-p- {'x' * between} AKIA1234 sk-p-abcde"
    spans = MATCHER.all_spans(Scannable(text), range(len(RULES)))
    assert _written(text, [(s.start, s.target, s.end) for s in spans]) == masked(text, RULES)


def _written(text: str, spans: list[tuple[int, int, int]]) -> str:
    out, until = "", 0
    for start, target, end in sorted(spans):
        if start >= until:
            out += text[until:start] + f"[{RULES[target].id}]"
        until = max(until, end)
    return out + text[until:]


def test_a_secret_longer_than_anything_held_is_swallowed_to_its_end() -> None:
    body = "MIIB" * 65_000
    masker = _masker()
    shown, most = "", 0
    for piece in ["a ---BEGIN RSA KEY---", *(body[at : at + 50] for at in range(0, 260_000, 50))]:
        shown += masker.feed(piece)
        most = max(most, masker.held)
    shown += masker.feed("---END RSA KEY--- b") + masker.finish()
    assert shown == "a [key] b"
    assert most < 40


def test_an_address_holds_back_the_word_that_may_become_its_first_part_and_no_more(
    shipped: Catalog,
) -> None:
    [mail] = [d.target for d in shipped.detectors if d.id == "email-address"]
    masker = Masker(Plan([mail]), lambda _: "[mail]")
    deltas = [("write ", 0), ("to bo", 2), ("b.x", 5), ("@acm", 9), (" ", 0), ("a" * 65, 0)]
    for delta, held in deltas:
        masker.feed(delta)
        assert masker.held == held


def test_nothing_is_held_where_nothing_has_begun() -> None:
    masker = _masker()
    assert masker.feed("plain words, and more!") == "plain words, and more!"
    assert masker.held == 0


def test_a_tail_that_may_be_a_secret_is_released_at_the_end_only_if_it_is_none() -> None:
    harmless, secret = _masker(), _masker()
    assert harmless.feed("the letters AKI") == "the letters "
    assert harmless.finish() == "AKI"
    assert secret.feed("id AKIA0123") + secret.finish() == "id [bare]"


def test_too_many_matches_at_one_place_end_the_text_and_say_so() -> None:
    plan = _plan([Known("deep", r"ab[ab]{300}!", valid=_even)])
    text = "start " + "ab" * 200 + " AKIA"
    for size in (1, 7, len(text)):
        masker = _masker(plan)
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        shown = "".join(map(masker.feed, pieces)) + masker.finish()
        assert shown == f"start {WITHHELD}"


def test_a_flood_of_invisible_characters_is_cut_to_what_writing_needs() -> None:
    masker = _masker()
    shown = masker.feed("AK" + "\u200b" * 10_000) + masker.feed("x") + masker.finish()
    assert shown == "AK" + "\u200b" * 16 + "x"


def test_a_match_that_is_merged_with_an_earlier_one_is_still_told() -> None:
    target = Target("own", parse("ab[a-z]{2,}"))
    text = "abxy" * 20
    starts = [span.start for span in Plan([target]).find(text)]
    assert starts == list(range(0, len(text), 4))


def test_the_worked_example_is_what_the_masker_does() -> None:
    key = Target("aws-access-key-id", parse("AKIA[A-Z0-9]{16}"))
    example = re.findall(r'feed\((".*?")\)\s+(".*?")', str(masker_module.__doc__))
    assert len(example) == 7
    masker = _masker(Plan([key]))
    for piece, released in example:
        assert masker.feed(json.loads(piece)) == json.loads(released)
