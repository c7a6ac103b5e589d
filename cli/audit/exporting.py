"""Writes the record into a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from app.audit.proof.bundle import Lines, entry_record, manifest
from app.audit.proof.stories import Stories
from app.clock import SystemClock
from app.errors import BadSettings
from app.settings import load_notary_settings
from cli.audit.reading import signed_entries, stored_session
from cli.audit.report import progress
from cli.storing import with_storage
from notary.book import Book

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from app.audit.proof.bundle import Record
    from app.audit.proof.heads import Head
    from app.storage.store import MongoStorage


def export_to(path: Path, *, contents: bool) -> None:
    """Raises BadSettings, StorageUnavailable."""
    book = Book(load_notary_settings().notary_folder)
    last = book.last()
    if last is None:
        raise BadSettings(f"The notary of {book.folder} has not signed anything yet.")

    async def write(storage: MongoStorage) -> None:
        lines, beside = Lines(), path.with_name(f"{path.name}.part")
        with beside.open("wb") as file, progress("exporting") as bar:
            task = bar.add_task("", total=last.size)
            async for record in _records(storage, book, last, contents=contents):
                file.write(lines.line(record))
                bar.advance(task, record["type"] == "entry")
            file.write(lines.end())
        beside.replace(path)

    try:
        with_storage(write)
    except OSError as error:
        raise BadSettings(f"{path} cannot be written: {error.strerror}.") from error
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{path}[/] has {last.size:,} entries of {last.origin}.")
    console.print(f"Verify it anywhere: abeyance audit verify {path} --keys FILE")


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
    stories = Stories()
    async for signed in signed_entries(storage, book, last.size):
        entry = signed.entry
        if entry is None:
            raise BadSettings(
                f"Entry {signed.index} of the tree (chain {signed.chain}, number {signed.seq}) is "
                "not in the database: the ledger was tampered with. See `abeyance audit verify`."
            )
        yield entry_record(signed.index, entry)
        event = entry.event
        stories.add(event.session_id, event.kind, event.data)
        if contents and stories.is_over(event.session_id):
            if record := await stored_session(storage, event.session_id):
                yield record
            stories.told.pop(event.session_id)
