"""One run of a cloud agent: its events, its stream and how it ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.model.answers import PLANTED_KEY, Tool, ToolCall, answer, cut
from sandbox.model.behaviour import Behaviour
from sandbox.model.flow import Died
from sandbox.model.refusals import Fault, JsonObject, Refusal
from sandbox.model.sending import compact
from sandbox.serving import first_of

EPOCH_MS = 1_767_225_600_000
CREATED_AT = "2026-01-01T00:00:00.000Z"
SHELL = Tool("run_terminal_cmd", {"properties": {"command": {"type": "string"}}})
HEARTBEAT_S = 5.0


class RunStatus(StrEnum):
    """Where a run is; every status but RUNNING is the last."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run's stream, of the turn `number`; `delta` marks parts of the answer.

    The real stream tells a step twice, in an old form and as an `interaction_update`, and both
    have one id.
    """

    number: int
    name: str
    data: JsonObject
    delta: bool = False


class Run:
    """One prompt and its answer. A run goes on by itself, whether or not its stream is read."""

    def __init__(
        self, run_id: str, agent_id: str, prompt: str, behaviour: Behaviour, repository: str
    ) -> None:
        self.id = run_id
        self.agent_id = agent_id
        self.prompt = prompt
        self._behaviour = behaviour
        said = answer(prompt, behaviour, (SHELL,))
        self.text = said.text
        branch = {"repoUrl": repository, "branch": f"cursor/{run_id}"}
        self._git = {"branches": [branch] if repository else []}
        self._events = self._write(said.calls[0] if said.calls else None)
        self._started = time.monotonic()
        self._released = asyncio.Event()
        self._cancelled = asyncio.Event()
        self._broke = False
        self._told_all = False

    @property
    def status(self) -> RunStatus:
        if self._cancelled.is_set():
            return RunStatus.CANCELLED
        return RunStatus.FINISHED if self._is_done() else RunStatus.RUNNING

    @property
    def usage(self) -> dict[str, int]:
        """How many tokens it took, so far as anything is counted here: words."""
        asked, said = len(self.prompt.split()), len(self.text.split())
        return {
            "inputTokens": asked,
            "outputTokens": said,
            "cacheReadTokens": 0,
            "cacheWriteTokens": 0,
            "totalTokens": asked + said,
        }

    def describe(self) -> JsonObject:
        """Spell the run as v1 does; `result` is there once it has finished."""
        done = {"result": self.text, "durationMs": 1000, "git": self._git}
        return {
            "id": self.id,
            "agentId": self.agent_id,
            "status": self.status.value,
            "createdAt": CREATED_AT,
            "updatedAt": CREATED_AT,
            **(done if self.status is RunStatus.FINISHED else {}),
        }

    def cancel(self) -> None:
        """Stop it. Raises Refusal when it has ended already."""
        if self.status is not RunStatus.RUNNING:
            raise Refusal(Fault.NOT_CANCELLABLE, f"This run is {self.status.value} already.")
        self._cancelled.set()

    def release(self) -> bool:
        """Let a stalled run go on; tells whether it was stalled."""
        stalled = self._behaviour.stalling and not self._released.is_set()
        self._released.set()
        return stalled

    async def ended(self) -> None:
        """Return when it has come to its end."""
        await self._reach(len(self._events))

    def check_stream(self) -> None:
        """Raise Refusal for a run whose events are not kept any more."""
        if self._behaviour.expired:
            raise Refusal(Fault.STREAM_EXPIRED, "The events of this run are not kept any more.")

    async def stream(self, after: int) -> AsyncIterator[bytes]:
        """Send the events after turn `after` (-1: all), each as soon as the run is so far.

        Raises Died half-way on `midfail`, the first time only: who resumes gets the rest.
        """
        halfway = len(self._events) // 2
        yield _spell(None, "status", {"runId": self.id, "status": self.status.value})
        for place, event in enumerate(self._events):
            if event.number <= after:
                continue
            if self._behaviour.midfail and not self._broke and place >= halfway:
                self._broke = True
                raise Died
            async for beat in self._reached(place):
                yield beat
            if self._cancelled.is_set():
                break
            self._told_all = self._told_all or event.name == "result"
            yield _spell(event.number, event.name, event.data)
        if self._cancelled.is_set():
            cancelled = {"runId": self.id, "status": RunStatus.CANCELLED.value}
            yield _spell(None, "status", cancelled)
            yield _spell(None, "result", cancelled)
            yield _spell(None, "done", {})

    async def _reached(self, place: int) -> AsyncIterator[bytes]:
        """Send a heartbeat now and then, until the run has come to this event."""
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._reach(place)
            except TimeoutError:
                yield _spell(None, "heartbeat", {})
            else:
                return

    async def _reach(self, place: int) -> None:
        """Wait until the run has come to this event, or is cancelled."""
        if self._behaviour.stalling and place > self._first_delta():
            await first_of(self._released.wait(), self._cancelled.wait())
        wait_s = self._due(place) - time.monotonic()
        if wait_s > 0:
            await _within(self._cancelled, wait_s)

    def _due(self, place: int) -> float:
        before = sum(event.delta for event in self._events[:place])
        return self._started + before * self._behaviour.slow_s

    def _is_done(self) -> bool:
        if self._behaviour.stalling and not self._released.is_set():
            return False
        if self._behaviour.midfail and not self._told_all:
            return False  # SDKs resume only the stream of a run that goes on
        return time.monotonic() >= self._due(len(self._events))

    def _first_delta(self) -> int:
        return next(place for place, event in enumerate(self._events) if event.delta)

    def _write(self, used: ToolCall | None) -> tuple[Event, ...]:
        turns: list[list[tuple[str, JsonObject]]] = []

        def tell(name: str, data: JsonObject, update: JsonObject) -> None:
            turns.append([(name, data), ("interaction_update", update)])

        thought = {"text": "A small request; a short answer will do."}
        tell("thinking", thought, {"type": "thinking-delta", **thought})
        for part in cut(self.text):
            tell("assistant", {"text": part}, {"type": "text-delta", "text": part})
        if used is not None:
            turns += self._calling(used)
        ended = {"runId": self.id, "status": RunStatus.FINISHED.value, "text": self.text}
        done = {**ended, "durationMs": 1000, "git": self._git}
        counted = {"type": "turn-ended", "usage": self.usage}
        turns += [[("interaction_update", counted)], [("result", done)], [("done", {})]]
        return tuple(
            Event(number, name, data, delta=name == "assistant")
            for number, turn in enumerate(turns)
            for name, data in turn
        )

    def _calling(self, used: ToolCall) -> list[list[tuple[str, JsonObject]]]:
        arguments = json.loads(used.arguments)
        call: dict[str, Any] = {"callId": f"call-{self.id}", "name": used.name, "args": arguments}
        result = {"success": {"stdout": _output(self._behaviour)}}
        return [
            [("tool_call", {**call, "status": "running"})],
            [("tool_call", {**call, "status": "completed", "result": result})],
        ]


def event_number(event_id: str | None) -> int:
    """Read the number out of a Last-Event-ID; -1 when there is none. Raises Refusal."""
    if not event_id:
        return -1
    moment, _, number = event_id.partition("-")
    if moment != str(EPOCH_MS) or not number.isdigit():
        raise Refusal(Fault.BAD_EVENT_ID, f"No event has the id {event_id!r}.", "Last-Event-ID")
    return int(number)


def _spell(number: int | None, name: str, data: JsonObject) -> bytes:
    event_id = b"" if number is None else f"id: {EPOCH_MS}-{number}\n".encode()
    return event_id + f"event: {name}\ndata: ".encode() + compact(data) + b"\n\n"


def _output(behaviour: Behaviour) -> str:
    return f"aws_access_key_id = {PLANTED_KEY}" if behaviour.leaky else "1 passed"


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
