"""What a person says to a hold: what it does, what stays on record, and what the ledger tells."""

from __future__ import annotations

import hashlib
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.hold import HoldEvent, HoldState, Vote
from app.domain.trust import Reach, Trust
from policies.approvals.approval import Objection
from policies.approvals.votes import Word, facts_of, judge_word, too_late, vote_by
from tests.policies.test_approval import DANA, MARIA, NOW, hold, said, voter
from tests.policies.test_rights import grantable

TRUST = Trust(("p1",), Reach.REPOSITORY, 30)
YES, NO = Word(approve=True), Word(approve=False)


def masked(text: str) -> str:
    return text.replace("secret", "[…]")


@pytest.mark.parametrize(
    ("changes", "spelt"),
    [
        ({"break_glass": True, "grant": True}, "break_glass"),
        ({"trust": TRUST, "grant": True}, "trust"),
        ({"grant": True, "change": "{}"}, "grant"),
        ({"change": "{}", "for_task": True}, "approve_changed"),
        ({"for_task": True, "once": True}, "approve_task"),
        ({"once": True}, "approve_once"),
        ({}, "approve"),
        ({"approve": False}, "deny"),
    ],
    ids=str,
)
def test_the_ledger_spells_what_was_said(changes: dict[str, Any], spelt: str) -> None:
    assert str(replace(YES, **changes)) == spelt


def test_a_grant_is_of_a_length_that_the_rules_offer() -> None:
    def granting(length: timedelta | None) -> object:
        return judge_word(grantable(), voter(), replace(YES, grant=True, length=length), NOW)

    assert granting(None) is granting(timedelta(minutes=15)) is HoldEvent.APPROVE
    assert granting(timedelta(minutes=31)) is Objection.NO_GRANT
    ungranted = judge_word(grantable(up_to=None), voter(), replace(YES, grant=True), NOW)
    # Without a grant there is no length, and `None` is none of those that are offered.
    assert ungranted is Objection.NO_GRANT


def test_breaking_the_glass_and_trusting_have_rules_of_their_own() -> None:
    glass = voter(may_break_glass=True)
    broken = replace(YES, break_glass=True, reason="down")
    assert judge_word(hold(quorum=2), glass, broken, NOW) is HoldEvent.BREAK_GLASS
    assert judge_word(hold(quorum=2), voter(), broken, NOW) is Objection.NO_GLASS
    trusting = judge_word(hold(), voter(), replace(YES, trust=TRUST), NOW)
    assert trusting is Objection.NOTHING_TO_TRUST


def test_a_vote_keeps_all_that_was_said_and_no_secret() -> None:
    full = replace(NO, category="risk", reason="a secret", shared=False, once=True, for_task=False)
    assert vote_by(hold(), voter(), full, NOW, masked) == (
        HoldEvent.DENY,
        Vote(
            MARIA,
            approve=False,
            at=NOW,
            reason="a […]",
            category="risk",
            shared=False,
            sets=("managers",),
            once=True,
        ),
    )
    assert vote_by(hold(state=HoldState.DENIED), voter(), YES, NOW, masked) is Objection.OVER
    glass = replace(YES, break_glass=True, reason="down", change='{"a":"secret"}')
    assert vote_by(hold(), voter(may_break_glass=True), glass, NOW, masked) is (
        Objection.UNSHOWABLE
    )
    [event, vote] = vote_by(  # type: ignore[misc]
        hold(), voter(may_break_glass=True), replace(glass, change=""), NOW, masked
    )
    assert (event, vote.broke_glass) == (HoldEvent.BREAK_GLASS, True)


def test_the_ledger_tells_who_voted_and_a_digest_of_a_change() -> None:
    assert facts_of(voter(), YES) == {
        "word": "approve",
        "slack_user": "U1",
        "email": "maria@acme.example",
    }
    told = facts_of(voter(identities=(DANA, replace(DANA, subject="x"))), replace(YES, trust=TRUST))
    assert (told["reach"], told["days"], told["subject"]) == ("repository", "30", DANA.key)
    change = "{\ud800}"
    assert facts_of(voter(), replace(YES, change=change))["change_sha256"] == (
        hashlib.sha256(b"{?}").hexdigest()
    )


def test_who_comes_too_late_is_told_how_it_ended() -> None:
    votes = (said(MARIA, approve=False), said(replace(MARIA, name="Marcus")))
    approved = hold(state=HoldState.APPROVED, votes=votes)
    assert too_late(approved, "R1") == f"Marcus already approved R1. {Objection.OVER.value}"
    denied = replace(approved, state=HoldState.DENIED, votes=votes[:1])
    assert too_late(denied, "R1") == f"Maria already denied R1. {Objection.OVER.value}"
    assert too_late(replace(approved, votes=()), "R1") == f"R1: {Objection.OVER.value}"
    expired = replace(approved, state=HoldState.EXPIRED)
    assert too_late(expired, "R1") == f"R1: {Objection.TOO_LATE.value}"
    withdrawn = replace(approved, state=HoldState.WITHDRAWN)
    assert too_late(withdrawn, "R1") == "R1 was withdrawn."
    assert too_late(replace(withdrawn, note="No bot."), "R1") == "R1 was withdrawn. No bot."


def test_a_word_says_little_by_itself_and_is_never_changed_in_place() -> None:
    assert replace(
        YES, shared=True, grant=False, break_glass=False, once=False, for_task=False
    ) == (YES)
    with pytest.raises(FrozenInstanceError):
        YES.approve = False  # type: ignore[misc]
    assert not hasattr(YES, "__dict__")
