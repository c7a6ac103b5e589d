"""What an answer cost: by list price, and nothing where a price is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.record.session_facts import Cost, Tokens
from app.errors import BadCatalog
from policies.loader import SHIPPED, load_catalog
from policies.prices.reading import read_prices

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
- {model: ours, input: 2, output: 10, cached: 0.2, date: 2026-11-01, source: contract 7}
- {model: short, input: 1, output: 1, input_up_to: 100, date: 2026-11-01, source: contract 7}
- {model: thinks, input: 0, output: 1, reasoning: 5, date: 2026-11-01, source: contract 7}
- {model: claude-opus-5, input: 1, output: 1, date: 2026-11-02, source: contract 8}
"""
COSTS = {
    "fresh and cached are priced apart": ("ours", Tokens(1000, 100, 500), 2100),
    "a release has the price of its model": ("OURS-2026-10-01", Tokens(1000, 100), 3000),
    "as Gemini's addresses name it": ("models/ours", Tokens(1000, 0), 2000),
    "nothing costs nothing": ("ours", Tokens(0, 0, 0), 0),
    "reasoning has its own price": ("thinks", Tokens(9, 10, reasoning=4), 26),
    "the company's price goes before": ("claude-opus-5", Tokens(7, 3), 10),
    "the longest prompt of a price": ("short", Tokens(100, 1), 101),
    "a longer one": ("short", Tokens(101, 1), None),
    "a prompt alone": ("ours", Tokens(1000, None, total=1000), 2000),
    "what was answered is not counted": ("ours", Tokens(1000, None, total=1400), None),
    "no price for what was written to a cache": ("ours", Tokens(1000, 1, cache_written=5), None),
    "more cached than there was": ("ours", Tokens(10, 1, cached=20), None),
    "an unknown model": ("ours-mini", Tokens(1, 1), None),
    "no model": ("", Tokens(1, 1), None),
    "nothing counted": ("ours", None, None),
}


@pytest.mark.parametrize(("model", "tokens", "micros"), COSTS.values(), ids=list(COSTS))
def test_cost(tmp_path: Path, model: str, tokens: Tokens | None, micros: int | None) -> None:
    (tmp_path / "prices.yaml").write_text(OWN)
    prices, faults = read_prices(tmp_path)
    assert faults == []
    cost = prices.cost(model, tokens)
    assert (cost.micros if cost else None) == micros


def test_the_shipped_list_prices_what_a_cache_holds_for_an_hour() -> None:
    tokens = Tokens(1000, 100, cached=100, cache_written=300, cache_written_1h=200)
    cost = load_catalog(SHIPPED).prices.cost("claude-sonnet-4-5-20250929", tokens)
    assert cost == Cost(600 * 3 + 30 + 375 + 1200 + 1500, "2026-10-16")
    assert cost.dollars == "$0.0049"


def test_a_price_that_cannot_be_read_is_a_fault_of_the_catalog(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    rules = (SHIPPED / "catalog" / "starter.yaml").read_text()
    (tmp_path / "catalog" / "rules.yaml").write_text(rules)
    (tmp_path / "prices.yaml").write_text("- {model: m, input: -1, output: 1, date: x, source: s}")
    with pytest.raises(BadCatalog) as bad:
        load_catalog(tmp_path)
    assert [fault.partition(": ")[0] for fault in bad.value.faults] == ["prices.yaml:1"] * 2
