"""Who is in an approver set, by what is known of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.domain.hold import Person
    from app.domain.identity import Identity
    from app.domain.verdict import Approval
    from policies.compiled_catalog import ApproverSet

AUDITORS = "auditors"
"""The set whose members may replay every session, in Slack and in a browser."""


def is_member(
    approvers: ApproverSet,
    person: Person,
    identities: Iterable[Identity],
    slack_groups: frozenset[str] = frozenset(),
) -> bool:
    """Whether somebody is in a set by address, by Slack group, or by the provider's group.

    `slack_groups` are handles of groups that they are in now; none where Slack can't be asked.
    """
    if not slack_groups.isdisjoint(approvers.slack_groups):
        return True
    if not person.email:
        return False
    emails = {email.casefold() for email in approvers.emails}
    theirs = {person.email.casefold(), *(i.email.casefold() for i in identities if i.email)}
    provided = frozenset(group for identity in identities for group in identity.groups)
    return not emails.isdisjoint(theirs) or not provided.isdisjoint(approvers.idp_groups)


def waits_for_slack(terms: Approval, sets: Mapping[str, ApproverSet]) -> bool:
    """Whether nobody can meet the terms of a rule while Slack is down: only it knows who is asked.

    A vote may come from any of the sets, and has to come from each that the rule names so.
    """
    any_of = (*terms.approvers, *terms.each_of, *terms.escalate_to)
    known = {name for name in any_of if name in sets and _is_known_without_slack(sets[name])}
    return not known or not known.issuperset(terms.each_of)


def _is_known_without_slack(approvers: ApproverSet) -> bool:
    return bool(approvers.emails or approvers.idp_groups or approvers.requesters_manager)


def only_slack_knows(approvers: ApproverSet, requester: Identity) -> tuple[str, ...]:
    """Say, as clauses, what else than address and provider may put somebody in a set."""
    handles = (f"who is in the user group @{handle}" for handle in approvers.slack_groups)
    of_manager = approvers.requesters_manager and not requester.manager
    manager = ("who the requester's manager is",) if of_manager else ()
    return (*handles, *manager)
