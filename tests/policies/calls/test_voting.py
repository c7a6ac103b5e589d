"""What people may say of a held tool call, and what that covers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.hold import HoldEvent, HoldState, Person, Vote
from app.domain.passage import PassageKind
from app.domain.tool_call import HeldCall
from app.domain.verdict import Action, Approval, Risk
from policies.approvals.approval import Objection, Voter
from policies.approvals.votes import Word, facts_of, judge_word, vote_by
from policies.calls.voting import may_pass_task, stops_change
from policies.passages.answers import covered_by, covers_of, still_open
from tests.policies.made import ALICE
from tests.policies.passages.questions import TERMS, fired, passage, verdict
from tests.policies.passages.talks import CALL, MARIA, NOW, hold_for

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.verdict import FiredRule

DELETE = HeldCall("Bash", '{"command":"kubectl delete ns web","timeout":5}', "conversation 1")
PATCH = HeldCall("apply_patch", "*** Begin Patch\n*** End Patch", "conversation 1")
CHANGED = '{"command":"kubectl get ns web","timeout":5}'
MARCUS = Person("U2", "marcus@acme.example", "Marcus")


def rule(name: str = "a", **changes: Any) -> FiredRule:  # noqa: ANN401 - fields of a rule
    return fired("clusters", passage(name, PassageKind.CALL), **changes)


def held(
    call: HeldCall | None = DELETE, *rules: FiredRule, state: HoldState = HoldState.PENDING
) -> Hold:
    made = hold_for(verdict(*(rules or (rule(),))), state=state, votes=())
    return replace(made, tool=call, deadline=NOW + (made.deadline - made.created_at))


def voter(person: Person = MARIA) -> Voter:
    return Voter(person, member_of=frozenset({"managers"}))


def says(hold: Hold, word: Word) -> HoldEvent | Objection:
    return judge_word(hold, voter(), word, hold.created_at)


def approved(call: HeldCall, *votes: Vote, quorum: int = 1) -> Hold:
    terms = replace(TERMS, quorum=quorum)
    made = held(call, rule(terms=terms), state=HoldState.APPROVED)
    return replace(made, votes=votes, decided_at=NOW)


def vote(by: Person = MARIA, **changes: Any) -> Vote:  # noqa: ANN401 - fields of a vote
    return replace(Vote(by, approve=True, at=NOW, sets=("managers",)), **changes)


@pytest.mark.parametrize(
    ("call", "change", "expected"),
    [
        (DELETE, CHANGED, HoldEvent.APPROVE),
        (DELETE, '{"command":"true"}', HoldEvent.APPROVE),
        (DELETE, ' {"timeout": 5, "command": "kubectl delete ns web"}', Objection.NOT_CHANGED),
        (DELETE, "kubectl get ns web", Objection.NO_JSON),
        (DELETE, '["kubectl"]', Objection.NO_JSON),
        (DELETE, '{"command":"a","command":"b"}', Objection.NO_JSON),
        (DELETE, '{"command":NaN}', Objection.NO_JSON),
        (DELETE, '{"command":"\\ud800"}', Objection.NO_JSON),
        (DELETE, "[" * 9000, Objection.NO_JSON),
        (DELETE, " ", Objection.NO_JSON),
        (PATCH, "*** Begin Patch\n+a\n*** End Patch", HoldEvent.APPROVE),
        (PATCH, PATCH.arguments + "\n", Objection.NOT_CHANGED),
        (PATCH, " \n", Objection.NOT_CHANGED),
        (replace(DELETE, editable=False), CHANGED, Objection.NO_CHANGE),
        (None, CHANGED, Objection.NO_CHANGE),
        (replace(DELETE, arguments='{"a":1,"a":2}'), CHANGED, Objection.NO_CHANGE),
    ],
    ids=range(16),
)
def test_a_change_is_readable_really_one_and_of_a_call_that_may_be_changed(
    call: HeldCall | None, change: str, expected: HoldEvent | Objection
) -> None:
    assert says(held(call), Word(approve=True, change=change)) is expected


@pytest.mark.parametrize("terms", [Approval(("managers",), 2), Approval((), 1, ("a", "b"))])
def test_nobody_changes_alone_what_several_have_to_approve(terms: Approval) -> None:
    word = Word(approve=True, change=CHANGED)
    assert says(held(DELETE, rule(terms=terms)), word) is Objection.NO_CHANGE


@pytest.mark.parametrize("also", [{"approve": False}, {"for_task": True}])
def test_a_change_goes_with_a_plain_approval_only(also: dict[str, Any]) -> None:
    word = replace(Word(approve=True, change=CHANGED), **also)
    assert isinstance(says(held(), word), Objection)


def test_what_a_change_may_not_show_is_not_taken_and_not_told_to_the_ledger() -> None:
    secret = '{"command":"login AKIAIOSFODNN7EXAMPLQ"}'
    word = Word(approve=True, change=secret)

    def mask(text: str) -> str:
        return text.replace("AKIAIOSFODNN7EXAMPLQ", "[aws-key]")

    assert vote_by(held(), voter(), word, NOW, mask) is Objection.UNSHOWABLE
    facts = facts_of(voter(), word)
    assert "AKIA" not in str(facts)
    assert facts["word"] == "approve_changed"
    assert len(facts["change_sha256"]) == 64


def test_a_change_stands_in_the_vote_and_covers_nothing() -> None:
    taken = vote_by(held(), voter(), Word(approve=True, change=CHANGED), NOW, str)
    assert not isinstance(taken, Objection)
    assert taken[1].change == CHANGED
    assert covers_of(approved(DELETE, vote(change=CHANGED)), NOW) == ()
    assert approved(DELETE, vote(change=CHANGED)).change == CHANGED


BEYOND = replace(rule("b"), rule="another")
DENIES = replace(rule("b", action=Action.DENY), rule="never", question=None)


@pytest.mark.parametrize(
    ("changed", "stops"),
    [
        ((rule("b"),), None),
        ((rule("b"), BEYOND), BEYOND),
        ((reworded := rule("b", law="stricter"),), reworded),
        ((replace(BEYOND, enforced=False),), None),
        ((rule("b"), DENIES), DENIES),
    ],
    ids=["the same rule", "another rule", "another law", "shadow", "denied"],
)
def test_a_change_is_stopped_by_a_rule_of_which_nobody_was_asked(
    changed: tuple[FiredRule, ...], stops: FiredRule | None
) -> None:
    action = max((fired.action for fired in changed), key=lambda action: action.strictness)
    said = replace(verdict(*changed), action=action)
    assert stops_change(approved(DELETE, vote(change=CHANGED)), said) == stops


@pytest.mark.parametrize(
    ("call", "rules", "allowed"),
    [
        (DELETE, (rule(),), True),
        (replace(DELETE, conversation=""), (rule(),), False),
        (None, (rule(),), False),
        (DELETE, (rule(cover=None),), False),
        (DELETE, (rule(), replace(rule(), risk=Risk.CRITICAL)), False),
    ],
    ids=["known", "no conversation", "no call", "no cover", "critical"],
)
def test_a_task_is_approved_only_where_its_rules_let_anything_be_covered(
    call: HeldCall | None, rules: tuple[FiredRule, ...], *, allowed: bool
) -> None:
    said = says(held(call, *rules), Word(approve=True, for_task=True))
    assert (said is HoldEvent.APPROVE) is allowed
    assert (said is Objection.NO_TASK) is not allowed


def test_an_approval_of_a_task_covers_the_tool_under_the_rule_in_the_conversation() -> None:
    grants = covers_of(approved(DELETE, vote(for_task=True)), NOW)
    assert [grant.id.endswith("-task") for grant in grants] == [False, True]
    other = rule("b")

    def is_open(
        call: HeldCall | None,
        asked: FiredRule = other,
        kind: str = CALL,
        who: Identity = ALICE,
        connection: str = "gateway",
    ) -> bool:
        left, _ = still_open(verdict(asked), grants, who, connection, kind, NOW, call)
        return bool(left.holding)

    same_tool = replace(DELETE, arguments='{"command":"ls"}')
    assert not is_open(same_tool)
    assert is_open(replace(same_tool, conversation="conversation 2"))
    assert is_open(replace(same_tool, tool="Write"))
    assert is_open(replace(same_tool, conversation=""))
    assert is_open(None)
    assert is_open(same_tool, replace(other, rule="another"))
    assert is_open(same_tool, rule("b", law="another"))
    assert is_open(same_tool, kind="another")
    assert is_open(same_tool, connection="another")
    assert is_open(same_tool, who=replace(ALICE, subject="bob-1"))


def test_a_plain_approval_covers_the_same_call_and_no_other() -> None:
    grants = covers_of(approved(DELETE, vote()), NOW)
    assert covered_by(held(), grants, NOW) == grants
    assert covered_by(held(DELETE, rule("b")), grants, NOW) == ()


@pytest.mark.parametrize(("second", "given"), [(True, 2), (False, 1)])
def test_where_several_approve_each_has_to_say_that_it_is_for_the_task(
    second: bool,  # noqa: FBT001 - a column of the table
    given: int,
) -> None:
    votes = (vote(for_task=True), vote(MARCUS, for_task=second))
    assert len(covers_of(approved(DELETE, *votes, quorum=2), NOW)) == given


def test_what_waits_in_the_conversation_is_covered_once_its_task_is_approved() -> None:
    grants = covers_of(approved(DELETE, vote(for_task=True)), NOW)
    waiting = held(replace(DELETE, arguments='{"command":"ls"}'), rule("b"))
    assert [grant.id for grant in covered_by(waiting, grants, NOW)] == [grants[-1].id]


def test_a_text_in_a_request_of_mcp_is_not_approved_for_a_task() -> None:
    of_text = fired("clusters", passage("a", PassageKind.TEXT))
    assert may_pass_task(held())
    assert not may_pass_task(held(DELETE, of_text))
