"""A notary from its settings on: its key, its start, a database that is away, its end."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from app.audit.proof.heads import Head
from app.audit.proof.notes import PrivateKey
from app.clock import SystemClock
from app.errors import BadSettings
from app.notary_settings import NotarySettings
from app.settings import load_settings
from app.storage.store import MongoStorage
from notary.anchors import AnchorUnavailable, anchors_of
from notary.book import Book, OpenBook, has_book, write_key
from notary.collecting import Collector
from notary.main import key_of, run_notary
from notary.notary import Notary
from tests.conftest import NOBODY
from tests.notary.test_notary import write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from pathlib import Path

    from tests.notary.sink import Sink

KEY = PrivateKey("ledger.example/one", bytes(32))


@asynccontextmanager
async def running_notary(
    sink: Sink, own: NotarySettings, uri: str, database: str, token: str
) -> AsyncIterator[None]:
    """Run one between its announcement and its orderly end."""
    settings = load_settings(
        {
            "mongodb_uri": uri,
            "mongodb_database": database,
            "slack_bot_token": token,
            "slack_api_url": sink.url,
        }
    )
    stop, announced = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_notary(settings, own, stop, lambda _: announced.set()))
        await announced.wait()
        yield
        stop.set()


async def test_what_was_written_last_is_signed_and_anchored_when_a_notary_stops(
    storage: MongoStorage, mongodb_uri: str, database_name: str, sink: Sink, tmp_path: Path
) -> None:
    own = NotarySettings(
        notary_folder=tmp_path / "notary",
        notary_key_file=tmp_path / "key",
        notary_anchor_file=tmp_path / "anchors.jsonl",
        notary_anchor_url=f"{sink.url}heads",
        notary_anchor_channel="C0AUDIT",
        notary_seconds=3600,
        notary_anchor_seconds=3600,
    )
    async with running_notary(sink, own, mongodb_uri, database_name, "xoxb-1"):
        await write(storage, "bot", 3)
    last = Book(own.notary_folder).last()
    assert last is not None
    assert last.size == 3
    assert [path for path, _, _ in sink.posted] == ["/heads", "/chat.postMessage"]
    assert Head.parse(sink.posted[0][2]["checkpoint"]) == last
    newest = (tmp_path / "anchors.jsonl").read_text().splitlines()[-1]
    assert Head.parse(json.loads(newest)["checkpoint"]) == last


async def test_what_an_anchor_refused_is_sent_to_it_again_and_what_it_took_is_not(
    storage: MongoStorage, sink: Sink, tmp_path: Path
) -> None:
    book = OpenBook(tmp_path / "notary", KEY)
    own = NotarySettings(notary_anchor_url=f"{sink.url}heads")
    notary = notary_of(book, storage, own, sink)
    await notary.anchor()
    await write(storage, "bot", 1)
    await notary.sign()
    sink.status = 503
    await notary.anchor()
    sink.status = 200
    await notary.anchor()
    await notary.anchor()
    book.close()
    assert len(sink.posted) == 2, "nothing before a head, one refused, one taken, none again"


async def test_a_database_that_is_away_stops_no_notary(sink: Sink, tmp_path: Path) -> None:
    own = NotarySettings(notary_seconds=0.001)
    storage, book = MongoStorage.connect(NOBODY, "away"), OpenBook(tmp_path / "notary", KEY)
    with capture_logs() as logged:
        running = asyncio.ensure_future(notary_of(book, storage, own, sink).run())
        while not (logged or running.done()):  # noqa: ASYNC110 - only the log tells of it
            await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])
    assert [line["event"] for line in logged] == ["nothing signed"]
    storage.close()
    book.close()


def test_a_key_is_made_once_for_its_owner_alone_and_never_written_over(tmp_path: Path) -> None:
    own = NotarySettings(notary_folder=tmp_path / "notary", notary_name="ledger.example/two")
    made = key_of(own)
    assert made.name == "ledger.example/two"
    assert key_of(own).line() == made.line()
    path = tmp_path / "notary.key"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadSettings, match="not written over"):
        write_key(path, KEY)
    assert key_of(own).line() == made.line()


def lost(folder: Path) -> dict[str, Any]:
    """Settings of a notary whose book is there, and whose key is not."""
    OpenBook(folder / "notary", KEY).close()
    return {}


def unreadable(folder: Path) -> dict[str, Any]:
    (folder / "notary.key").write_bytes(b"\xff\xfe")
    return {}


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lost, "The notary's key is not at"),
        (unreadable, "cannot be read"),
        (lambda _: {"notary_key": "PRIVATE+KEY+nonsense"}, "ABEYANCE_NOTARY_KEY"),
    ],
    ids=["lost", "unreadable", "no key"],
)
def test_a_notary_without_its_own_key_says_so_and_makes_no_other(
    prepare: Callable[[Path], dict[str, Any]], message: str, tmp_path: Path
) -> None:
    own = NotarySettings(notary_folder=tmp_path / "notary", **prepare(tmp_path))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadSettings, match=message):
        key_of(own)
    assert sorted(tmp_path.iterdir()) == before


def test_a_key_can_be_given_without_a_file(tmp_path: Path) -> None:
    own = NotarySettings(notary_folder=tmp_path / "notary", notary_key=KEY.line())
    assert key_of(own).line() == KEY.line()
    assert not list(tmp_path.iterdir())


async def test_a_channel_is_no_anchor_without_a_token(
    mongodb_uri: str, database_name: str, sink: Sink, tmp_path: Path
) -> None:
    own = NotarySettings(notary_folder=tmp_path / "notary", notary_anchor_channel="C0AUDIT")
    with pytest.raises(ExceptionGroup) as raised:
        async with running_notary(sink, own, mongodb_uri, database_name, ""):
            pass
    assert raised.group_contains(BadSettings, match="missing ABEYANCE_SLACK_BOT_TOKEN")
    assert not has_book(own.notary_folder)


def notary_of(book: OpenBook, storage: MongoStorage, own: NotarySettings, sink: Sink) -> Notary:
    collector = Collector(storage.ledger, book.book.leaves(book.size))
    return Notary(book, collector, own, (), anchors_of(own, sink.url, ""), SystemClock())


class TellingAnchor:
    """Takes heads, once it is told that it does."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.has_taken = asyncio.Event()
        self.is_away = False

    async def keep(self, checkpoint: str, at: datetime) -> None:
        if self.is_away:
            raise AnchorUnavailable(f"it is away at {at}")
        self.taken.append(Head.parse(checkpoint).size)
        self.has_taken.set()


