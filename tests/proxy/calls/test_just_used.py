"""Which approval may yet be given back, so that the same call does not ask people again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import HoldState
from proxy.holds.said_before import just_used
from tests.policies.calls.test_voting import DELETE, held
from tests.policies.passages.talks import NOW

if TYPE_CHECKING:
    from app.domain.hold import Hold

MOMENT = timedelta(seconds=2)
USED = replace(held(DELETE, state=HoldState.RELEASED), released_at=NOW)


@pytest.mark.parametrize(
    ("here", "found"),
    [
        ((USED,), USED),
        ((USED, replace(USED, key="another")), USED),
        ((replace(USED, released_at=NOW - MOMENT),), None),
        ((replace(USED, state=HoldState.APPROVED, released_at=None),), None),
        ((replace(USED, key="another"),), None),
        ((), None),
    ],
    ids=["used", "and another", "a while ago", "given back", "another", "nothing"],
)
def test_what_was_used_a_moment_ago_may_be_given_back(
    here: tuple[Hold, ...], found: Hold | None
) -> None:
    assert just_used(here, USED.key, NOW, MOMENT) == found
