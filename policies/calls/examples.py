"""The examples of rules about tool calls: each must do what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain.identity import Identity, IdentityKind
from app.domain.segment import Facts, Prompt
from app.domain.tool_call import ToolCall
from policies.calls.arguments import TooDeep
from policies.calls.judge import LookedAt
from policies.conditions import ConditionInput
from policies.files.examples import CallExample
from policies.patterns.effort import TooDense

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.compiled_catalog import Catalog
    from policies.rule import Rule

_ASKED = ConditionInput(
    Facts("", "POST", "", "", Prompt(()), 0),
    Identity("", "", IdentityKind.PERSON, ""),
    datetime(2026, 1, 1, tzinfo=UTC),
)


def faults_of_calls(rule: Rule, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each example call on which a rule does not do what it says.

    Of its conditions those count that are about the call alone.
    """
    if rule.examples is None:
        return
    for each in rule.examples.match:
        if isinstance(each, CallExample) and not _fires(rule, each, catalog):
            what = "change the rule or the example"
            yield f"rule {rule.id}: does not fire on its example {_told(each)}; {what}"
    for each in rule.examples.skip:
        if isinstance(each, CallExample) and _fires(rule, each, catalog):
            yield f"rule {rule.id}: fires on {_told(each)}, which it should skip"


def _fires(rule: Rule, example: CallExample, catalog: Catalog) -> bool:
    if rule.call is None or not rule.call.takes(example.tool):
        return False
    try:
        looked = LookedAt(_call(example), _ASKED, catalog, [rule])
    except (TooDense, TooDeep):
        return True
    known = (condition for condition in rule.conditions if condition.of_tool_alone)
    if not all(condition.holds(looked.asked) for condition in known):
        return False
    return rule.look_for is None or bool(looked.hits(rule))


def _call(example: CallExample) -> ToolCall:
    given = example.arguments
    return ToolCall(example.tool, given if isinstance(given, str) else json.dumps(given))


def _told(example: CallExample) -> str:
    return f"{example.tool} {_call(example).arguments}"
