"""`abeyance session replay`: sessions as they went, with their timing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.clock import SystemClock
from app.domain.record.session import whole
from app.errors import NotFound
from app.replay.blocks import BlockKind, request_blocks
from app.replay.reader import Reader
from app.replay.session_holds import holds_of
from app.replay.transcript import answer_turns
from app.search import parse_filter
from bot.slack.text import clean
from cli.sessions.listing import listed
from cli.sessions.looking import catalog_here, note
from cli.sessions.playing import Step, pauses, steps
from cli.sessions.telling import facts
from cli.storing import with_storage

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage
    from policies.compiled_catalog import Catalog


def replay(
    words: Annotated[
        list[str], typer.Argument(help="A session's id, or such as user:alice since:1d.")
    ],
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many: the newest.")] = 1,
    speed: Annotated[float, typer.Option(min=0.1, help="How many times as fast.")] = 1.0,
    longest: Annotated[
        float, typer.Option(min=0, help="Seconds that a pause lasts at the most.")
    ] = 3.0,
    json_: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each step, without pauses.")
    ] = False,
) -> None:
    """Play sessions as they went, the oldest first. Looking is recorded in the ledger."""
    query = " ".join(words)
    wanted = parse_filter(query, SystemClock().now())
    console = Console(soft_wrap=True, highlight=False)

    async def play(storage: MongoStorage) -> None:
        catalog = await catalog_here()
        found = await listed(storage, wanted, limit, catalog)
        if not found:
            raise NotFound("No session fits this: see `abeyance session list`.")
        for session in found[::-1]:
            await note(storage, "replay", session.id, query=catalog.mask(query))
            played = await _steps(storage, session, catalog)
            if json_:
                for step in played:
                    typer.echo(json.dumps({"session": session.id, **asdict(step)}))
                continue
            console.print(facts(session, (), catalog.mask))
            for seconds, step in pauses(played, speed, longest):
                await asyncio.sleep(seconds)
                _print(console, step)
            console.print()

    try:
        with_storage(play)
    except KeyboardInterrupt:
        raise typer.Exit from None


async def _steps(storage: MongoStorage, session: Session, catalog: Catalog) -> list[Step]:
    halves = await Reader(storage.sessions, storage.pieces, storage.pages).halves(session)
    holds = await holds_of(storage.holds, session)
    asked = [
        block
        for block in request_blocks(session.wire, whole(session.request, halves.request))
        if block.kind is not BlockKind.SETUP
    ]
    answered = answer_turns(session.answer, halves.chunks)
    mask = catalog.mask_together(
        [*(block.text for block in asked), *(turn.text for turn in answered)]
    )
    told = steps(session, holds, asked, answered, mask)
    return [Step(0, "not intact", halves.lost), *told] if halves.lost else told


def _print(console: Console, step: Step) -> None:
    if step.title:
        console.print()
        head = Text(f"{step.at_ms / 1000:8.1f} s  ", style="dim")
        console.print(head.append(clean(step.title), style="bold"))
    lines = [clean(line) for line in step.text.split("\n")]
    console.print(Text("\n".join(lines)), end="")
