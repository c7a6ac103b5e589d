"""One table says how a hold ends; each room that tells of it reads that table."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import TRANSITIONS, HoldEvent, HoldState
from bot.views.headline import headline
from policies.approvals.endings import ENDINGS
from proxy.holds.endings import refusal_of
from proxy.record.refusing import ending
from tests.policies.test_approval import hold

if TYPE_CHECKING:
    from policies.approvals.endings import Ending


def test_every_state_in_which_a_hold_is_over_without_being_sent_has_an_ending() -> None:
    over = {state for state in HoldState if not state.open}
    assert set(ENDINGS) == over - {TRANSITIONS[HoldState.APPROVED, HoldEvent.CLAIM]}


def test_what_an_ending_means_is_never_changed_in_place() -> None:
    ending = ENDINGS[HoldState.DENIED]
    with pytest.raises(FrozenInstanceError):
        ending.title = "Approved"  # type: ignore[misc]
    assert not hasattr(ending, "__dict__")


@pytest.mark.parametrize(("state", "told"), ENDINGS.items())
def test_session_client_and_card_say_the_same_of_an_ending(state: HoldState, told: Ending) -> None:
    ended = replace(hold(), state=state)
    refusal = refusal_of(ended)
    assert refusal.reason is told.reason
    assert ending(refusal) is told.decision
    assert headline(ended).startswith(f"{told.mark} {told.title}: ")
