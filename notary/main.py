"""The composition root of the notary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from app.audit.proof.notes import BadNote, PrivateKey
from app.audit.proof.witnesses import read_witnesses
from app.clock import SystemClock
from app.errors import BadSettings
from app.parts import running
from app.settings import require
from app.storage.store import MongoStorage
from notary.anchors import FileAnchor, anchors_of
from notary.book import OpenBook, has_book, read_key, write_key
from notary.collecting import Collector
from notary.notary import Notary
from notary.witnesses import WitnessAnchor

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from app.audit.proof.witnesses import Witness
    from app.notary_settings import NotarySettings
    from app.settings import Settings

_log = structlog.get_logger(__name__)


async def run_notary(
    settings: Settings,
    own: NotarySettings,
    stop: asyncio.Event,
    announce: Callable[[str], None],
) -> None:
    """Run until `stop` is set. Raises BadSettings, StorageUnavailable or OSError."""
    require(settings, "mongodb")
    token = settings.slack_bot_token.get_secret_value()
    if own.notary_anchor_channel and not token:
        raise BadSettings("missing ABEYANCE_SLACK_BOT_TOKEN: the token that posts in the channel")
    witnesses = _witnesses(own)
    book = OpenBook(own.notary_folder, key_of(own))
    uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
    storage = MongoStorage.connect(uri, database)
    try:
        collector = Collector(storage.ledger, book.book.leaves(book.size))
        each = (FileAnchor(own.notary_anchor_file),) if own.notary_anchor_file else ()
        seldom = anchors_of(own, settings.slack_api_url, token)
        if witnesses:
            seldom = (*seldom, WitnessAnchor(witnesses, book))
        notary = Notary(book, collector, own, each, seldom, SystemClock())
        async with running(stop, notary.run(), notary.run_anchors()):
            announce(str(own.notary_folder))
            _log.info("signing", key=str(book.key), entries=book.size)
            await stop.wait()
        # What was written while the gateways stopped is signed, too.
        await notary.sign()
        await notary.anchor()
    finally:
        storage.close()
        book.close()


def _witnesses(own: NotarySettings) -> tuple[Witness, ...]:
    """Raises BadSettings."""
    path = own.notary_witnesses_file
    if path is None:
        return ()
    try:
        found = read_witnesses(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, BadNote) as error:
        raise BadSettings(f"{path} cannot be read: {error}.") from error
    if nowhere := [witness.key.short for witness in found if not witness.url]:
        raise BadSettings(f"{path} has no address for {', '.join(nowhere)}.")
    return found


def key_file(own: NotarySettings) -> Path:
    folder = own.notary_folder
    return own.notary_key_file or folder.with_name(f"{folder.name}.key")


def key_of(own: NotarySettings) -> PrivateKey:
    """Return the notary's key; made at the first start. Raises BadSettings."""
    if given := own.notary_key.get_secret_value():
        try:
            return PrivateKey.parse(given)
        except BadNote as error:
            raise BadSettings(f"ABEYANCE_NOTARY_KEY: {error}.") from error
    path = key_file(own)
    if not path.exists():
        if has_book(own.notary_folder):
            raise BadSettings(
                f"The notary's key is not at {path}: give it back, or set ABEYANCE_NOTARY_KEY_FILE."
            )
        write_key(path, PrivateKey.new(own.notary_name))
    return read_key(path)
