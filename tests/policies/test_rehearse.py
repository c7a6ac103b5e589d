"""Rehearsal: why a rule fires, what a changed catalog would change, and the schema for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.verdict import Action
from policies.explain import Outcome, explain
from policies.loader import SHIPPED, load_catalog
from policies.rehearse import Change, Precedent, backtest
from policies.schema import catalog_schema, rendered
from tests.policies.made import ALICE, AWS_KEY, JOB, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from policies.compiled import Catalog

RULE = """\
  on: request
  when: {connections: [openai], unless_groups: [sre], prompt: {words: [payroll]}}
  then: hold
  approval: {from: [managers]}
  examples: {match: [payroll], skip: [pay roller]}
"""


def test_a_rule_that_fired_is_explained_with_its_words_marked(
    write: Callable[..., Path], now: datetime
) -> None:
    asked = facts(f"sum the payroll with {AWS_KEY}")
    (story,) = explain(asked, JOB, load_catalog(write(RULE)), now)
    assert story.outcome is Outcome.FIRED
    assert story.why == "all its conditions hold, and the text has 1 of what it looks for"
    assert [(e.before, e.words, e.after) for e in story.excerpts] == [
        ("sum the ", "payroll", " with [aws-access-key-id]")
    ]


def test_a_rule_that_nearly_fired_says_what_is_missing(
    write: Callable[..., Path], now: datetime
) -> None:
    catalog = load_catalog(write(RULE))
    (exempt,) = explain(facts("sum the payroll"), ALICE, catalog, now)
    assert exempt.outcome is Outcome.NEARLY
    assert exempt.why == "this does not hold: unless_groups: ['sre']"
    assert [line.holds for line in exempt.conditions] == [True, False]
    (silent,) = explain(facts("sum the pay"), JOB, catalog, now)
    assert silent.outcome is Outcome.NEARLY
    (neither,) = explain(facts("sum the pay"), ALICE, catalog, now)
    assert neither.outcome is Outcome.NOT


def test_a_backtest_tells_what_a_changed_catalog_would_decide_otherwise(
    write: Callable[..., Path], now: datetime
) -> None:
    held, allowed, same = (
        Precedent("s1", facts("deploy to production"), JOB, now, Action.HOLD),
        Precedent("s2", facts("sum the payroll"), JOB, now, Action.ALLOW),
        Precedent("s3", facts("hello"), JOB, now, Action.ALLOW),
    )
    changes = list(backtest([held, allowed, same], load_catalog(write(RULE))))
    assert changes == [
        Change("s1", Action.HOLD, Action.ALLOW, ()),
        Change("s2", Action.ALLOW, Action.HOLD, ("one",)),
        None,
    ]
    assert [change.stricter for change in changes if change] == [False, True]


def test_a_warmed_catalog_decides_as_a_cold_one(shipped: Catalog, now: datetime) -> None:
    warm = load_catalog(SHIPPED)
    warm.warm()
    asked = facts(f"to production with {AWS_KEY}")
    assert explain(asked, JOB, warm, now) == explain(asked, JOB, shipped, now)


def test_the_schema_for_editors_is_fresh() -> None:
    """Else write it anew: `python -m policies.schema > policies/catalog.schema.json`."""
    assert (SHIPPED / "catalog.schema.json").read_text(encoding="utf-8") == rendered()


def test_the_schema_names_keys_as_the_yaml_does() -> None:
    definitions = catalog_schema()["$defs"]
    assert "from" in definitions["ApprovalSpec"]["properties"]
    assert {"from", "to"} <= set(definitions["TimesSpec"]["properties"])
    assert definitions["RuleSpec"]["additionalProperties"] is False
