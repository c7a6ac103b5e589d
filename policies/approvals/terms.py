"""The terms of a hold: the hardest of those of the rules that hold it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from app.domain.verdict import Approval, Verdict


def with_terms(verdict: Verdict) -> Verdict:
    """Return a verdict that holds with the terms of the rules that are not answered yet."""
    terms = [fired.question.terms for fired in verdict.holding if fired.question]
    return replace(verdict, approval=_hardest(terms))


def _hardest(terms: Sequence[Approval]) -> Approval | None:
    """Return the terms that are hardest to meet: more people first, then less time."""
    if not terms:
        return None
    hardest = max(terms, key=lambda a: (a.quorum, len(a.each_of), -a.expires, -len(a.approvers)))
    return replace(
        hardest,
        reason_required=any(approval.reason_required for approval in terms),
        majority_denies=all(approval.majority_denies for approval in terms),
        grant_up_to=_shortest([approval.grant_up_to for approval in terms]),
        denied_for=max(approval.denied_for for approval in terms),
    )


def _shortest(times: Sequence[timedelta | None]) -> timedelta | None:
    """Return the shortest; None, where one of the rules grants nothing."""
    known = [time for time in times if time is not None]
    return min(known) if len(known) == len(times) else None
