"""Which denial stops a call that an approver of another rule changed into the denied one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import HoldState
from app.domain.passage import PassageKind
from policies.passages.answers import covers_of
from proxy.holds.said_before import denied_beside
from tests.policies.calls.test_voting import CHANGED, DELETE, approved, held, rule, vote
from tests.policies.passages.questions import fired, passage, verdict
from tests.policies.passages.talks import NOW

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.verdict import FiredRule

DENIED, OTHER = rule("denied"), rule("other")
DEPLOYS = fired("deploys", passage("asked", PassageKind.CALL))
FOR_TASK = covers_of(approved(DELETE, vote(for_task=True)), NOW)
NO = replace(held(DELETE, DENIED, state=HoldState.DENIED), decided_at=NOW)
YES = held(DELETE, DENIED, state=HoldState.RELEASED)


@pytest.mark.parametrize(
    ("here", "asked", "into", "stops"),
    [
        ((NO,), (DEPLOYS,), DENIED, DENIED),
        ((YES, NO), (DEPLOYS,), DENIED, DENIED),
        ((NO, YES), (DEPLOYS,), DENIED, None),
        ((NO,), (DEPLOYS,), OTHER, None),
        ((NO,), (DEPLOYS, OTHER), DENIED, None),
        ((), (DEPLOYS,), DENIED, None),
    ],
    ids=["denied", "after a yes", "yes since", "another call", "rule asked", "nothing said"],
)
def test_what_was_denied_stops_a_change_into_it(
    here: tuple[Hold, ...], asked: tuple[FiredRule, ...], into: FiredRule, stops: FiredRule | None
) -> None:
    hold = replace(held(DELETE, *asked, state=HoldState.APPROVED), votes=(vote(change=CHANGED),))
    assert denied_beside(here, hold, verdict(into, DEPLOYS), FOR_TASK, NOW) == stops


def test_a_denial_counts_as_long_as_its_rule_says_and_against_what_is_for_a_task() -> None:
    hold = held(DELETE, DEPLOYS, state=HoldState.APPROVED)
    said = verdict(DENIED)
    exact = [grant for grant in FOR_TASK if not grant.covers.tool]
    assert denied_beside((NO,), hold, said, exact, NOW) is None
    later = NOW + timedelta(hours=1)
    assert denied_beside((NO,), hold, said, FOR_TASK, later - timedelta(seconds=1)) == DENIED
    assert denied_beside((NO,), hold, said, FOR_TASK, later) is None
