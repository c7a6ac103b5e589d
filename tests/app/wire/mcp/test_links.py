"""Who is asked to open a page, and that no server hears of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.wire.mcp.links import link, linkable, without_answer

CLIENT = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}, "url": {}}}}
OURS = {"abeyance.approval": {"action": "accept"}}


def call(**params: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    params = {"name": "deploy", "arguments": {"target": "moon"}, "_meta": CLIENT, **params}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


@pytest.mark.parametrize(
    "body",
    [
        call() | {"method": "prompts/get"},
        {name: said for name, said in call().items() if name != "id"},
        [call()],
        call(_meta={}),
        call(_meta={"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}),
        call() | {"id": True},
        call(inputResponses={}),
        call(requestState="its server's"),
        "tools/call",
        None,
    ],
    ids=[
        *("no call", "no answer wanted", "a list", "no capabilities", "forms alone", "no id"),
        *("answers", "state", "a text", "nothing"),
    ],
)
def test_whoever_cannot_be_asked_is_not(body: Any) -> None:  # noqa: ANN401 - any JSON
    assert linkable(body) is None
    assert without_answer(body) is body


def test_a_client_is_asked_once_and_its_server_does_not_hear_of_it() -> None:
    assert linkable(call()) == 7
    asked = json.loads(link(7, "https://gateway/-/replay/1", "Waiting."))
    assert (asked["id"], asked["result"]["resultType"]) == (7, "input_required")
    [(name, request)] = asked["result"]["inputRequests"].items()
    assert OURS.keys() == {name}
    assert request["params"] == {
        "mode": "url",
        "url": "https://gateway/-/replay/1",
        "message": "Waiting.",
    }
    again = call(inputResponses=OURS)
    assert linkable(again) is None
    assert without_answer(again) == call()


def test_what_a_client_answers_its_server_is_kept() -> None:
    theirs = {"day": {"action": "decline"}}
    again = call(inputResponses=theirs | OURS, requestState="s")
    assert without_answer(again) == call(inputResponses=theirs, requestState="s")
    assert without_answer(call(inputResponses=theirs))["params"]["inputResponses"] == theirs
