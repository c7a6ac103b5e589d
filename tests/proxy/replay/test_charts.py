"""What the axes of the dashboard's charts say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from proxy.replay.dashboard.charts import bars, columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup


def axis(drawn: str) -> list[str]:
    """Return the numbers that stand in a chart."""
    return re.findall(r">([0-9][0-9.,]*)<", drawn)


@pytest.mark.parametrize("counts", [[0], [1], [2, 1], [3, None], [7]])
@pytest.mark.parametrize("draw", [bars, columns])
def test_what_is_counted_is_not_counted_in_halves(
    draw: Callable[..., Markup], counts: list[float | None]
) -> None:
    names = ["first", "second"][: len(counts)]
    told = axis(draw(names, {"fired": counts}, stacked=True))
    assert len(told) > 1
    assert not [number for number in told if "." in number]


def test_what_is_measured_keeps_its_fractions() -> None:
    assert "0.5" in axis(bars(["first"], {"seconds": [0.5]}))
