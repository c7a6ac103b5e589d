"""What an answer cost by list price. Pure.

    >>> price = Price("m", Decimal(2), Decimal(10), "2026-11-01", "…", cached=Decimal("0.2"))
    >>> PriceTable([price]).cost("m-2026-10-01", Tokens(input=1_000, output=100, cached=500))
    Cost(micros=2100, as_of='2026-11-01')

Without a price for all that an answer counts, nothing is said of its cost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from app.domain.record.session_facts import Cost, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

# Providers add the day of a release to the name of a model: all releases have one price.
_RELEASE = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, which are millionths of a dollar for one."""

    model: str
    input: Decimal
    output: Decimal
    date: str
    """When the provider published it, as ISO 8601."""
    source: str
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    reasoning: Decimal | None = None
    """Where it is not what other output costs."""
    input_up_to: int | None = None
    """The longest prompt that costs this, in tokens."""

    def of(self, tokens: Tokens) -> Decimal | None:
        """Return millionths of a dollar; None where something that is counted has no price."""
        output = _output(tokens)
        if tokens.input is None or output is None:
            return None
        if self.input_up_to is not None and tokens.input > self.input_up_to:
            return None
        cached, written = tokens.cached or 0, tokens.cache_written or 0
        hour, reasoning = tokens.cache_written_1h or 0, tokens.reasoning or 0
        fresh, said = tokens.input - cached - written, output - reasoning
        parts = [
            (fresh, self.input),
            (cached, self.cached),
            (written - hour, self.cache_write),
            (hour, self.cache_write_1h),
            (said, self.output),
            (reasoning, self.output if self.reasoning is None else self.reasoning),
        ]
        if any(count < 0 or (count and price is None) for count, price in parts):
            return None
        return sum((count * price for count, price in parts if price is not None), Decimal(0))


class PriceTable:
    def __init__(self, prices: Iterable[Price] = ()) -> None:
        """Of several prices for one model, the last counts."""
        self._prices = {price.model.lower(): price for price in prices}

    def cost(self, model: str, tokens: Tokens | None) -> Cost | None:
        """Return what the tokens cost; None where that is not known."""
        name = model.lower().removeprefix("models/")
        price = self._prices.get(name) or self._prices.get(_RELEASE.sub("", name))
        amount = price.of(tokens) if price is not None and tokens is not None else None
        if price is None or amount is None:
            return None
        return Cost(int(amount.to_integral_value(ROUND_HALF_UP)), price.date)


def _output(tokens: Tokens) -> int | None:
    """Return how much was written: nothing where the prompt is all that was counted."""
    is_all = tokens.total is not None and tokens.total == tokens.input
    return 0 if tokens.output is None and is_all else tokens.output