def a_notary(folder: Path, storage: MongoStorage, anchor: TellingAnchor) -> tuple[OpenBook, Notary]:
    """Return one that signs once an hour, or every five entries."""
    book = OpenBook(folder / "notary", KEY)
    own = NotarySettings(notary_folder=folder, notary_seconds=3600, notary_entries=5)
    collector = Collector(storage.ledger, book.book.leaves(book.size))
    return book, Notary(book, collector, own, (anchor,), (), SystemClock())


async def test_so_many_entries_are_signed_without_waiting_for_the_time(
    storage: MongoStorage, tmp_path: Path
) -> None:
    anchor = TellingAnchor()
    book, notary = a_notary(tmp_path, storage, anchor)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(notary.run())
        await write(storage, "bot", 3)
        await write(storage, "gateway", 2)
        await anchor.has_taken.wait()
        running.cancel()
    book.close()
    assert anchor.taken == [5]


async def test_the_last_head_of_before_is_anchored_when_a_notary_starts_and_only_once(
    storage: MongoStorage, tmp_path: Path
) -> None:
    anchor = TellingAnchor()
    anchor.is_away = True
    await write(storage, "bot", 3)
    book, notary = a_notary(tmp_path, storage, anchor)
    assert await notary.sign() == 3
    book.close()
    anchor.is_away = False
    book, notary = a_notary(tmp_path, storage, anchor)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(notary.run())
        await anchor.has_taken.wait()
        running.cancel()
    book.close()
    book, notary = a_notary(tmp_path, storage, anchor)
    assert await notary.sign() == 0
    book.close()
    assert anchor.taken == [3]
