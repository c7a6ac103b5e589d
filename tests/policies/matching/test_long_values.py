"""A secret is masked to the end of its token, however long it is."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

import pytest

from policies.loader import load_catalog
from policies.matching.masker import Masker
from policies.matching.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.compiled_catalog import Catalog

_ALPHABET = string.ascii_letters + string.digits
PLACES = [
    "Authorization: Bearer {}",
    '{{"refresh_token": "{}"}}',
    "client_secret={}\nnext=1",
    "curl -H 'X-Api-Key: {}' https://api.example",
    "https://files.example/a?sig={}&page=2",
    "Cookie: lang=en; sessionid={}; theme=dark",
    'password = "{}"',
    "use sk-ant-api03-{} here",
    "export GITHUB_TOKEN=ghp_{}",
    "LEDGER_KEY={}",
]


def _value(length: int, seed: int) -> str:
    rng = random.Random(seed)  # noqa: S311 - the same value in each run
    return "".join(rng.choices(_ALPHABET, k=length))


def _streamed(catalog: Catalog, text: str, step: int) -> str:
    plan = Plan(catalog.everything.targets)
    masker = Masker(plan, lambda at: catalog.label(plan.targets[at]))
    pieces = (text[at : at + step] for at in range(0, len(text), step))
    return "".join(map(masker.feed, pieces)) + masker.finish()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("length", [100, 300, 590, 592, 600, 1200, 2500, 9000])
def test_a_long_value_goes_wholly_in_a_request_and_in_a_stream(
    shipped: Catalog, place: str, length: int
) -> None:
    secret = _value(length, length)
    text = place.format(secret)
    masked = shipped.mask(text)
    assert not any(secret[at : at + 4] in masked for at in range(length - 3)), masked[-80:]
    assert _streamed(shipped, text, 7) == masked


OWN = """\
kind: secret
detectors:
  - id: own-token
    title: Own token
    pattern: '[a-z]{10,64}={0,2}'
    context: 'own: '
    not_after: '[a-z0-9=]'
    examples: {match: ["own: abcdefghijk"], skip: ["own: abc"]}
  - id: own-form
    title: Own form
    pattern: '[A-Z]{40}'
    context: 'form: '
    not_after: '[A-Z]'
    examples: {match: ["form: ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJ"], skip: ["form: ABC"]}
"""
_RULE = """\
  on: request
  when: {prompt: {words: [nothing]}}
  then: mask
  examples: {match: [nothing], skip: [something]}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("own: " + "q" * 64, "own: [own-token]"),
        ("own: " + "q" * 65, "own: [own-token]"),
        ("own: " + "q" * 500 + " rest", "own: [own-token] rest"),
        ("own: " + "q" * 500 + "==", "own: [own-token]"),
        ("own: " + "q" * 500 + "7", "own: [own-token]7"),
        ("own: " + "q" * 63 + "7", "own: " + "q" * 63 + "7"),
        ("own: " + "q" * 20 + "=q", "own: " + "q" * 20 + "=q"),
        ("form: " + "Q" * 40, "form: [own-form]"),
        ("form: " + "Q" * 41, "form: " + "Q" * 41),
    ],
)
def test_only_what_has_reached_a_bound_goes_on_behind_it(
    write: Callable[..., Path], text: str, expected: str
) -> None:
    catalog = load_catalog(write(_RULE, detectors=OWN))
    assert catalog.mask(text) == expected
    for step in (1, 5, len(text)):
        assert _streamed(catalog, text, step) == expected


def test_invisible_characters_do_not_bring_a_bound_nearer(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(_RULE, detectors=OWN))
    text = "own: " + "q\u200b" * 40 + "7"
    assert catalog.mask(text) == _streamed(catalog, text, 3) == text
