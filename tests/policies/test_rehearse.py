"""Rehearsal: why a rule fires, what a changed catalog would change, and the schema for editors."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.domain.record.mark import FalsePositive
from app.domain.record.session import (
    Decision,
    RecordedAnswer,
    RecordedCall,
    RecordedRequest,
    Session,
)
from app.domain.tool_call import ToolCall
from app.domain.verdict import Action, FiredRule, Risk, Verdict
from policies.explain import RuleOutcome, explain
from policies.files.schema import catalog_schema, rendered
from policies.loader import SHIPPED, load_catalog
from policies.rehearse import KINDS, DecisionChange, PastCall, Precedent, backtest, records
from tests.policies.made import ALICE, AWS_KEY, JOB, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.compiled_catalog import Catalog

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
    assert story.outcome is RuleOutcome.FIRED
    assert story.why == "all its conditions hold, and the text has 1 of what it looks for"
    assert [(e.before, e.words, e.after) for e in story.excerpts] == [
        ("sum the ", "payroll", " with [aws-access-key-id]")
    ]


def test_a_rule_that_nearly_fired_says_what_is_missing(
    write: Callable[..., Path], now: datetime
) -> None:
    catalog = load_catalog(write(RULE))
    (exempt,) = explain(facts("sum the payroll"), ALICE, catalog, now)
    assert exempt.outcome is RuleOutcome.NEARLY
    assert exempt.why == "this does not hold: unless_groups: ['sre']"
    assert [line.holds for line in exempt.conditions] == [True, False]
    (silent,) = explain(facts("sum the pay"), JOB, catalog, now)
    assert silent.outcome is RuleOutcome.NEARLY
    (neither,) = explain(facts("sum the pay"), ALICE, catalog, now)
    assert neither.outcome is RuleOutcome.NOT


def test_a_backtest_tells_what_a_changed_catalog_would_decide_otherwise(
    write: Callable[..., Path], now: datetime
) -> None:
    held, allowed, same = (
        Precedent("s1", facts("deploy to production"), JOB, now, Action.HOLD),
        Precedent("s2", facts("sum the payroll"), JOB, now, Action.ALLOW),
        Precedent("s3", facts("hello"), JOB, now, Action.ALLOW),
    )
    changes = _changes([held, allowed, same], load_catalog(write(RULE)))
    assert changes == [
        DecisionChange("s1", Action.HOLD, Action.ALLOW, ()),
        DecisionChange("s2", Action.ALLOW, Action.HOLD, ("one",)),
        None,
    ]
    assert [change.stricter for change in changes if change] == [False, True]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Action.ALLOW, Action.DENY, "newly denied"),
        (Action.MASK, Action.HOLD, "newly held"),
        (Action.DENY, Action.HOLD, "newly held"),
        (Action.ALLOW, Action.MASK, "newly masked"),
        (Action.HOLD, Action.MASK, "let through"),
        (Action.DENY, Action.ALLOW, "let through"),
        (Action.MASK, Action.ALLOW, "no longer masked"),
    ],
)
def test_a_change_is_called_by_what_becomes_of_the_request(
    before: Action, after: Action, kind: str
) -> None:
    assert DecisionChange("s", before, after, ()).kind == kind
    assert kind in KINDS


def test_what_was_masked_in_the_record_counts_as_found_again(
    shipped: Catalog, write: Callable[..., Path], now: datetime
) -> None:
    rule = frozenset({"mask-secrets-in-prompts"})
    was = Precedent("s", facts("use [aws-access-key-id]"), JOB, now, Action.MASK, rule)
    assert _changes([was], shipped) == [None]
    without = load_catalog(write(RULE))
    assert _changes([was], without) == [DecisionChange("s", Action.MASK, Action.ALLOW, ())]


CALLS = """
  on: response
  when: {tool_call: {name: [Bash], arguments: {words: [payroll]}}}
  then: hold
  approval: {from: [managers]}
  examples: {match: [payroll], skip: [pay]}
"""


def bash(command: str, *rules: str, by_provider: bool = False) -> PastCall:
    made = ToolCall("Bash", json.dumps({"command": command}), by_provider=by_provider)
    return PastCall(made, frozenset(rules))


def test_calls_in_recorded_answers_are_decided_on_too(
    write: Callable[..., Path], now: datetime
) -> None:
    catalog = load_catalog(write(CALLS))
    calls = (bash("ls"), bash("sum payroll"))
    was = Precedent("s", facts("hello"), JOB, now, Action.ALLOW, calls=calls)
    assert _changes([was], catalog) == [DecisionChange("s", Action.ALLOW, Action.HOLD, ("one",))]
    [tried] = backtest([was], catalog)
    assert [call.action for call in tried.calls] == [Action.ALLOW, Action.HOLD]
    again = replace(was, called=tried.called)
    assert _changes([again], catalog) == [None]
    assert _changes([replace(again, calls=calls[:1])], catalog) == [
        DecisionChange("s", Action.HOLD, Action.ALLOW, ())
    ]


def test_what_the_provider_ran_is_never_held(write: Callable[..., Path], now: datetime) -> None:
    ran = (bash("sum payroll", by_provider=True),)
    was = Precedent("s", facts("hello"), JOB, now, Action.ALLOW, calls=ran)
    [tried] = backtest([was], load_catalog(write(CALLS)))
    assert (tried.change, tried.called, tried.verdicts) == (None, Action.ALLOW, (tried.verdict,))


KEYS = """
  on: response
  when: {tool_call: {name: [Bash], arguments: {detectors: [aws-access-key-id]}}}
  then: deny
  examples: {match: [AKIAIOSFODNN7EXAMPLE], skip: [a key]}
