"""A company whose processes die: one run for each kill. Only what was killed is started again."""

from __future__ import annotations

import asyncio
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
from app.storage.store import MongoStorage
from cli.storing import record
from sandbox.model.driver import ModelDriver
from sandbox.slack.people.driver import Refused, SlackDriver, SlackUser
from tests.chaos.doomed import MOST_SECONDS, Doomed
from tests.chaos.steps import Step, Story
from tests.flows.house import House
from tests.flows.trouble.test_storage_away import Database

if TYPE_CHECKING:
    from sandbox.slack.people.seen import SeenMessage

CHAT = "/openai/v1/chat/completions"
_TRIES = 12
_CLICK_SECONDS = 10
_DECIDED = "✅ Approved"
"""As a card begins that is decided. After fifty approvals, one that waits tells of them, too."""
_SIGN_OF_LIFE = re.compile(rb"^:[^\n]*\n+", re.MULTILINE)
_APPROVED = ("about_to_forward", "forwarding", "start_answer", "end_answer")


@dataclass(slots=True)
class Run:
    """One kill. `word` is the model's name in its request alone."""

    number: int
    step: Step
    word: str
    received: bytes = b""
    """What its client got of the answer."""
    killed_at: float = 0.0

    @property
    def is_approved(self) -> bool:
        """Whether it comes to its step, or to its end, only when a person has approved it."""
        step = self.step
        return step.is_held and (step.database or any(word in step.point for word in _APPROVED))

    def __str__(self) -> str:
        return f"run {self.number}, {self.step}, {self.word}"


