"""The law of masking: for every cut the same, and never a character of a secret too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.masker import Masker
from policies.pattern import parse
from policies.scanner import Plan, Target
from tests.policies.oracle import Known, masked

if TYPE_CHECKING:
    import random


def _even(text: str) -> bool:
    return sum(map(ord, text)) % 2 == 0


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
    Known("mail", r"\b[a-z.]{1,9}@[a-z]{2,6}"),
    Known("code", r"[a-z]{4,8}\b", "code: ?", valid=_even),
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
        "@",
        "code: ",
        "code:",
        "abcdef",
        "\u200b" * 18,
        "\0",
    ),
]


def _plan(rules: list[Known]) -> Plan:
    return Plan(
        [
            Target(
                rule.id,
                parse(rule.pattern),
                context=parse(rule.context) if rule.context else None,
                valid=rule.valid,
            )
            for rule in rules
        ]
    )


PLAN = _plan(RULES)


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


@settings(max_examples=1500, deadline=None)
@given(texts, st.randoms(use_true_random=False))
def test_every_cut_of_a_text_gives_what_masking_the_whole_gives(
    text: str, chance: random.Random
) -> None:
    expected = masked(text, RULES)
    _check(text, [], expected)
    _check(text, list(range(1, len(text))), expected)
    for _ in range(4):
        count = chance.randint(0, len(text) - 1)
        _check(text, chance.sample(range(1, len(text)), count), expected)
