"""What clients try before the request itself: probes, and protocols other than HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import pytest
from structlog.testing import capture_logs

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEBSOCKET = (
    "GET /it/v1/responses HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
    "{}\r\n\r\n"
)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize("target", ["/", "/it", "/it/v1/messages", "*"])
async def test_a_probe_is_told_which_methods_there_are_without_a_line_in_the_log(
    here: Here, method: str, target: str
) -> None:
    with capture_logs() as lines:
        given = await here.raw(f"{method} {target} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    head, _, body = given.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405")
    assert b"\r\nallow: GET, POST, PUT, PATCH, DELETE\r\n" in head
    assert (body == b"") == (method == "HEAD")
    assert lines == []


async def test_a_websocket_gets_426_in_the_shape_of_the_api(here: Here) -> None:
    given = await here.raw(WEBSOCKET.format(f"authorization: Bearer {await here.token()}").encode())
    head, _, body = given.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 426")
    assert b"\r\nupgrade: HTTP/1.1" in head
    error = json.loads(body)["error"]
    assert error["code"] == "upgrade_required"
    assert "over HTTP" in error["message"]
    assert here.upstream.received == []


async def test_a_websocket_of_a_stranger_is_not_authenticated(here: Here) -> None:
    given = await here.raw(WEBSOCKET.format("authorization: Bearer sk-static").encode())
    head, _, body = given.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401")
    assert json.loads(body)["error"]["code"] == "not_authenticated"


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "websocket"])
async def test_an_upgrade_beside_a_body_is_passed_over(here: Here, protocol: str) -> None:
    token = await here.token()
    given = await here.raw(
        f"POST /it/v1/responses HTTP/1.1\r\nhost: x\r\nupgrade: {protocol}\r\n"
        "connection: close, Upgrade, HTTP2-Settings\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"
        f"authorization: Bearer {token}\r\ncontent-type: application/json\r\n"
        "content-length: 2\r\n\r\n{}".encode()
    )
    assert given.startswith(b"HTTP/1.1 200")
    assert not {"upgrade", "http2-settings"} & set(here.upstream.last.headers)


async def test_a_client_that_offers_h2c_with_a_get_is_answered(here: Here) -> None:
    token = await here.token()
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    settings = client.initiate_upgrade_connection()
    assert settings is not None
    host, _, port = here.place.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"GET /it/v1/models HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\n"
        b"connection: Upgrade, HTTP2-Settings\r\nhttp2-settings: " + settings + b"\r\n"
        b"authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    writer.write(client.data_to_send())
    status = b""
    async with asyncio.timeout(20):
        while not status:
            for event in client.receive_data(await reader.read(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[b":status"]
            writer.write(client.data_to_send())
    writer.close()
    assert status == b"200"
