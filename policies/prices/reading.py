"""Reads the prices of a catalog: those that ship, then those of its `prices.yaml`.

They decide nothing, so they are no part of the revision that decisions name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.files.items import ItemReader
from policies.files.model import PriceSpec
from policies.prices.table import Price, PriceTable
from policies.shipped import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

_SHIPPED = SHIPPED / "prices" / "shipped.yaml"


def read_prices(directory: Path) -> tuple[PriceTable, list[str]]:
    """Return the table, and what is wrong with its files."""
    reading = ItemReader(directory)
    own = directory / "prices.yaml"
    prices = [
        _price(spec)
        for name, document in reading.documents([_SHIPPED, *([own] if own.exists() else [])])
        for _, spec in reading.items(name, document, (), PriceSpec)
    ]
    return PriceTable(prices), reading.faults


def _price(spec: PriceSpec) -> Price:
    values = spec.model_dump()
    return Price(**{**values, "date": spec.date.isoformat()})
