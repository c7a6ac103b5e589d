"""A call with other arguments, and the note before its result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.errors import BadRequest
from app.wire.mcp.changes import with_arguments, with_note

if TYPE_CHECKING:
    from app.wire.base import Json

CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","_meta":{"x":1e3},'
CALL += b'"arguments":{"sum":0.10}}}'
SAID: Json = {"type": "text", "text": "paid"}
NOTE: Json = {"type": "text", "text": "changed"}


def result(ident: str | int, *content: Json) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": ident, "result": {"content": list(content), "isError": False}}


def test_only_the_arguments_are_others() -> None:
    assert with_arguments(CALL, '{"sum":0.20}') == CALL.replace(b"0.10", b"0.20")


@pytest.mark.parametrize("arguments", ["[]", "1", "{", '{"a":1,"a":2}'])
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    with pytest.raises(BadRequest):
        with_arguments(CALL, arguments)


@pytest.mark.parametrize("body", [b"[]", b"1", b'{"params":[]}'])
def test_what_is_no_call_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        with_arguments(body, "{}")


def test_the_result_of_the_call_begins_with_the_note() -> None:
    assert with_note(result(1, SAID), [1], "changed") == result(1, NOTE, SAID)
    batch: Json = [result(2, SAID), result(1, SAID)]
    assert with_note(batch, [1], "changed") == [result(2, SAID), result(1, NOTE, SAID)]


def test_an_error_says_it_as_well() -> None:
    error: Json = {"id": "a", "error": {"code": -32000, "message": "no money", "data": 1}}
    noted = with_note(error, ["a"], "changed")
    assert noted == {
        "id": "a",
        "error": {"code": -32000, "message": "changed\nno money", "data": 1},
    }


@pytest.mark.parametrize(
    ("told", "noted"),
    [
        (
            {"result": {"structuredContent": {"paid": 1}}},
            {"result": {"structuredContent": {"paid": 1}, "content": [NOTE]}},
        ),
        ({"result": {"content": "paid"}}, {"result": {"content": [NOTE]}}),
        ({"result": {}}, {"result": {"content": [NOTE]}}),
        ({"error": {"code": -32000}}, {"error": {"code": -32000, "message": "changed"}}),
    ],
    ids=["structured alone", "content that is no list", "nothing", "an error without words"],
)
def test_an_answer_without_a_place_for_the_note_gets_one(told: Json, noted: Json) -> None:
    assert isinstance(told, dict)
    assert isinstance(noted, dict)
    assert with_note({"id": 1, **told}, [1], "changed") == {"id": 1, **noted}


@pytest.mark.parametrize(
    "value",
    [
        result("1", SAID),
        result(2, SAID),
        [result(2, SAID)],
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}},
        {"jsonrpc": "2.0", "id": 1, "result": {"inputRequests": {}}},
        {"jsonrpc": "2.0", "id": 1, "result": {"requestState": "s"}},
        {"jsonrpc": "2.0", "id": 1, "result": []},
        "no message",
        None,
    ],
    ids=json.dumps,
)
def test_all_else_is_the_same_object(value: Json) -> None:
    assert with_note(value, [1], "changed") is value
