"""A small part of the evaluation set: what is planted is gone, what only looks like it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.planted.cases import Case, look_alikes, planted
from bench.planted.people import verhoeff
from bench.recall import Outcome, Way, differing, left, share

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog

SEED = 20261123
EVERY = 3
"""Every third text is enough here; `python -m bench.recall` looks at all of them."""


@pytest.fixture(scope="module")
def way(shipped: Catalog) -> Way:
    return Way(shipped)


@pytest.fixture(scope="module")
def found(way: Way) -> list[Outcome]:
    return way.go(planted(SEED, 1)[::EVERY], SEED)


@pytest.fixture(scope="module")
def clean(way: Way) -> list[Outcome]:
    return way.go(look_alikes(SEED)[::EVERY], SEED)


def _named(outcomes: list[Outcome]) -> list[str]:
    return [f"{o.case.kind} ({o.case.context}): {o.case.text!r}" for o in outcomes]


def test_what_is_planted_is_gone_whole_and_in_chunks(found: list[Outcome]) -> None:
    assert len(found) > 190
    assert share(found) >= 0.97, _named([outcome for outcome in found if not outcome.gone])


def test_what_only_looks_like_a_secret_is_left_alone(clean: list[Outcome]) -> None:
    touched = [outcome for outcome in clean if outcome.touched]
    assert len(clean) > 190
    assert len(touched) <= 0.03 * len(clean), _named(touched)


def test_masking_in_chunks_gives_what_masking_the_whole_gives(
    found: list[Outcome], clean: list[Outcome]
) -> None:
    assert not differing([*found, *clean]), _named(differing([*found, *clean]))


@pytest.mark.parametrize(
    ("secret", "text", "expected"),
    [
        ("q8Zk3vN7xP2m", "key: [masked]", False),
        ("q8Zk3vN7xP2m", "key: [masked]xP2m", False),
        ("q8Zk3vN7xP2m", "key: [masked]N7xP2m", True),
        ("q8Zk3vN7xP2mL9rT5wB1", "q8Zk3vN[masked]", False),
        ("q8Zk3vN7xP2mL9rT5wB1", "q8Zk3vN7[masked]", True),
    ],
)
def test_eight_characters_or_half_of_a_secret_are_too_much(
    secret: str, text: str, *, expected: bool
) -> None:
    assert left(secret, text) is expected


def test_every_seed_makes_another_set_of_the_same_kinds() -> None:
    one, other = planted(1, 1), planted(2, 1)
    assert {case.kind for case in one} == {case.kind for case in other}
    assert not {case.text for case in one} & {case.text for case in other}
    assert planted(1, 1) == one


def test_the_numbers_of_the_set_have_the_check_digits_of_others() -> None:
    """Verhoeff's own example, so that set and checks are not wrong in the same way."""
    assert verhoeff("2363") == 0


def test_nothing_is_planted_that_does_not_stand_in_its_text() -> None:
    def lost(case: Case) -> bool:
        return not case.secrets or any(secret not in case.text for secret in case.secrets)

    assert [(case.kind, case.context) for case in planted(SEED, 2) if lost(case)] == []
