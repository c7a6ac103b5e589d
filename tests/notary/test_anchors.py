from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit.proof.heads import checkpoint, checkpoints_in
from app.audit.proof.merkle import EMPTY
from app.audit.proof.notes import PrivateKey
from app.clock import SystemClock
from notary.anchors import AnchorUnavailable, FileAnchor, SlackAnchor, UrlAnchor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notary.sink import Sink

HEAD = checkpoint(1234, EMPTY, PrivateKey("ledger.example/one", bytes(32)))
NOW = SystemClock().now()


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


async def test_an_anchor_that_answers_no_sense_or_has_no_room_is_told_of(
    sink: Sink, tmp_path: Path
) -> None:
    sink.answer = ["ok"]
    with pytest.raises(AnchorUnavailable, match=r"refuses the message \(200\)"):
        await SlackAnchor(sink.url, "xoxb-1", "C0AUDIT").keep(HEAD, NOW)
    sink.answer = b"<html>"
    with pytest.raises(AnchorUnavailable, match="Slack does not answer"):
        await SlackAnchor(sink.url, "xoxb-1", "C0AUDIT").keep(HEAD, NOW)
    with pytest.raises(AnchorUnavailable, match="Is a directory"):
        await FileAnchor(tmp_path).keep(HEAD, NOW)
