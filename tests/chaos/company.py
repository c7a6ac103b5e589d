"""A company whose processes die: one run for each kill, and what must be true after all of them."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.domain.record.session import SessionState, sent
from app.search import SessionFilter
from app.storage.store import MongoStorage
from cli.storing import record
from sandbox.model.driver import ModelDriver
from sandbox.slack.people.driver import Refused, SlackDriver, SlackUser
from tests.chaos.doomed import Doomed, acknowledged
from tests.chaos.steps import Step, Story
from tests.flows.house import House
from tests.flows.trouble.test_storage_away import Database

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from sandbox.slack.people.seen import SeenMessage

CHAT = "/openai/v1/chat/completions"
_FORWARDING = (EventKind.REQUEST_FORWARDING, EventKind.REQUEST_FORWARDED)
_CLICKS = 12
_SIGN_OF_LIFE = re.compile(rb"^:[^\n]*\n+", re.MULTILINE)
_APPROVED_BEFORE = ("about_to_forward", "forwarding", "start_answer", "end_answer")


@dataclass(slots=True)
class Run:
    """One kill. `word` is the model's name in its request alone."""

    number: int
    step: Step
    word: str
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    """What its client got of the answer, and when."""
    killed_at: float = 0.0

    @property
    def received(self) -> bytes:
        return b"".join(data for _, data in self.pieces)

    def unrecorded_seconds(self, kept: int) -> float:
        """Return how long before the kill the first byte came that is not recorded."""
        for at, data in self.pieces:
            kept -= len(data)
            if kept < 0:
                return self.killed_at - at
        return 0.0


