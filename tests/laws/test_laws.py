"""Six laws, whatever happens in whatever order.

An approval is used at most once; nothing is forwarded without one for each prompt in it; what is
approved covers only the same person, and nothing once it is revoked; every hold ends; a card for
every hold and one only; the developer hears the truth.

A few short stories in the suite, and some whose steps are written down; `make fuzz` tells many and
long ones.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_stories

from app.domain.hold import HoldState
from tests.flows.house import open_house
from tests.laws.rules import BRIEF, LONG, SHORT, write_catalog
from tests.laws.world import REQUESTERS, World, approved, truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.domain.hold import Hold
    from tests.laws.world import Ask

STORIES = int(os.environ.get("ABEYANCE_FUZZ", "0"))
TRUE_CODES = {
    "approval_denied": {HoldState.DENIED},
    "approval_expired": {HoldState.EXPIRED},
    "approval_lapsed": {HoldState.LAPSED},
    "hold_withdrawn": {HoldState.WITHDRAWN},
    # Another copy of the request was forwarded.
    "approval_used": {HoldState.RELEASED},
}
WHICH = st.integers(0, 9)
EITHER = st.integers(0, 1)
MANAGERS = st.sampled_from(["maria", "marcus"])
PEOPLE = st.sampled_from(REQUESTERS)
CALLS = st.sampled_from(["chat.postMessage", "chat.update", "users.info"])


@pytest.fixture(scope="module", params=["request", "passages"])
def world(
    request: pytest.FixtureRequest, mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    data = tmp_path_factory.mktemp("house")
    faster = {"ABEYANCE_SLACK_POST_SECONDS": "0.05", "ABEYANCE_PENDING_LIMIT": "100"}
    catalog = write_catalog(data / "policies", request.param)
    with open_house(data, mongodb_uri, catalog, **faster) as house:
        world = World(house, request.param)
        yield world
        world.close()


def test_the_laws_hold_whatever_happens(world: World) -> None:
    class Story(Siege):
        def __init__(self) -> None:
            super().__init__(world)

    # Stories of processes are too dear to be shrunk: the steps of the one that failed are told.
    run_stories(
        Story,
        settings=settings(
            max_examples=STORIES or 2,
            stateful_step_count=25 if STORIES else 10,
            phases=[Phase.generate],
            derandomize=not STORIES,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


class Siege(RuleBasedStateMachine):
    """One story. Its requests are its own; the world goes on to the next."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.kills = 0
        world.begin()

    @initialize(person=PEOPLE, name=MANAGERS)
    def what_one_person_got_approved_is_said_by_another(self, person: str, name: str) -> None:
        self.world.ask(person)
        self.world.wait_for_card(self.one(0))
        self.somebody_else_says_the_same_as_was_approved(0, name)

    @rule(person=PEOPLE)
    def another_asks(self, person: str) -> None:
        self.world.ask(person)

    @rule(which=WHICH, person=PEOPLE)
    def somebody_says_the_same(self, which: int, person: str) -> None:
        self.world.ask(person, self.one(which).word)

    @rule(which=WHICH, name=MANAGERS)
    def somebody_else_says_the_same_as_was_approved(self, which: int, name: str) -> None:
        self.approves(which, name)
        [other] = {*REQUESTERS} - {self.one(which).person}
        self.world.ask(other, self.one(which).word)

    @rule(which=WHICH, gateway=EITHER)
    def names_production_anew(self, which: int, gateway: int) -> None:
        self.one(which).turns += 1
        self.world.send(self.one(which), gateway=gateway, patient=True)

    @rule(which=WHICH, name=MANAGERS)
    def revokes_and_it_is_sent_again(self, which: int, name: str) -> None:
        self.world.click(name, self.one(which), "Revoke")
        self.world.send(self.one(which), gateway=0, patient=True)

    @rule(which=WHICH, gateway=EITHER, patient=st.booleans())
    def sends_it_again(self, which: int, gateway: int, *, patient: bool) -> None:
        self.world.send(self.one(which), gateway=gateway, patient=patient)

    @rule(which=WHICH, name=MANAGERS)
    def approves(self, which: int, name: str) -> None:
        self.world.click(name, self.one(which), "Approve")

    @rule(which=WHICH, name=MANAGERS)
    def denies(self, which: int, name: str) -> None:
        self.world.click(name, self.one(which), "Deny…")

    @rule(call=CALLS, status=st.sampled_from([429, 500, 0]))
    def slack_stumbles(self, call: str, status: int) -> None:
        """429, 500, or a call that is done and never answered."""
        self.world.trouble(status, call, times=1)

    @rule()
    def sockets_break(self) -> None:
        self.world.drop_sockets()

    @precondition(lambda self: self.kills < (6 if STORIES else 2))
    @rule(at=EITHER)
    def a_gateway_is_killed(self, at: int) -> None:
        self.kills += 1
        self.world.kill(self.world.gateways, at)

    @precondition(lambda self: self.kills < (6 if STORIES else 2))
    @rule(at=EITHER)
    def a_bot_is_killed(self, at: int) -> None:
        self.kills += 1
        self.world.kill(self.world.bots, at)

    @invariant()
    def grants_are_noted(self) -> None:
        self.world.note_grants()

    def one(self, which: int) -> Ask:
        return self.world.asks[which % len(self.world.asks)]

    def teardown(self) -> None:
        self.world.settle()
        self.what_was_revoked_was_not_used_since()
        for ask in self.world.asks:
            holds = self.world.holds(ask)
            self.approvals_are_used_once_and_nothing_goes_without(ask, holds)
            for hold in holds:
                self.it_has_ended_and_has_one_card(hold)
                self.who_asked_was_told(hold)
            self.every_answer_was_true(ask, holds)

    def approvals_are_used_once_and_nothing_goes_without(self, ask: Ask, holds: list[Hold]) -> None:
        released = [hold for hold in holds if hold.state is HoldState.RELEASED]
        assert all(approved(hold) for hold in released)
        passings = self.world.passings(ask)
        for granting in passings:
            assert all(approved(hold) for hold in granting)
            assert {hold.id for hold in granting} <= {hold.id for hold in holds}
        forwarded = self.world.forwarded(ask)
        # Killed between the claim and the call, a gateway has sent nothing: never twice.
        assert len(forwarded) <= len(released) + len(passings)
        decided = [self.world.turns_of(ask, hold) for hold in holds if approved(hold)]
        for body in forwarded:
            assert ask.turns_in(body) <= set().union(*decided)

    def what_was_revoked_was_not_used_since(self) -> None:
        assert self.world.grants(self.world.revoked) == self.world.revoked

    def it_has_ended_and_has_one_card(self, hold: Hold) -> None:
        assert not hold.state.open
        [card] = self.world.cards(hold)
        assert "Approve" not in card.buttons

    def who_asked_was_told(self, hold: Hold) -> None:
        told = self.world.told(hold)
        assert len(told) <= 1
        if truth(hold):
            name = hold.id[-6:].upper()
            lines = [line for line in told[0].words.splitlines() if name in line]
            assert any(truth(hold) in line for line in lines)

    def every_answer_was_true(self, ask: Ask, holds: list[Hold]) -> None:
        answers = [answer.result() for answer in ask.answers]
        ended = {hold.state for hold in holds}
        for _, code in answers:
            if code in TRUE_CODES:
                assert ended & TRUE_CODES[code]
        went_through = sum(status == 200 for status, _ in answers)
        assert went_through <= len(self.world.forwarded(ask))


