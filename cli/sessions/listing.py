"""Searches of `abeyance session list`, those for a text with their progress."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from app.replay.reader import Reader
from app.replay.text_search import SECONDS, TextSearch, content_of, saying

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.record.session import Session
    from app.replay.text_search import Content
    from app.search import SessionFilter
    from app.storage.store import MongoStorage
    from policies.compiled_catalog import Catalog


async def says(storage: MongoStorage, session: Session, text: str, catalog: Catalog) -> bool:
    """Tell whether a session has a text, as far as it has gone."""
    reader = Reader(storage.sessions, storage.pieces, storage.pages, tries=1)
    content = await content_of(reader, session)
    if content is None:
        return False
    [has] = await asyncio.to_thread(saying, [content], text, catalog.mask_together)
    return has


async def listed(
    storage: MongoStorage, wanted: SessionFilter, limit: int, catalog: Catalog
) -> tuple[Session, ...]:
    """Return the newest that fit; where a text is searched, standard error tells how it goes."""
    if not wanted.text:
        return await storage.sessions.search(wanted, limit=limit)

    async def say(contents: Sequence[Content], text: str) -> list[bool]:
        return await asyncio.to_thread(saying, contents, text, catalog.mask_together)

    reader = Reader(storage.sessions, storage.pieces, storage.pages, tries=1)
    console = Console(stderr=True)
    found: tuple[Session, ...] = ()
    with Progress(
        TextColumn("Looked at {task.fields[sessions]:,} sessions, back to {task.fields[back]}"),
        BarColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("", total=SECONDS, sessions=0, back="now")
        async for now in TextSearch(storage.sessions, reader, say).found(wanted, limit=limit):
            back = f"{now.back_to.astimezone():%Y-%m-%d %H:%M}" if now.back_to else "now"
            bar.update(task, completed=now.seconds, sessions=now.looked_at, back=back)
            found = now.found
    if now.unread:
        console.print(f"{now.unread:,} could not be read: erased or damaged.", style="dim")
    if now.has_more:
        console.print(
            f"Looked at {now.looked_at:,} sessions, back to {back}. For older ones add "
            f"until:{now.back_to:%Y-%m-%dT%H:%M:%S}+00:00",
            style="dim",
        )
    return found
