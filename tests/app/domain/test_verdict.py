"""Which rule decides, and how strict an action is."""

from __future__ import annotations

from app.domain.verdict import Action, FiredRule, Risk, Verdict


def rule(name: str, action: Action, *, enforced: bool = True) -> FiredRule:
    return FiredRule(name, name, action, Risk.LOW, "why", enforced, 1, ())


def test_deny_is_stricter_than_hold_than_mask_than_allow() -> None:
    ranks = [action.strictness for action in (Action.ALLOW, Action.MASK, Action.HOLD, Action.DENY)]
    assert ranks == sorted(set(ranks))


def test_the_decisive_rule_is_the_first_enforced_one_that_asked_for_what_is_done() -> None:
    rules = (
        rule("shadow", Action.HOLD, enforced=False),
        rule("masks", Action.MASK),
        rule("holds", Action.HOLD),
        rule("holds too", Action.HOLD),
    )
    decisive = Verdict(Action.HOLD, rules, "r1").decisive
    assert decisive is not None
    assert decisive.rule == "holds"


def test_without_an_enforced_rule_nothing_is_decisive() -> None:
    shadow = (rule("shadow", Action.DENY, enforced=False),)
    assert Verdict(Action.ALLOW, shadow, "r1").decisive is None