"""


@pytest.mark.parametrize(
    ("past", "action"),
    [
        (bash("use [aws-access-key-id]", "one"), Action.DENY),
        (bash("use [aws-access-key-id]", "another"), Action.ALLOW),
        (bash("use a key", "one"), Action.ALLOW),
        (bash(f"use {AWS_KEY}"), Action.DENY),
    ],
    ids=["masked, and fired", "masked, another fired", "not masked", "in clear"],
)
def test_what_was_masked_in_a_recorded_call_counts_as_found_again(
    write: Callable[..., Path], now: datetime, past: PastCall, action: Action
) -> None:
    was = Precedent("s", facts("hello"), JOB, now, Action.ALLOW, calls=(past,))
    [tried] = backtest([was], load_catalog(write(KEYS)))
    assert tried.called is action
    assert [call.rules for call in tried.calls] == [("one",) if action is Action.DENY else ()]


def _changes(precedents: list[Precedent], catalog: Catalog) -> list[DecisionChange | None]:
    return [tried.change for tried in backtest(precedents, catalog)]


def _session(
    number: int,
    *fired: tuple[str, bool],
    on_answer: tuple[str, ...] = (),
    on_calls: tuple[str, ...] = (),
) -> Session:
    rules = tuple(
        FiredRule(rule, rule, Action.MASK, Risk.LOW, "", enforced, 1, ())
        for rule, enforced in fired
    )
    at = datetime(2026, 11, 23, tzinfo=UTC)
    request = RecordedRequest("POST", "v1/x", "", (), b"", "0").head()
    calls = tuple(RecordedCall("Bash", "{}", Decision.ALLOWED, (rule,)) for rule in on_calls)
    answer = RecordedAnswer(200, (), at, rules=on_answer, calls=calls)
    verdict = Verdict(Action.MASK, rules, "r")
    return Session(
        f"s{number}", "openai", "auto", "m", JOB, request, verdict, Decision.MASKED, at,
        answer=answer,
    )  # fmt: skip


def test_the_precision_of_a_rule_is_what_nobody_called_wrong() -> None:
    sessions = [
        _session(1, ("secrets", True), ("tried", False)),
        _session(2, ("secrets", True), on_answer=("secrets", "keys")),
        _session(3, on_answer=("secrets",)),
    ]
    at = sessions[0].started_at
    marks = [FalsePositive("s1/secrets", "s1", "secrets", at, "ines@acme.example", at)]
    secrets, keys, tried = records(sessions, marks)
    assert (secrets.rule, secrets.enforced, secrets.on_answers, secrets.fired) == (
        "secrets",
        2,
        1,
        3,
    )
    assert secrets.precision == pytest.approx(2 / 3)
    assert (keys.on_answers, tried.shadow, tried.enforced, tried.precision) == (1, 1, 0, 1.0)


def test_a_rule_that_fired_on_calls_of_a_session_counts_once_for_it() -> None:
    sessions = [
        _session(1, on_calls=("calls", "calls")),
        _session(2, ("both", True), on_answer=("answer",), on_calls=("both", "answer", "calls")),
    ]
    at = sessions[0].started_at
    marks = [FalsePositive("s1/calls", "s1", "calls", at, "ines@acme.example", at)]
    calls, answer, both = records(sessions, marks)
    assert (calls.rule, calls.on_calls, calls.fired, calls.precision) == ("calls", 2, 2, 0.5)
    assert (answer.on_answers, answer.on_calls, answer.fired) == (1, 0, 1)
    assert (both.enforced, both.on_calls, both.fired) == (1, 0, 1)


def test_a_warmed_catalog_decides_as_a_cold_one(shipped: Catalog, now: datetime) -> None:
    warm = load_catalog(SHIPPED)
    warm.warm()
    asked = facts(f"to production with {AWS_KEY}")
    assert explain(asked, JOB, warm, now) == explain(asked, JOB, shipped, now)


def test_the_schema_for_editors_is_fresh() -> None:
    """Else write it anew: `python -m policies.files.schema > policies/catalog.schema.json`."""
    assert (SHIPPED / "catalog.schema.json").read_text(encoding="utf-8") == rendered()


def test_the_schema_names_keys_as_the_yaml_does() -> None:
    definitions = catalog_schema()["$defs"]
    assert "from" in definitions["ApprovalSpec"]["properties"]
    assert {"from", "to"} <= set(definitions["TimesSpec"]["properties"])
    assert definitions["RuleSpec"]["additionalProperties"] is False


def test_the_schema_describes_every_key() -> None:
    for name, definition in catalog_schema()["$defs"].items():
        silent = [k for k, v in definition.get("properties", {}).items() if "description" not in v]
        assert silent == [], name
