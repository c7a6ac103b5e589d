"""What the ablation makes of patterns: probes that they match, and one option less at a time."""

from __future__ import annotations

import random
import re

import pytest

from bench.ablation import alternatives, sample
from policies.patterns.pattern import parse


def test_each_option_is_tried_alone_and_left_out_once() -> None:
    rng = random.Random(1)  # noqa: S311 - repeatable
    node = parse("a(?:b|c(?:d|e))f").node
    made = [
        ({sample(only, rng) for _ in range(40)}, {sample(others, rng) for _ in range(40)})
        for only, others in alternatives(node)
    ]
    assert made == [
        ({"abf"}, {"acdf", "acef"}),
        ({"acdf", "acef"}, {"abf"}),
        ({"acdf"}, {"abf", "acef"}),
        ({"acef"}, {"abf", "acdf"}),
    ]


@pytest.mark.parametrize(
    "pattern", [r"[a-z]{3,9}\.[^\w]?x*", r"(?i)key ?[=:] ?[0-9]+", r"[^ -~]é|д|\r?\n"]
)
def test_a_probe_is_what_its_pattern_matches(pattern: str) -> None:
    rng = random.Random(1)  # noqa: S311 - repeatable
    assert all(re.fullmatch(pattern, sample(parse(pattern).node, rng)) for _ in range(40))
