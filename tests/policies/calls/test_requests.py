"""A request of MCP is a tool call: the same rules decide on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.passage import PassageKind
from app.domain.segment import Facts
from app.domain.tool_call import ToolCall
from app.domain.verdict import Action
from app.wire.apis.mcp import MCP
from app.wire.request.body import parse_body
from policies.decide import decide, examine
from policies.loader import load_catalog
from tests.policies.calls.made import NAMES, NOW, rule
from tests.policies.made import ALICE, AWS_KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REMOVAL = "{name: ['@mcp'], arguments: {words: [drop table]}}"


def _message(tool: str, arguments: object, method: str = "tools/call") -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def _facts(body: object) -> Facts:
    raw = json.dumps(body).encode()
    return Facts("db", "POST", "mcp", "", parse_body("application/json", raw).prompt(MCP), len(raw))


@pytest.mark.parametrize(
    ("body", "action"),
    [
        (_message("query", {"sql": "DROP TABLE users"}), Action.HOLD),
        (_message("query", {"sql": "select 1"}), Action.ALLOW),
        ([_message("a", {}), _message("query", {"sql": "drop table users"})], Action.HOLD),
        (_message("query", {"sql": "drop table users"}, "prompts/get"), Action.ALLOW),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, Action.ALLOW),
    ],
)
def test_a_call_in_a_request_is_decided_on(
    write: Callable[..., Path], body: object, action: Action
) -> None:
    catalog = load_catalog(write(rule(REMOVAL)))
    assert decide(_facts(body), ALICE, catalog, NOW).action is action


def test_each_call_of_a_batch_is_a_passage(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(REMOVAL)))
    batch = [_message("query", {"sql": f"drop table {name}"}) for name in ("a", "b", "a")]
    verdict = decide(_facts(batch), ALICE, catalog, NOW, NAMES)
    (fired,) = verdict.holding
    assert fired.findings == 3
    assert fired.question is not None
    assert [p.kind for p in fired.question.passages] == [PassageKind.CALL] * 2
    alone = decide(_facts(batch[1]), ALICE, catalog, NOW, NAMES)
    assert alone.holding[0].question is not None
    assert alone.holding[0].question.names < fired.question.names
    assert verdict.approval is not None


def test_rules_about_calls_stand_beside_those_about_requests(write: Callable[..., Path]) -> None:
    words = "- id: two\n  title: Two\n  explain: Because.\n  on: request\n  then: deny\n"
    words += "  when: {prompt: {words: [users]}}\n  examples: {match: [users], skip: [x]}\n"
    catalog = load_catalog(write(rule(REMOVAL) + words))
    verdict = decide(_facts(_message("query", {"sql": "drop table users"})), ALICE, catalog, NOW)
    assert [(f.rule, f.action) for f in verdict.fired] == [
        ("two", Action.DENY),
        ("one", Action.HOLD),
    ]
    assert verdict.action is Action.DENY


def test_a_rule_that_masks_calls_masks_the_request(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule("{arguments: {detectors: [aws-*]}}", "mask")))
    body = _message("put", {"value": f"key {AWS_KEY}"})
    verdict, mask = examine(_facts(body), ALICE, catalog, NOW, NAMES)
    assert verdict.action is Action.MASK
    assert mask is not None
    sent = json.loads(
        parse_body("application/json", json.dumps(body).encode()).rewritten(MCP, mask)
    )
    assert sent["params"]["arguments"] == {"value": "key [aws-access-key-id]"}


@pytest.mark.parametrize(
    ("params", "call"),
    [
        ({"name": "x", "arguments": {"b": 1}}, ToolCall("x", '{"b":1}', "7")),
        ({"name": "x"}, ToolCall("x", "{}", "7")),
        ({"name": 5, "arguments": "text"}, ToolCall("5", '"text"', "7")),
        (None, ToolCall("null", "{}", "7")),
    ],
)
def test_calls_are_read_out_of_a_request(params: object, call: ToolCall) -> None:
    body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    assert _facts(body).prompt.calls == (call,)