# What random stories come to only with luck is told here, in each run.


@contextmanager
def telling(world: World) -> Iterator[Siege]:
    """A story whose steps a test tells; the laws are checked at its end."""
    story = Siege(world)
    yield story
    story.teardown()


def codes(ask: Ask) -> list[str]:
    """Wait for all answers, and return why they are refusals; empty for one that is none."""
    return [code for _, code in [answer.result() for answer in ask.answers]]


BROADLY = {"request": ["Approve for 1 h"], "passages": ["Approve", "Approve for 1 h"]}
"""The buttons with which the same request passes again, by what its rule decides on."""


def test_what_was_approved_passes_until_that_is_revoked_and_is_held_again_then(
    world: World,
) -> None:
    for button in BROADLY[world.decides]:
        with telling(world):
            ask = world.ask(names=LONG)
            world.press("maria", ask, button)
            assert codes(ask) == [""]
            world.wait_for_card(ask, "Revoke")
            world.note_grants()
            world.send(ask, gateway=1, patient=True)
            assert codes(ask) == ["", ""]
            world.press("marcus", ask, "Revoke")
            world.wait_for_holds(
                ask, lambda holds: any(h.granted and h.granted.over for h in holds)
            )
            world.note_grants()
            world.send(ask, gateway=1, patient=True)
            world.press("marcus", ask, "Approve")
            assert codes(ask) == ["", "", ""]
            assert len(world.holds(ask)) == 2
            assert world.revoked


def test_what_was_denied_is_refused_without_another_card(world: World) -> None:
    with telling(world):
        ask = world.ask("dana", names=LONG)
        world.press("maria", ask, "Deny…")
        world.send(ask, gateway=1, patient=True)
        assert codes(ask) == ["approval_denied", "approval_denied"]
        assert len(world.holds(ask)) == 1


def test_after_an_approval_has_lapsed_the_same_is_held_again(world: World) -> None:
    with telling(world):
        ask = world.ask(names=BRIEF, patient=False)
        world.press("maria", ask, "Approve")
        world.wait_for_card(ask, "Approve", gone=True)
        world.wait_for_holds(ask, lambda holds: holds[0].state is HoldState.LAPSED)
        world.send(ask, gateway=1, patient=True)
        world.press("marcus", ask, "Deny…")
        assert codes(ask) == ["", "approval_denied"]
        assert len(world.holds(ask)) == 2


def test_after_nobody_has_answered_the_next_turn_is_held(world: World) -> None:
    with telling(world) as story:
        ask = world.ask(names=SHORT)
        assert codes(ask) == ["approval_expired"]
        story.names_production_anew(0, gateway=1)
        assert codes(ask) == ["approval_expired", "approval_expired"]
        assert len(world.holds(ask)) == 2


def test_the_same_request_at_two_gateways_is_asked_about_once(world: World) -> None:
    with telling(world):
        ask = world.ask(names=LONG)
        world.send(ask, gateway=1, patient=True)
        world.wait_for_holds(ask, lambda holds: sum(len(h.callers) for h in holds) == 2)
        world.press("maria", ask, "Approve")
        assert "" in codes(ask)
        assert len(world.holds(ask)) == 1
