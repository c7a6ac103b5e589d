"""Machines that learn as they read: no text may leave them slow for the texts that follow."""

from __future__ import annotations

from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.automaton import Automaton
from policies.patterns.pattern import parse

CHINESE = "".join(map(chr, range(0x4E00, 0x4E00 + 9000)))


def test_a_pattern_still_learns_after_a_text_in_a_large_alphabet() -> None:
    state = Automaton(parse(".{1,1000}").node).start["a"]
    for ch in CHINESE:
        assert not state[ch].dead
    assert state["я"] is state["ю"]
    assert "я" in state
    assert "b" not in state
    assert not state["b"].dead
    assert "b" in state


def test_the_openings_of_all_patterns_still_learn_after_it() -> None:
    start = Plan([Target("word", parse("secret"))]).tree.start
    for ch in CHINESE:
        assert not start[ch].fires
    assert start["я"] is start["ю"]
    assert "я" in start
    assert start["s"].branches
