from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.wire.mcp.requests import McpRequest, read_request
from app.wire.request.body import parse_body

if TYPE_CHECKING:
    from app.wire.base import Json


def call(name: Json, ident: int | None = 1, token: Json = None) -> dict[str, Json]:
    params: dict[str, Json] = {"name": name, "arguments": {}}
    if token is not None:
        params["_meta"] = {"progressToken": token}
    said: dict[str, Json] = {"jsonrpc": "2.0", "method": "tools/call", "params": params}
    return said if ident is None else said | {"id": ident}


def read(body: Json, *headers: tuple[str, str]) -> McpRequest:
    return read_request(parse_body("application/json", json.dumps(body).encode()), headers)


@pytest.mark.parametrize(
    ("body", "tools"),
    [
        (call("a"), ("a",)),
        ([call("a"), {"method": "ping"}, call("b"), call("a")], ("a", "b")),
        ({"method": "tools/list"}, ()),
        ({"method": "tools/call"}, ("",)),
        ({"method": "tools/call", "params": ["a"]}, ("",)),
        (call(7), ("",)),
        ("tools/call", ()),
    ],
)
def test_every_tool_that_a_body_calls_is_read(body: Json, tools: tuple[str, ...]) -> None:
    assert read(body).tools == tools


@pytest.mark.parametrize(
    ("said", "name"),
    [("b", "b"), ("=?base64?w6Q=?=", "ä"), ("=?base64?w6?=", ""), ("=?base64?/w==?=", "")],
)
def test_a_header_that_names_another_tool_is_read_too(said: str, name: str) -> None:
    headers = (("mcp-method", "tools/call"), ("mcp-name", said))
    assert read(call("a"), *headers).tools == ("a", name)
    assert read(call("a"), ("mcp-method", "prompts/get"), headers[1]).tools == ("a",)


def test_a_body_that_is_no_json_may_call_anything() -> None:
    assert read_request(parse_body("text/plain", b"hello"), ()).tools == ("",)
    assert read_request(parse_body("", b""), ()).tools == ()


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (call("a", token="t"), "t"),
        (call("a", token=0), 0),
        (call("a", token=True), None),
        (call("a", token=["t"]), None),
        (call("a"), None),
        (call("a", ident=None, token="t"), None),
        ([call("a", token="t")], None),
        (call("a", token="t") | {"method": "tools/list"}, None),
    ],
)
def test_only_one_call_by_itself_can_be_told_of_progress(body: Json, token: Json) -> None:
    assert read(body).progress_token == token