@dataclass(slots=True)
class Company:
    house: House
    database: Database
    slack: SlackDriver
    model: ModelDriver
    maria: SlackUser
    tokens: tuple[str, ...]
    """Of those who ask. The first one asks what is approved: gateways die while they open a hold of
    the others, whose next request waits until it is known that the gateway is dead."""
    storage: MongoStorage
    runs: list[Run] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    """Of all processes that could be killed."""
    _alive: dict[str, Doomed] = field(default_factory=dict)
    """The gateway and the bot that die next."""

    async def kill(self, number: int, step: Step) -> None:
        """Have a process or the database die at a step, and let those who live go on."""
        run = Run(number, step, f"any-{step.model}-{uuid4().hex[:10]}")
        self.runs.append(run)
        match step.story:
            case Story.SIGNED:
                await self._sign(run)
            case Story.DECIDED:
                await self._decide(run)
            case Story.STREAMED | Story.HELD:
                await self._serve(run)

    async def start(self, part: str, step: Step | None = None) -> Doomed:
        log = self.house.data / f"doomed-{len(self.logs)}.log"
        self.logs.append(log)
        settings = self.house.env | (self.notary if part == "notary" else {})
        given = (part, settings, log, step, self._database_process)
        return await asyncio.to_thread(Doomed, *given)

    async def close(self) -> None:
        for process in self._alive.values():
            await asyncio.to_thread(process.kill)

    @property
    def notary(self) -> dict[str, str]:
        """The settings of the notary, beside those of the house."""
        return self.house.env | {
            "ABEYANCE_NOTARY_FOLDER": str(self.house.data / "notary"),
            "ABEYANCE_NOTARY_ANCHOR_FILE": str(self.house.data / "anchors.jsonl"),
            "ABEYANCE_NOTARY_SECONDS": "0.1",
        }

    async def passes(self) -> None:
        """Have one more request held, approved and answered: all have found their way back."""
        run = Run(len(self.runs) + 1, Step(Story.DECIDED, "all:kills"), f"any-{uuid4().hex[:10]}")
        self.runs.append(run)
        await self._living("bot")
        await self._approved_and_answered(run)

    # --- the stories -------------------------------------------------------------------------

    async def _serve(self, run: Run) -> None:
        gateway = await self._living("gateway")
        if run.step.is_held:
            await self._living("bot")
        await asyncio.to_thread(gateway.arm, run.step, self._database_process)
        asking = asyncio.ensure_future(self._ask(gateway.url, run))
        clicking = asyncio.ensure_future(self._approve_at_last(run) if run.is_approved else _no())
        await self._died(gateway, run)
        # Where the database died before a hold was written, its client is told, and no one else.
        done, _ = await asyncio.wait({asking, clicking}, return_when=asyncio.FIRST_COMPLETED)
        if clicking in done:
            clicking.result()
        async with asyncio.timeout(MOST_SECONDS):
            await asking
        await _ended(clicking)
        if run.step.database:
            await self._is_ready(gateway)
        if run.is_approved:
            # The client tries again elsewhere: what was approved was approved once.
            await self._held(run)

    async def _decide(self, run: Run) -> None:
        """A request is held by a gateway that lives, while a bot asks about it."""
        bot = await self._living("bot")
        await asyncio.to_thread(bot.arm, run.step, self._database_process)
        holding = asyncio.ensure_future(self._held(run))
        clicking = asyncio.ensure_future(self._approve_at_last(run))
        await self._died(bot, run)
        await _ended(clicking)
        await asyncio.gather(holding, return_exceptions=True)
        await self._living("bot")
        await self._approved_and_answered(run)
        cards = [m for m in self.maria.messages("approvals") if run.word in m.words]
        assert len({card.ts for card in cards}) == 1, f"{len(cards)} cards: {run}"

    async def _sign(self, run: Run) -> None:
        event = Event(EventKind.RULE_MARKED, SystemClock().now(), "", {"rule": "any"})
        await record(self.storage, event)
        notary = await self.start("notary", run.step)
        await self._died(notary, run)
        if run.step.database:
            assert await asyncio.to_thread(notary.stop) == 0, f"the notary did not go on: {run}"

    async def _living(self, part: str) -> Doomed:
        """Return the process that plays a part; start it where the last one was killed."""
        process = self._alive.get(part)
        if process is None or not process.is_alive:
            process = self._alive[part] = await self.start(part)
        return process

    async def _died(self, process: Doomed, run: Run) -> None:
        """Return when what a step kills is dead; the database is up again then."""
        if run.step.database:
            assert self.database.server is not None
            await asyncio.to_thread(self.database.server.wait, MOST_SECONDS)
            run.killed_at = time.monotonic()
            await asyncio.to_thread(self.database.start)
            assert process.is_alive, f"the {process.part} died, too: {run}"
        else:
            code = await asyncio.to_thread(process.wait)
            run.killed_at = time.monotonic()
            assert code == -9, f"the step was not reached: {run}"

    @property
    def _database_process(self) -> int:
        assert self.database.server is not None
        return self.database.server.pid

    # --- what people do ----------------------------------------------------------------------

    def _token(self, run: Run) -> str:
        first, *others = self.tokens
        is_asked_about = run.is_approved or run.step.story is Story.DECIDED
        return first if is_asked_about else others[run.number % len(others)]

    async def _ask(self, url: str, run: Run) -> None:
        """Send the request of a run, and keep what comes back until that breaks off."""
        headers = {"authorization": f"Bearer {self._token(run)}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
            with suppress(httpx.HTTPError):
                async with http.stream("POST", CHAT, json=_body(run, stream=True)) as answer:
                    async for piece in answer.aiter_raw():
                        if answer.status_code == 200:
                            # A sign of life while a person decides is no part of the answer.
                            run.received += _SIGN_OF_LIFE.sub(b"", piece)

    async def _held(self, run: Run) -> int:
        async with self.house.http(self._token(run)) as http:
            headers = {"prefer": "respond-async"}
            answer = await http.post(CHAT, json=_body(run, stream=False), headers=headers)
            return answer.status_code

    async def _approved_and_answered(self, run: Run) -> None:
        """Send the request of a run, have it approved, and send it again until it is answered."""
        for _ in range(_TRIES):
            status = await self._held(run)
            if status == 200:
                return
            if status == 202:
                await self._approve_at_last(run)
        raise AssertionError(f"answered {status} in the end: {run}")

    async def _approve_at_last(self, run: Run) -> None:
        """Click until the card says so: a click that no bot answers in time is lost."""

        def approved(message: SeenMessage) -> bool:
            return run.word in message.words and _DECIDED in message.words

        for _ in range(_TRIES):
            card = await self.maria.wait_for_message(run.word, MOST_SECONDS, channel="approvals")
            if _DECIDED not in card.words:
                with suppress(Refused, LookupError):
                    await self.maria.click(card, "Approve")
            with suppress(TimeoutError):
                await self.maria.wait_for_message(approved, _CLICK_SECONDS)
                return
        raise AssertionError(f"not approved after {_TRIES} clicks: {run}")

    async def _is_ready(self, gateway: Doomed) -> None:
        """Return once a gateway serves again. Raises TimeoutError."""
        async with (
            asyncio.timeout(MOST_SECONDS),
            httpx.AsyncClient(base_url=gateway.url, timeout=MOST_SECONDS) as http,
        ):
            while (await http.get("/-/readyz")).status_code != 200:
                pass


async def _no() -> None:
    """Click on nothing."""


async def _ended(task: asyncio.Future[None]) -> None:
    """Cancel it, where it has not ended; raise what it failed with."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _body(run: Run, *, stream: bool) -> dict[str, object]:
    about = "to production" if run.step.story in (Story.HELD, Story.DECIDED) else "to staging"
    said = [{"role": "user", "content": f"ship {run.word} {about}, and say in many words how"}]
    return {"model": run.word, "messages": said, "stream": stream}
