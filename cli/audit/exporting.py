"""Writes the record into a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from app.audit.proof.bundle import Lines, entry_record, manifest
from app.audit.proof.heads import Head, checkpoints_in
from app.audit.proof.notes import BadNote
from app.audit.proof.stories import Stories
from app.clock import SystemClock
from app.errors import BadSettings
from app.notary_settings import load_notary_settings
from cli.audit.offline import read_text
from cli.audit.picking import picked_records
from cli.audit.reading import ExportedCatalogs, exported_session, gone, signed_entries
from cli.audit.report import progress
from cli.sessions.looking import whole_id
from cli.storing import with_storage
from notary.book import Book

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from app.audit.proof.bundle import Record
    from app.storage.store import MongoStorage


def export_to(path: Path, sessions: list[str], anchors: Path | None, *, contents: bool) -> None:
    """Write all of the record, or only some sessions. Raises BadSettings, StorageUnavailable."""
    settings = load_notary_settings()
    book = Book(settings.notary_folder)
    last = book.last()
    if last is None:
        raise BadSettings(
            f"The notary of {book.folder} has not signed anything yet. It signs every "
            f"{settings.notary_seconds:g} seconds while it runs: try again in a moment."
        )

    head = _head_in(read_text(anchors), last) if anchors else last
    count = 0

    async def write(storage: MongoStorage) -> None:
        nonlocal count
        lines, beside = Lines(), path.with_name(f"{path.name}.part")
        if sessions:
            ids = [await whole_id(storage, name) for name in sessions]
            records = picked_records(storage, book, head, ids, contents=contents)
        else:
            records = _records(storage, book, last, contents=contents)
        with beside.open("wb") as file, progress("exporting") as bar:
            task = bar.add_task("", total=None if sessions else last.size)
            async for record in records:
                count += record["type"] == "entry"
                file.write(lines.line(record))
                bar.advance(task, record["type"] == "entry")
            file.write(lines.end())
        beside.replace(path)

    try:
        with_storage(write)
    except OSError as error:
        raise BadSettings(f"{path} cannot be written: {error.strerror}.") from error
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{path}[/] has {count:,} entries of {last.origin}.")
    console.print(f"Verify it anywhere: abeyance audit verify {path} --keys FILE")


def _head_in(anchors: str, last: Head) -> Head:
    """Return the newest head in a text that the notary's tree covers. Raises BadSettings."""
    try:
        heads = [Head.parse(checkpoint) for checkpoint in checkpoints_in(anchors)]
    except BadNote as error:
        raise BadSettings(f"A head in the file of anchors cannot be read: {error}.") from error
    fitting = [head for head in heads if head.origin == last.origin and head.size <= last.size]
    if not fitting:
        raise BadSettings(f"There is no head of {last.origin} in the file of anchors.")
    return max(fitting, key=lambda head: head.size)


async def _records(
    storage: MongoStorage, book: Book, last: Head, *, contents: bool
) -> AsyncIterator[Record]:
    heads = list(book.heads())
    now = SystemClock().now().isoformat(timespec="seconds")
    yield manifest(last.origin, now, size=last.size, heads=len(heads), contents=contents)
    for note in book.rotations():
        yield {"type": "rotation", "note": note}
    for head in heads:
        yield {"type": "head", "note": head}
    stories, catalogs = Stories(), ExportedCatalogs(storage)
    async for signed in signed_entries(storage, book, last.size):
        entry = signed.entry
        if entry is None:
            raise gone(signed.index, signed.chain, signed.seq)
        yield entry_record(signed.index, entry)
        event = entry.event
        if contents and (catalog := await catalogs.after(event)):
            yield catalog
        stories.add(event.session_id, event.kind, event.data)
        if contents and stories.is_over(event.session_id):
            stories.told.pop(event.session_id)
            if record := await exported_session(storage, event.session_id):
                yield record