@dataclass(slots=True)
class Company:
    house: House
    database: Database
    slack: SlackDriver
    model: ModelDriver
    maria: SlackUser
    token: str
    storage: MongoStorage
    runs: list[Run] = field(default_factory=list)
    _logs: list[Path] = field(default_factory=list)

    async def kill(self, number: int, step: Step) -> Run:
        """Have a process die at a step, and let those who live go on."""
        run = Run(number, step, f"any-{step.model}-{uuid4().hex[:10]}")
        self.runs.append(run)
        match step.story:
            case Story.SIGNED:
                await self._sign(step)
            case Story.DECIDED:
                await self._decide(run)
            case Story.STREAMED | Story.HELD:
                await self._serve(run)
        return run

    async def start(self, part: str, step: Step | None = None, **settings: str) -> Doomed:
        log = self.house.data / f"doomed-{len(self._logs)}.log"
        self._logs.append(log)
        assert self.database.server is not None
        given = (part, self.house.env | settings, log, step, self.database.server.pid)
        return await asyncio.to_thread(Doomed, *given)

    async def _serve(self, run: Run) -> None:
        gateway = await self.start("gateway", run.step)
        asking = asyncio.ensure_future(self._ask(gateway.url, run))
        clicking: asyncio.Future[None] | None = None
        if run.step.is_held and any(word in run.step.point for word in _APPROVED_BEFORE):
            clicking = asyncio.ensure_future(self._approve(run))
        if run.step.database:
            await self._restart_database()
            run.killed_at = time.monotonic()
            if run.step.is_held:
                gateway.kill()
            await asking
            gateway.kill()
        else:
            await asyncio.wait({asking, clicking or asking})
            run.killed_at = time.monotonic()
            assert await asyncio.to_thread(gateway.wait) == -9, f"{run.step} was not reached"
        if clicking is not None:
            await clicking

    async def _decide(self, run: Run) -> None:
        """A request is held by a gateway that lives, and the bot that asks about it dies."""
        bot = await self.start("bot", run.step)
        assert (await self._held(run)) == 202
        dying = asyncio.ensure_future(asyncio.to_thread(bot.wait))
        clicking = asyncio.ensure_future(self._approve(run))
        await asyncio.wait({dying, clicking}, return_when=asyncio.FIRST_COMPLETED)
        assert await dying == -9, f"{run.step} was not reached"
        clicking.cancel()
        bot = await self.start("bot")
        await self._approve_at_last(run)
        assert await self._held(run) == 200
        cards = [m for m in self.maria.messages("approvals") if run.word in m.words]
        assert len({card.ts for card in cards}) == 1, f"{len(cards)} cards after {run.step}"
        await asyncio.to_thread(bot.kill)

    async def _sign(self, step: Step) -> None:
        await record(
            self.storage, Event(EventKind.RULE_MARKED, SystemClock().now(), "", {"rule": "any"})
        )
        notary = await self.start("notary", step, **self.notary)
        assert await asyncio.to_thread(notary.wait) == -9, f"{step} was not reached"

    @property
    def notary(self) -> dict[str, str]:
        """The settings of the notary."""
        return {
            "ABEYANCE_NOTARY_FOLDER": str(self.house.data / "notary"),
            "ABEYANCE_NOTARY_ANCHOR_FILE": str(self.house.data / "anchors.jsonl"),
        }

    async def _ask(self, url: str, run: Run) -> None:
        """Send the request of a run, and keep what comes back until that breaks off."""
        headers = {"authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
            with suppress(httpx.HTTPError):
                async with http.stream("POST", CHAT, json=_body(run, stream=True)) as answer:
                    async for piece in answer.aiter_raw():
                        # A sign of life while a person decides is no part of the answer.
                        run.pieces.append((time.monotonic(), _SIGN_OF_LIFE.sub(b"", piece)))

    async def _held(self, run: Run) -> int:
        async with self.house.http(self.token) as http:
            headers = {"prefer": "respond-async"}
            answer = await http.post(CHAT, json=_body(run, stream=False), headers=headers)
            return answer.status_code

    async def _approve(self, run: Run) -> None:
        card = await self.maria.wait_for_message(run.word, channel="approvals")
        if "Approved" in card.words:
            return
        with suppress(Refused, LookupError):
            await self.maria.click(card, "Approve")

    async def _approve_at_last(self, run: Run) -> None:
        """Click until the card says so: a click that no bot answers in time is lost."""

        def approved(message: SeenMessage) -> bool:
            return run.word in message.words and "Approved" in message.words

        for _ in range(_CLICKS):
            await self._approve(run)
            with suppress(TimeoutError):
                await self.maria.wait_for_message(approved, within=10)
                return
        raise AssertionError(f"not approved after {_CLICKS} clicks: {run.step}")

    async def _restart_database(self) -> None:
        assert self.database.server is not None
        await asyncio.to_thread(self.database.server.wait)
        await asyncio.to_thread(self.database.start)

    # --- what must be true -------------------------------------------------------------------

    async def lost_entries(self) -> list[str]:
        """Return the places of entries that were acknowledged and are not there any more."""
        told = {place: hash_ for log in self._logs for place, hash_ in acknowledged(log).items()}
        found = await self.storage.ledger.at(sorted(told))
        return [place for place in told if place not in found or found[place].hash != told[place]]

    async def unrecorded_forwards(self) -> list[str]:
        """Return the words of requests that the model got more often than the ledger tells."""
        got = [json.loads(request.body)["model"] for request in await self.model.requests()]
        wrong = []
        for run in self.runs:
            told = [await self._was_forwarded(session) for session in await self.sessions(run)]
            if got.count(run.word) > sum(told):
                wrong.append(f"{run.step}: {run.word}")
        return wrong

    async def _was_forwarded(self, session: Session) -> bool:
        entries = await self.storage.ledger.entries(session.id)
        return any(entry.event.kind in _FORWARDING for entry in entries)

    async def still_open(self, seconds: float = 0.0) -> list[str]:
        """Return what is open so long after the kill, and does not wait for a person."""
        wrong = []
        before = time.monotonic() - seconds
        for run in (run for run in self.runs if run.killed_at < before):
            for session in await self.sessions(run):
                hold = await self.storage.holds.get(session.hold_id) if session.hold_id else None
                if session.state is SessionState.OPEN and not (hold and hold.state.open):
                    wrong.append(f"{run.step}: {session.id}")
        return wrong

    async def unmarked_gaps(self) -> list[str]:
        """Return the runs in which a client got what is not recorded, and the record is silent."""
        wrong = []
        for run in self.runs:
            for session in await self.sessions(run):
                kept = sent(await self.storage.sessions.chunks(session.id))
                fits = kept.startswith(run.received) or run.received.startswith(kept)
                missing = len(run.received) > len(kept)
                is_marked = session.state is SessionState.INDETERMINATE and session.reason
                if not fits or (missing and not is_marked):
                    wrong.append(f"{run.step}: {session.state.value} {session.reason}")
        return wrong

    async def longest_gap(self) -> float:
        """Return the most seconds of an answer that a client got and that are not recorded."""
        gaps = [0.0]
        for run in self.runs:
            for session in await self.sessions(run):
                kept = sent(await self.storage.sessions.chunks(session.id))
                gaps.append(run.unrecorded_seconds(len(kept)))
        return max(gaps)

    async def sessions(self, run: Run) -> tuple[Session, ...]:
        return await self.storage.sessions.search(SessionFilter(model=run.word), limit=9)


def _body(run: Run, *, stream: bool) -> dict[str, object]:
    about = "to production" if run.step.story in (Story.HELD, Story.DECIDED) else "to staging"
    said = [{"role": "user", "content": f"ship {run.word} {about}, and say in many words how"}]
    return {"model": run.word, "messages": said, "stream": stream}
