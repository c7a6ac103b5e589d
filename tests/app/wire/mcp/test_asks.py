from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from app.wire.mcp.asks import Ask, ServerAsk, without_asks, without_capabilities

if TYPE_CHECKING:
    from app.wire.base import Json

BOTH = frozenset({"sampling", "elicitation"})
SAMPLING: Json = {"jsonrpc": "2.0", "id": 7, "method": "sampling/createMessage", "params": {}}
ELICITATION: Json = {"jsonrpc": "2.0", "id": "e", "method": "elicitation/create", "params": {}}
ROOTS: Json = {"jsonrpc": "2.0", "id": 8, "method": "roots/list"}
NOTICE: Json = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}
PER_REQUEST = "io.modelcontextprotocol/clientCapabilities"


def hello(capabilities: Json) -> Json:
    params: Json = {"protocolVersion": "2025-11-25", "capabilities": capabilities}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


def call(capabilities: Json) -> Json:
    params: Json = {"name": "a", "_meta": {PER_REQUEST: capabilities, "progressToken": 1}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


FULL: Json = {
    "sampling": {"tools": {}},
    "elicitation": {"url": {}},
    "roots": {},
    "tasks": {"list": {}, "requests": {"sampling": {}, "elicitation": {"create": {}}}},
}
NEITHER: Json = {"roots": {}, "tasks": {"list": {}, "requests": {}}}
NO_SAMPLING: Json = {
    "elicitation": {"url": {}},
    "roots": {},
    "tasks": {"list": {}, "requests": {"elicitation": {"create": {}}}},
}


@pytest.mark.parametrize("said", [hello, call], ids=["initialize", "each request"])
def test_a_client_cannot_be_asked_what_is_not_allowed(said: object) -> None:
    assert callable(said)
    before = deepcopy(said(FULL))
    assert without_capabilities(said(FULL), BOTH) == said(NEITHER)
    assert without_capabilities(said(FULL), frozenset({"sampling"})) == said(NO_SAMPLING)
    assert without_capabilities([NOTICE, said(FULL)], BOTH) == [NOTICE, said(NEITHER)]
    assert said(FULL) == before


@pytest.mark.parametrize(
    "body",
    [
        hello({"roots": {}}),
        hello("sampling"),
        call({"roots": {"listChanged": True}}),
        {"method": "tools/call", "params": {"capabilities": {"sampling": {}}}},
        {"method": "initialize", "params": [1]},
        [NOTICE],
        None,
        "sampling",
    ],
)
def test_any_other_body_is_the_same_object(body: Json) -> None:
    assert without_capabilities(body, BOTH) is body
    assert without_capabilities(hello(FULL), frozenset()) == hello(FULL)


def test_a_request_for_sampling_or_elicitation_is_taken_out_and_others_stay() -> None:
    left, asks = without_asks([SAMPLING, ROOTS, ELICITATION, NOTICE], BOTH)
    assert left == [ROOTS, NOTICE]
    assert asks == [ServerAsk(7, Ask.SAMPLING), ServerAsk("e", Ask.ELICITATION)]
    assert without_asks(SAMPLING, BOTH) == ([], [ServerAsk(7, Ask.SAMPLING)])
    assert without_asks(SAMPLING, frozenset({"elicitation"})) == ([SAMPLING], [])


def test_a_server_is_told_that_its_client_knows_no_such_method() -> None:
    error = {"code": -32601, "message": "The connection does not allow the server to ask its "}
    error["message"] += "client for sampling."
    assert ServerAsk(7, Ask.SAMPLING).answer() == {"jsonrpc": "2.0", "id": 7, "error": error}


def test_a_result_that_asks_for_input_is_an_error_for_its_request() -> None:
    requests: Json = {"one": ROOTS, "two": SAMPLING}
    result: Json = {"resultType": "input_required", "inputRequests": requests}
    asking: Json = {"jsonrpc": "2.0", "id": 3, "result": result}
    [left], asks = without_asks(asking, BOTH)
    assert isinstance(left, dict)
    assert asks == []
    assert (left["id"], "result" in left) == (3, False)
    assert "sampling" in str(left["error"])
    assert "elicitation" not in str(left["error"])
    allowed, _ = without_asks(asking, frozenset({"elicitation"}))
    assert allowed[0] is asking


def test_an_error_that_demands_a_visit_to_a_page_says_nothing_of_it() -> None:
    error: Json = {"code": -32042, "message": "Go to evil.example", "data": {"elicitations": []}}
    demanding: Json = {"jsonrpc": "2.0", "id": 3, "error": error}
    [left], _ = without_asks(demanding, BOTH)
    assert isinstance(left, dict)
    assert left["id"] == 3
    assert "evil" not in str(left)
    assert without_asks(demanding, frozenset({"sampling"}))[0][0] is demanding
