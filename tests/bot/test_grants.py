"""When a card tells of the uses of a grant: at once at first, and then not at every use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.hold import GrantSummary
from bot.grants import is_news

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SHOWN = GrantSummary(("g",), 3600, NOW + timedelta(hours=8), uses=3, used_at=NOW, passages=1)
SOON, LATER = NOW + timedelta(seconds=2), NOW + timedelta(minutes=1)


@pytest.mark.parametrize("uses", [1, 2, 3])
def test_the_first_uses_are_told_at_once(uses: int) -> None:
    earlier = replace(SHOWN, uses=uses - 1, used_at=NOW if uses > 1 else None)
    assert is_news(earlier, replace(SHOWN, uses=uses, used_at=SOON), SOON)
    assert is_news(None, SHOWN, SOON)


def test_further_uses_are_told_once_a_minute() -> None:
    used = replace(SHOWN, uses=9, used_at=SOON)
    assert not is_news(SHOWN, used, SOON)
    assert is_news(SHOWN, used, LATER)
    assert not is_news(SHOWN, SHOWN, LATER)


@pytest.mark.parametrize("change", [{"over": True}, {"revoked_by": "Maria"}])
def test_the_end_is_told_at_once_however_often_it_was_used(change: dict[str, object]) -> None:
    assert is_news(SHOWN, replace(SHOWN, uses=9, used_at=SOON, **change), SOON)  # type: ignore[arg-type]
