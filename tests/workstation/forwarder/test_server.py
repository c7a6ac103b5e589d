"""The forwarder over real sockets: who may use it, what goes on and comes back, and when not."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from app.errors import IssuerUnavailable, NotAuthenticated
from tests.workstation.forwarder.conftest import Tool
from workstation.forwarder.server import Forwarder

if TYPE_CHECKING:
    from tests.workstation.forwarder.conftest import GatewayStandIn, People

CLAUDE = "claude-cli/2.1.197 (external, cli)"


async def raw(tool: Tool, text: str) -> str:
    """Send a request as it is written, and return the head of its answer."""
    url = urlsplit(tool.forwarder.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = text.format(host=url.netloc, key=tool.forwarder.key).replace("\n", "\r\n")
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return answer.decode()


async def test_a_request_goes_on_with_the_persons_token_and_without_the_key(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    headers = {
        "authorization": f"Bearer {tool.forwarder.key}",
        "x-api-key": tool.forwarder.key,
        "cookie": "a=b",
        "anthropic-version": "2023-06-01",
        "abeyance-repository": "of-the-tool",
    }
    path = f"/anthropic/v1/messages?beta=true&key={tool.forwarder.key}"
    async with tool.ask(path=path, headers=headers, data=b"{ }") as answer:
        assert (answer.status, await answer.read()) == (200, b"hello")
        assert answer.headers["abeyance-session"] == "s1"
    [received] = gateway.received
    assert (received.method, received.body) == ("POST", b"{ }")
    assert received.target == "/anthropic/v1/messages?beta=true"
    assert received.headers["authorization"] == "Bearer token-1"
    assert received.headers["anthropic-version"] == "2023-06-01"
    assert received.headers["abeyance-repository"] == "acme/shop"
    assert received.headers["abeyance-client"] == tool.forwarder.program
    assert received.headers["abeyance-conversation"] == tool.forwarder.conversation
    assert not {"cookie", "x-api-key"} & received.headers.keys()
    assert tool.forwarder.key not in repr(received)


async def test_a_tool_that_names_its_conversation_keeps_its_name(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    headers = {"x-api-key": tool.forwarder.key, "session-id": "own"}
    async with tool.ask(headers=headers):
        pass
    assert gateway.received[0].headers["session-id"] == "own"
    assert "abeyance-conversation" not in gateway.received[0].headers


@pytest.mark.parametrize("place", ["basic", "query", "x-goog-api-key", "api-key"])
async def test_the_key_is_taken_from_wherever_tools_put_it(tool: Tool, place: str) -> None:
    key = tool.forwarder.key
    basic = base64.b64encode(f"{key}:".encode()).decode()
    headers = {
        "basic": {"authorization": f"Basic {basic}"},
        "query": {},
    }.get(place, {place: key})
    path = "/gemini/v1beta/models" + (f"?key={key}" if place == "query" else "")
    async with tool.ask("GET", path, headers=headers) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /anthropic/v1/models HTTP/1.1\nhost: {host}\nx-api-key: another\n\n", 401),
        ("GET /anthropic/v1/models HTTP/1.1\nhost: {host}\n\n", 401),
        ("GET /anthropic/v1/models HTTP/1.1\nhost: evil.example\nx-api-key: {key}\n\n", 403),
        ("GET /anthropic/v1/models HTTP/1.1\nhost: localhost:80\nx-api-key: {key}\n\n", 403),
        ("GET /-/holds HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        ("GET /cursor/v0/agents HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        ("GET /anthropic/../-/holds HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        ("GET /anthropic/%2e%2e/-/holds HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        ("GET /anthropic/..%2f-/holds HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        ("GET //anthropic/v1 HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        ("GET /anthropic/\\..\\-/x HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        ("GET http://evil/anthropic/x HTTP/1.1\nhost: {host}\nx-api-key: {key}\n\n", 404),
        (
            (
                "GET /openai/v1/responses HTTP/1.1\nhost: {host}\nauthorization: Bearer {key}\n"
                "connection: Upgrade\nupgrade: websocket\nsec-websocket-version: 13\n"
                "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\n\n"
            ),
            426,
        ),
    ],
)
async def test_what_the_tool_must_not_ask_is_refused_here(
    tool: Tool, gateway: GatewayStandIn, head: str, status: int
) -> None:
    answer = await raw(tool, head)
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert gateway.received == []


async def test_the_tools_hooks_may_ask_for_a_decision(tool: Tool, gateway: GatewayStandIn) -> None:
    headers = {"authorization": f"Bearer {tool.forwarder.key}"}
    async with tool.ask(path="/-/evaluate", headers=headers, data=b"{}") as answer:
        assert answer.status == 200
    assert gateway.received[-1].target == "/-/evaluate"
    assert gateway.received[-1].headers["authorization"] == "Bearer token-1"


async def test_a_stream_comes_piece_by_piece_and_as_it_is(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    go_on = asyncio.Event()
    packed = gzip.compress(b"data: two\n\n")

    async def stream(request: web.BaseRequest) -> web.StreamResponse:
        headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
        answer = web.StreamResponse(headers=headers)
        await answer.prepare(request)
        await answer.write(b"not gzip at all")
        await go_on.wait()
        await answer.write(packed)
        return answer

    gateway.answer = stream
    async with tool.ask() as answer:
        assert answer.headers["content-encoding"] == "gzip"
        # It is here though the rest has not been sent.
        assert await answer.content.readany() == b"not gzip at all"
        go_on.set()
        assert await answer.read() == packed


async def test_a_body_goes_on_as_it_is_however_it_is_packed_and_large(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    body = os.urandom(3_000_000)
    headers = {
        "x-api-key": tool.forwarder.key,
        "content-encoding": "gzip",
        "expect": "100-continue",
    }
    async with tool.ask(headers=headers, data=io.BytesIO(body)) as answer:
        assert answer.status == 200
    assert gateway.received[0].body == body
    assert gateway.received[0].headers["content-length"] == str(len(body))


async def test_head_and_errors_and_redirects_pass_unchanged(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.Response(status=403, body=b'{"error": 1}', headers={"x-should-retry": "false"})

    async def redirect(_: web.BaseRequest) -> web.Response:
        return web.Response(status=307, headers={"location": "/elsewhere"})

    gateway.answer = refuse
    async with tool.ask() as answer:
        assert (answer.status, await answer.read()) == (403, b'{"error": 1}')
        assert answer.headers["x-should-retry"] == "false"
    async with tool.ask("HEAD") as answer:
        assert (answer.status, answer.headers["content-length"]) == (403, "12")
    gateway.answer = redirect
    async with tool.ask(allow_redirects=False) as answer:
        assert (answer.status, answer.headers["location"]) == (307, "/elsewhere")


async def test_an_answer_that_breaks_off_is_no_end_for_the_tool(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    async def break_off(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return answer

    gateway.answer = break_off
    with pytest.raises(aiohttp.ClientPayloadError):
        async with tool.ask() as answer:
            await answer.read()


async def test_a_tool_that_leaves_while_it_is_held_is_gone_at_the_gateway_too(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    asked = asyncio.Event()

    async def hold(_: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    gateway.answer = hold
    asking = asyncio.ensure_future(tool.ask().__aenter__())
    await asked.wait()
    assert tool.forwarder.traffic.open == 1
    asking.cancel()
    async with asyncio.timeout(20):
        await gateway.left.wait()


async def test_a_token_that_ends_in_the_middle_is_renewed_and_the_request_repeated(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    gateway.refused = {"Bearer token-1"}
    async with tool.ask(data=b"the body") as answer:
        assert answer.status == 200
    assert [each.body for each in gateway.received] == [b"the body", b"the body"]
    assert gateway.received[1].headers["authorization"] == "Bearer token-2"


async def test_a_second_401_and_one_of_the_model_api_pass_unchanged(
    tool: Tool, gateway: GatewayStandIn
) -> None:
    gateway.refused = {"Bearer token-1", "Bearer token-2"}
    async with tool.ask() as answer:
        assert (answer.status, await answer.text()) == (401, "expired an hour ago")
    assert len(gateway.received) == 2

    async def of_the_upstream(_: web.BaseRequest) -> web.Response:
        return web.Response(status=401, text="the company's key")

    gateway.refused, gateway.answer = set(), of_the_upstream
    async with tool.ask() as answer:
        assert (answer.status, await answer.text()) == (401, "the company's key")
    assert len(gateway.received) == 3


@pytest.mark.parametrize(
    ("path", "agent", "fault", "status", "where"),
    [
        ("/openai/v1/responses", "openai", NotAuthenticated("Over."), 401, "code"),
        ("/openai/v1/responses", "codex_exec/0.1", NotAuthenticated("Over."), 400, "code"),
        ("/anthropic/v1/messages", CLAUDE, NotAuthenticated("Over."), 400, "type"),
        ("/gemini/v1beta/models", "x", NotAuthenticated("Over."), 401, "status"),
        ("/anthropic/v1/messages", CLAUDE, IssuerUnavailable("Over."), 503, "type"),
    ],
)
async def test_a_sign_in_that_has_ended_is_told_in_the_words_of_the_api(
    tool: Tool,
    people: People,
    path: str,
    agent: str,
    fault: NotAuthenticated | IssuerUnavailable,
    status: int,
    where: str,
) -> None:
    people.fault = fault
    headers = {"x-api-key": tool.forwarder.key, "user-agent": agent}
    async with tool.ask(path=path, headers=headers, data=b"x") as answer:
        error = (await answer.json())["error"]
        assert (answer.status, where in error) == (status, True)
        assert "Over." in error["message"]
    people.fault = None
    async with tool.ask() as answer:
        assert answer.status == 200


async def test_a_gateway_that_is_away_is_named(people: People) -> None:
    away = "http://127.0.0.1:1"
    async with (
        Forwarder(away, people, {"anthropic": "anthropic"}, lambda: ()) as forwarder,
        aiohttp.ClientSession() as http,
        Tool(http, forwarder).ask(data=b"x") as answer,
    ):
        assert answer.status == 503
        assert f"{away} cannot be reached" in (await answer.json())["error"]["message"]
        assert forwarder.traffic.open == 0
