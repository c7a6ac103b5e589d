"""A conversation that has grown large is worked on here, where all but its end is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policies.loader import SHIPPED, load_catalog
from proxy.work.familiar import FamiliarBodies
from proxy.work.threads import LARGE_BYTES

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog


@pytest.fixture(scope="module")
def other() -> Catalog:
    return load_catalog(SHIPPED)


STEP = 64 * 1024
HISTORY = b"".join(b"%07d," % number for number in range(LARGE_BYTES))
"""Two million bytes, of which no two stretches are alike."""


@pytest.mark.parametrize("known", [LARGE_BYTES - STEP, LARGE_BYTES, LARGE_BYTES + 3 * STEP])
def test_a_body_that_goes_on_counts_what_is_new_and_a_quarter_of_the_rest(
    shipped: Catalog, known: int
) -> None:
    familiar, body = FamiliarBodies(), HISTORY[: known + STEP + 5]
    assert familiar.size(body, shipped) == len(body)
    familiar.note(HISTORY[: known + 7], shipped)
    if len(body) < LARGE_BYTES:
        assert familiar.size(body, shipped) == len(body)
    else:
        assert familiar.size(body, shipped) == STEP + 5 + known // 4


def test_one_byte_that_differs_makes_all_behind_it_new(shipped: Catalog) -> None:
    familiar, body = FamiliarBodies(), HISTORY[: 2 * LARGE_BYTES]
    familiar.note(body, shipped)
    for place, known in ((0, 0), (STEP - 1, 0), (STEP, STEP), (3 * STEP + 9, 3 * STEP)):
        other = body[:place] + b"X" + body[place + 1 :]
        assert familiar.size(other, shipped) == len(other) - known + known // 4
    swapped = body[STEP : 2 * STEP] + body[:STEP] + body[2 * STEP :]
    assert familiar.size(swapped, shipped) == len(swapped)


def test_however_much_of_a_very_large_body_is_known_it_counts_as_large(shipped: Catalog) -> None:
    familiar = FamiliarBodies()
    familiar.note(HISTORY, shipped)
    assert familiar.size(HISTORY, shipped) >= LARGE_BYTES


def test_what_was_known_with_another_catalog_is_new(shipped: Catalog, other: Catalog) -> None:
    familiar, body = FamiliarBodies(), HISTORY[: 2 * LARGE_BYTES]
    familiar.note(body, shipped)
    assert familiar.size(body, other) == len(body)
    familiar.note(HISTORY[LARGE_BYTES : 2 * LARGE_BYTES], other)
    assert familiar.size(body, shipped) == familiar.size(body, other) == len(body)


def test_many_bodies_make_it_forget_the_oldest(shipped: Catalog) -> None:
    familiar, body = FamiliarBodies(most=8), HISTORY[: 2 * LARGE_BYTES]
    familiar.note(body, shipped)
    for number in range(8):
        familiar.note(b"%d" % number + HISTORY[:LARGE_BYTES], shipped)
    assert familiar.size(body, shipped) == len(body)
