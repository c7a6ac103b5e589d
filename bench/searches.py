"""How soon a search finds a page of sessions, by each filter but `text:`, on the embedded server.

    python -m bench.searches --number 100000 --runs 20 --into bench/results

What is searched is what people search: a page of 25, newest first, once for something frequent and
once for something rare. The database is the embedded server in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.domain.hook import Hook, HookEvent, HookTool
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.record.session import (
    CloudRun,
    Decision,
    RecordedAnswer,
    RecordedCall,
    SessionState,
)
from app.domain.record.session_facts import Conversation, Cost, Origin
from app.domain.verdict import Action, Verdict
from app.search import parse_filter
from app.storage.embedded import embedded_server, embedded_uri
from app.storage.store import MongoStorage
from bench.figures import Figures, add_into
from bench.holds import show
from tests.app.storage.test_mongo import a_session
from tests.bot.values import MARIA, fired, hold, vote
from tests.conftest import free_port

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.record.session import Session

PAGE = 26
AT_ONCE = 50
HELD_EVERY = 500
DECISIONS = (*[Decision.ALLOWED] * 90, *[Decision.MASKED] * 6, Decision.APPROVED, Decision.DENIED)
QUERIES = (
    *("", "user:person7", "user:nobody", "since:2d", "until:2d", "decision:allowed"),
    *("decision:denied", "rule:rule-3", "rule:none", "connection:openai", "repo:acme/repo-7"),
    *("tool:bash", "call:denied", "tool:bash call:denied", "agent:bc-5", "hook:cursor"),
    *("conversation:talk-77", "model:model-2", "client:claude-code", "commit:0000007"),
    *("approver:maria", "cost>0.50", "cost<0.001", "cost>5", "user:person7 decision:denied"),
    *("decision:allowed connection:anthropic", "model:model-2 client:codex cost>0.5"),
)


def made(number: int, at: datetime, dice: random.Random) -> Session:
    who = dice.randrange(200)
    code = Provenance(f"acme/repo-{dice.randrange(50)}", commit=f"{number % 5000:07d}" + "a" * 33)
    name = f"person{who}"
    person = Identity("https://id.example", f"u-{name}", IdentityKind.PERSON, name, f"{name}@x.io")
    decision, tool = dice.choice(DECISIONS), dice.choice(("Bash", "Read", "Edit"))
    call = Decision.DENIED if dice.random() < 0.02 else Decision.ALLOWED
    micros = int(dice.expovariate(1 / 100_000))
    rules = (fired(rule=f"rule-{dice.randrange(20)}"),) if dice.random() < 0.1 else ()
    talk = f"talk-{number // 40}"
    return a_session(
        at,
        connection=dice.choice(("openai", "anthropic", "cursor")),
        model=f"model-{dice.randrange(8)}",
        identity=replace(person, provenance=code),
        verdict=Verdict(Action.HOLD if rules else Action.ALLOW, rules, "r"),
        decision=decision,
        state=SessionState.CLOSED,
        origin=Origin(client=dice.choice(("Claude Code", "Codex", "Cursor"))),
        conversation=Conversation(f"{number // 40:016d}", talk, "header"),
        cloud=CloudRun(f"bc-{number // 100}") if number % 10 == 0 else None,
        hook=Hook(HookTool.CURSOR, HookEvent.PROMPT) if number % 50 == 1 else None,
        answer=RecordedAnswer(
            *(200, (), at),
            calls=(RecordedCall(tool, "{}", call),),
            cost=Cost(micros, "2026-11-01"),
        ),
    )


async def fill(storage: MongoStorage, number: int) -> str:
    """Write sessions over the last ten days, and a vote on some; return the id of one."""
    dice, begin = random.Random(19), SystemClock().now() - timedelta(days=10)  # noqa: S311
    step = timedelta(days=10) / (number + 1)
    last = ""
    for start in range(0, number, AT_ONCE):
        some = [made(n, begin + n * step, dice) for n in range(start, min(start + AT_ONCE, number))]
        await storage.ledger.insert((), [storage.sessions.opening(one) for one in some])
        for one in some[: 1 if start % HELD_EVERY == 0 else 0]:
            voted = hold(id=one.id, key=one.id, session_id=one.id, votes=(vote(MARIA),))
            await storage.holds.open(voted)
            last = one.id
    return last


async def search(storage: MongoStorage, query: str, runs: int) -> tuple[list[float], int]:
    wanted, took, found = parse_filter(query, SystemClock().now()), [], 0
    for _ in range(runs):
        began = time.perf_counter()
        found = len(await storage.sessions.search(wanted, limit=PAGE))
        took.append((time.perf_counter() - began) * 1000)
    return took, found


async def run(options: argparse.Namespace, data: Path) -> None:
    port, figures = free_port(), Figures("searches", options)
    async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
        storage = MongoStorage.connect(embedded_uri(port), "searches")
        await storage.prepare()
        began = time.perf_counter()
        one = await fill(storage, options.number)
        print(f"{options.number:,} sessions written in {time.perf_counter() - began:.0f} s")
        for query in (*QUERIES, one, one[-6:]):
            took, found = await search(storage, query, options.runs)
            name = f"{query or 'nothing'}, ms"
            show(name, took)
            figures.keep(name, took, found=found)
        figures.save()
        storage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=20)
    add_into(parser)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        asyncio.run(run(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
