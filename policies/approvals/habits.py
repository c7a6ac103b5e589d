"""What people have made a habit of: a rule whose requests are always approved. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.hold import Hold

ENOUGH = 50
"""So many decisions in a row are a habit."""
ADVICE = (
    f"Approved {ENOUGH} of the last {ENOUGH} times. Consider allowing it, or narrowing the rule."
)


def always_approved(judged: Sequence[Hold]) -> bool:
    """Whether the last decisions on a rule were all approvals; `judged` are the newest of them."""
    last = judged[:ENOUGH]
    return len(last) == ENOUGH and all(hold.state is not HoldState.DENIED for hold in last)
