"""The tool call that a request of MCP is, as people see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.domain.record.session import MOST_ARGUMENTS
from policies.calls.arguments import is_shortened
from policies.loader import SHIPPED, load_catalog
from proxy.inspection import Incoming, inspect
from tests.policies.calls.made import NOW
from tests.policies.made import ALICE, AWS_KEY

if TYPE_CHECKING:
    from app.domain.tool_call import HeldCall

CATALOG = load_catalog(SHIPPED)


def made(body: Any, wire: str = "mcp", **headers: str) -> HeldCall | None:  # noqa: ANN401 - JSON
    connection = Connection("tools", "https://up.example", CredentialScheme.BEARER, b"", wire)
    sent = {"content-type": "application/json"} | {k.replace("_", "-"): headers[k] for k in headers}
    raw = json.dumps(body).encode()
    incoming = Incoming(connection, "POST", "mcp", "", tuple(sent.items()), raw, ALICE)
    return inspect(incoming, NOW, CATALOG).inquiry.tool_call


def call(**arguments: str) -> dict[str, Any]:
    params = {"name": "deploy", "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def test_a_call_is_shown_with_its_arguments_in_order_and_secrets_masked() -> None:
    shown = made(call(target="moon", key=AWS_KEY))
    assert shown is not None
    told = json.dumps({"key": "[aws-access-key-id]", "target": "moon"}, separators=(",", ":"))
    assert (shown.tool, shown.arguments) == ("deploy", told)
    assert (shown.is_request, shown.conversation) == (True, "")


@pytest.mark.parametrize(
    ("params", "editable"),
    [
        ({"arguments": {"target": "moon"}}, True),
        ({"arguments": {"target": AWS_KEY}}, False),
        ({"arguments": {"target": "moon " * MOST_ARGUMENTS}}, False),
        ({"arguments": ["moon"]}, False),
        ({}, True),
        ({"arguments": {"target": "moon"}, "task": {"ttl": 1}}, False),
    ],
    ids=["whole", "masked", "cut", "no object", "none", "a task, whose result comes apart"],
)
def test_an_approver_may_change_it_where_all_of_it_is_shown(
    params: dict[str, Any], *, editable: bool
) -> None:
    shown = made(call() | {"params": {"name": "deploy"} | params})
    assert shown is not None
    assert shown.editable is editable


def test_its_conversation_is_the_session_that_the_client_names() -> None:
    shown = [made(call(), mcp_session_id=name) for name in ("one", "one", "two")]
    named = [one.conversation for one in shown if one]
    assert named[0] == named[1] != named[2]
    assert all(named)


def test_arguments_too_long_for_a_card_say_what_is_left_out() -> None:
    shown = made(call(target="moon " * MOST_ARGUMENTS))
    assert shown is not None
    assert len(shown.arguments) <= MOST_ARGUMENTS
    assert is_shortened(shown.arguments)


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        ([call(), call()], "mcp"),
        ([call()], "mcp"),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, "mcp"),
        (call(), "openai"),
    ],
    ids=["batch", "list of one", "another method", "another API"],
)
def test_nothing_else_is_one(body: Any, wire: str) -> None:  # noqa: ANN401 - JSON
    assert made(body, wire) is None
