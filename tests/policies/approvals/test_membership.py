"""Who is in an approver set, and what only Slack could tell of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.hold import Person
from app.domain.identity import Identity, IdentityKind
from app.domain.verdict import Approval
from policies.approvals.membership import is_member, only_slack_knows, waits_for_slack
from policies.compiled_catalog import ApproverSet

MARIA = Person("U1", "Maria@acme.example", "Maria")
KNOWN = Identity("https://id.example", "sub-maria", IdentityKind.PERSON, "Maria")
BY_SLACK = ApproverSet("leads", slack_groups=("leads", "sre"))
BY_ADDRESS = ApproverSet("leads", emails=("maria@ACME.example", "boss@acme.example"))
BY_PROVIDER = ApproverSet("leads", idp_groups=("Leads",))


@pytest.mark.parametrize(
    ("approvers", "known", "groups", "member"),
    [
        (BY_SLACK, KNOWN, {"sre"}, True),
        (BY_SLACK, replace(KNOWN, groups=frozenset({"sre"})), {"devs"}, False),
        (BY_ADDRESS, KNOWN, (), True),
        (BY_ADDRESS, replace(KNOWN, email="BOSS@acme.example"), (), True),
        (BY_ADDRESS, replace(KNOWN, name="boss@acme.example"), (), True),
        (BY_PROVIDER, replace(KNOWN, groups=frozenset({"Leads"})), (), True),
        (BY_PROVIDER, replace(KNOWN, groups=frozenset({"leads"})), {"Leads"}, False),
        (ApproverSet("leads", emails=("boss@acme.example",)), KNOWN, {"leads"}, False),
        (ApproverSet("leads"), replace(KNOWN, groups=frozenset({"leads", ""})), {"leads"}, False),
    ],
    ids=range(9),
)
def test_somebody_is_in_a_set_by_address_by_slack_or_by_their_provider(
    approvers: ApproverSet, known: Identity, groups: set[str], *, member: bool
) -> None:
    assert is_member(approvers, MARIA, [known], frozenset(groups)) is member


def test_whom_slack_vouches_no_address_for_is_a_member_by_slack_alone() -> None:
    nameless = replace(MARIA, email="")
    leads = replace(KNOWN, email="boss@acme.example", groups=frozenset({"Leads"}))
    for approvers in (BY_ADDRESS, BY_PROVIDER, ApproverSet("leads", emails=("",))):
        assert not is_member(approvers, nameless, [leads])
    assert is_member(BY_SLACK, nameless, [leads], frozenset({"leads"}))
    # Nor is everybody without an address the one who is listed without one.
    assert not is_member(ApproverSet("leads", emails=("",)), MARIA, [KNOWN])


def test_what_only_slack_knows_is_said_in_clauses() -> None:
    both = replace(BY_SLACK, requesters_manager=True)
    groups = ("who is in the user group @leads", "who is in the user group @sre")
    assert only_slack_knows(both, KNOWN) == (*groups, "who the requester's manager is")
    assert only_slack_knows(both, replace(KNOWN, manager="boss@acme.example")) == groups
    assert only_slack_knows(BY_ADDRESS, KNOWN) == ()


SETS = {
    "slack": ApproverSet("slack", slack_groups=("managers",)),
    "mail": ApproverSet("mail", slack_groups=("managers",), emails=("a@acme.example",)),
    "idp": ApproverSet("idp", idp_groups=("managers",)),
    "line": ApproverSet("line", requesters_manager=True),
}


@pytest.mark.parametrize(
    ("terms", "waits"),
    [
        (Approval(("slack",)), True),
        (Approval(("slack", "mail")), False),
        (Approval(("idp",)), False),
        (Approval(("line",)), False),
        (Approval(("slack",), escalate_to=("idp",)), False),
        (Approval((), each_of=("mail", "slack")), True),
        (Approval(("mail",), each_of=("slack",)), True),
        (Approval((), each_of=("mail", "idp")), False),
        (Approval(("nobody-wrote-it",)), True),
    ],
    ids=range(9),
)
def test_a_rule_waits_for_slack_where_only_slack_knows_who_may_decide(
    terms: Approval, *, waits: bool
) -> None:
    assert waits_for_slack(terms, SETS) is waits
