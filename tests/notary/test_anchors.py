from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from app.audit.proof.heads import checkpoint, checkpoints_in
from app.audit.proof.merkle import EMPTY
from app.audit.proof.notes import PrivateKey
from app.clock import SystemClock
from notary.anchors import AnchorUnavailable, SlackAnchor, UrlAnchor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEAD = checkpoint(1234, EMPTY, PrivateKey("ledger.example/one", bytes(32)))
NOW = SystemClock().now()


class Sink:
    """A server that keeps what is posted, and answers with what it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.posted: list[tuple[str, str, dict[str, Any]]] = []
        self.status = 200
        self.answer: dict[str, Any] = {"ok": True}

    async def take(self, request: web.Request) -> web.Response:
        token = request.headers.get("authorization", "")
        self.posted.append((request.path, token, await request.json()))
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink, app = Sink(), web.Application()
    app.router.add_post("/{path:.*}", sink.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    sink.url = f"http://{host}:{port}/"
    yield sink
    await runner.cleanup()


async def test_a_head_can_be_taken_from_where_it_was_posted(sink: Sink) -> None:
    await UrlAnchor(f"{sink.url}heads").keep(HEAD, NOW)
    await SlackAnchor(sink.url, "xoxb-1", "C0AUDIT").keep(HEAD, NOW)
    (path, _, body), (method, token, message) = sink.posted
    assert (path, body) == ("/heads", {"at": NOW.isoformat(), "checkpoint": HEAD})
    assert (method, token) == ("/chat.postMessage", "Bearer xoxb-1")
    assert message["channel"] == "C0AUDIT"
    assert message["text"].startswith("The ledger had 1,234 entries at ")
    assert checkpoints_in(message["text"]) == [HEAD]


async def test_a_head_that_was_not_taken_is_known_not_to_be_anchored(sink: Sink) -> None:
    sink.status, sink.answer = 503, {"ok": False, "error": "not_in_channel"}
    with pytest.raises(AnchorUnavailable, match="answered 503"):
        await UrlAnchor(sink.url).keep(HEAD, NOW)
    with pytest.raises(AnchorUnavailable, match="not_in_channel"):
        await SlackAnchor(sink.url, "xoxb-1", "C0AUDIT").keep(HEAD, NOW)
    with pytest.raises(AnchorUnavailable, match="does not answer"):
        await UrlAnchor("http://127.0.0.1:1/").keep(HEAD, NOW)
