"""What strangers send to the bot's port in HTTP mode, over a real socket."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from slack_bolt.async_app import AsyncApp
from structlog.testing import capture_logs

from app.settings import SlackMode
from bot.slack.manifest import EVENTS_PATH
from bot.slack.webhook import BODY_LIMIT, Door
from sandbox.slack import BOT_TOKEN, SIGNING_SECRET
from sandbox.slack.delivery import signature_headers
from tests.bot.conftest import CLOCK
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tests.bot.conftest import Office

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 200_000


@pytest.fixture
async def port(office: Office) -> AsyncIterator[int]:
    port = free_port()
    async with office.bot(
        slack_mode=SlackMode.HTTP, slack_signing_secret=SIGNING_SECRET, slack_http_port=port
    ):
        yield port


async def call(
    port: int, headers: dict[str, str], body: bytes = b"", start: str = "POST /-/slack/events"
) -> int:
    """Send a request as it is, and return the status that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{start} HTTP/1.1\r\nHost: bot\r\n{head}\r\n".encode("latin-1") + body)
    await writer.drain()
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


def sized(headers: dict[str, str], body: bytes) -> dict[str, str]:
    return headers | {"Content-Length": str(len(body))}


def signed(body: bytes) -> dict[str, str]:
    return signature_headers(body, int(CLOCK.now().timestamp()))


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(port: int) -> None:
    # None of the announced bytes are sent: who read on would never answer.
    assert await call(port, FORM | {"Content-Length": str(300_000_000)}) == 413
    chunk = b"%x\r\n%s\r\n" % (BODY_LIMIT + 1, b"x" * (BODY_LIMIT + 1))
    assert await call(port, FORM | {"Transfer-Encoding": "chunked"}, chunk) == 413


@pytest.mark.parametrize("length", ["", "-1", "1e3", "²"])
async def test_a_length_that_is_no_number_is_refused_whatever_the_server_lets_through(
    length: str,
) -> None:
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-length", length.encode("latin-1"))]
    scope = {"type": "http", "path": EVENTS_PATH, "method": "POST", "headers": headers}
    await Door(AsyncApp(token=BOT_TOKEN), SIGNING_SECRET)(scope, receive, send)
    assert sent[0]["status"] == 413


async def test_a_large_body_within_the_limit_is_judged_by_its_signature(port: int) -> None:
    body = urlencode({"payload": json.dumps({"type": "x" * 900_000})}).encode()
    assert await call(port, sized(FORM, body), body) == 401
    assert await call(port, sized(FORM | signed(body), body), body) not in (401, 413)


UNSIGNED = {
    "nothing": ({}, b""),
    "a form": (FORM, b"payload=%7B%7D"),
    "broken JSON": (JSON, b'{"type":'),
    "a list": (JSON, b"[1]"),
    "deep JSON": (JSON, DEEP),
    "a number in the form": (FORM, b"payload=1"),
    "broken JSON in the form": (FORM, b"payload=%7B"),
    "a picture": ({"Content-Type": "image/png"}, b"\x89PNG"),
    "multipart": ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--"),
    "not UTF-8": (JSON, b'{"a": "\xff"}'),
    "a time that is none": (JSON | {"X-Slack-Request-Timestamp": "soon"}, b"{}"),
    "a time without end": (JSON | {"X-Slack-Request-Timestamp": "9" * 5000}, b"{}"),
    "no time": (JSON | {"X-Slack-Signature": "v0=1"}, b"{}"),
    "a signature beyond ASCII": (
        JSON | signed(b"{}") | {"X-Slack-Signature": "v0=\xe9"},
        b"{}",
    ),
}


async def test_what_slack_did_not_sign_is_refused_in_one_line_of_the_log(port: int) -> None:
    for name, (headers, body) in UNSIGNED.items():
        with capture_logs() as logged:
            status = await call(port, sized(headers, body), body)
        # Only what is no text at all cannot be compared with a signature.
        assert status == (400 if name in ("a picture", "not UTF-8") else 401), name
        assert one_line(logged), name


ODD = {
    "a list": (JSON, b"[1]"),
    "null": (JSON, b"null"),
    "broken JSON": (JSON, b'{"type":'),
    "deep JSON": (JSON, DEEP),
    "no form": (FORM, b"payload=%7B"),
    "a list in the form": (FORM, b"payload=[1]"),
    "odd members": (JSON, b'{"authorizations": 1, "team": [], "view": "x"}'),
    "plain text": ({"Content-Type": "text/plain"}, b"{}"),
}


async def test_what_is_signed_and_has_no_shape_of_slacks_is_refused_alike(port: int) -> None:
    for name, (headers, body) in ODD.items():
        with capture_logs() as logged:
            assert await call(port, sized(headers | signed(body), body), body) == 400, name
        assert one_line(logged), name


def one_line(logged: Sequence[Mapping[str, object]]) -> bool:
    """Whether there is one warning, without a traceback."""
    [said] = [line for line in logged if line["log_level"] != "info"]
    return "exc_info" not in said


@pytest.mark.parametrize(
    ("start", "status"),
    [("POST /else", 404), ("GET /-/slack/events", 405), ("PUT /-/slack/events", 405)],
)
async def test_other_paths_and_methods_lead_nowhere(port: int, start: str, status: int) -> None:
    assert await call(port, {"Content-Length": "0"}, start=start) == status
