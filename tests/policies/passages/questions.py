"""Verdicts that ask about passages, made by hand."""

from __future__ import annotations

from datetime import timedelta

from app.domain.passage import Passage, PassageKind
from app.domain.segment import Role
from app.domain.verdict import Action, Approval, CoverTerms, FiredRule, Question, Risk, Verdict
from policies.approvals.terms import with_terms

TERMS = Approval(("managers",))
COVER = CoverTerms(idle=timedelta(hours=1), most=timedelta(hours=8))


def passage(name: str, kind: PassageKind = PassageKind.TYPED, ask: str = "") -> Passage:
    return Passage(name, kind, Role.USER, f"/{name}", ask)


def fired(
    rule: str,
    *passages: str | Passage,
    law: str = "law",
    terms: Approval = TERMS,
    cover: CoverTerms | None = COVER,
    action: Action = Action.HOLD,
) -> FiredRule:
    made = tuple(passage(p) if isinstance(p, str) else p for p in passages)
    question = Question(law, terms, made, cover)
    return FiredRule(rule, rule, action, Risk.HIGH, "", True, 1, (), question)


def verdict(*rules: FiredRule) -> Verdict:
    return with_terms(Verdict(Action.HOLD, rules, "r1"))
