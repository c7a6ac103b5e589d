"""Cursor's cloud agents and their runs, kept in memory, for both versions of that API."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.model.answers import PLANTED_KEY, Tool, ToolCall, answer, cut
from sandbox.model.behaviour import Behaviour
from sandbox.model.flow import Died
from sandbox.model.refusals import Fault, JsonObject, Refusal
from sandbox.model.sending import compact
from sandbox.serving import first_of

EPOCH_MS = 1_767_225_600_000
CREATED_AT = "2026-01-01T00:00:00.000Z"
SHELL = Tool("run_terminal_cmd", {"properties": {"command": {"type": "string"}}})


class RunStatus(StrEnum):
    """Where a run is; every status but RUNNING is the last."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run's stream; `delta` marks those that carry a part of the answer."""

    name: str
    data: JsonObject
    delta: bool = False


class Run:
    """One prompt and its answer. A run goes on by itself, whether or not its stream is read."""

    def __init__(self, run_id: str, agent_id: str, prompt: str, behaviour: Behaviour) -> None:
        self.id = run_id
        self.agent_id = agent_id
        self.prompt = prompt
        self._behaviour = behaviour
        said = answer(prompt, behaviour, (SHELL,))
        self.text = said.text
        self._events = self._write(said.calls[0] if said.calls else None)
        self._started = time.monotonic()
        self._released = asyncio.Event()
        self._cancelled = asyncio.Event()
        self._broke = False

    @property
    def status(self) -> RunStatus:
        if self._cancelled.is_set():
            return RunStatus.CANCELLED
        return RunStatus.FINISHED if self._is_done() else RunStatus.RUNNING

    def describe(self) -> JsonObject:
        """Spell the run as v1 does; `result` is there once it has finished."""
        done = {"result": self.text} if self.status is RunStatus.FINISHED else {}
        return {
            "id": self.id,
            "agentId": self.agent_id,
            "status": self.status.value,
            "createdAt": CREATED_AT,
            "updatedAt": CREATED_AT,
            **done,
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

    async def stream(self, after: int) -> AsyncIterator[bytes]:
        """Send the events after number `after` (-1: all), each as soon as the run is so far.

        Raises Died half-way on `midfail`, the first time only: who resumes gets the rest.
        """
        halfway = len(self._events) // 2
        for number, event in enumerate(self._events):
            if number <= after:
                continue
            if self._behaviour.midfail and not self._broke and number >= halfway:
                self._broke = True
                raise Died
            await self._reach(number)
            if self._cancelled.is_set():
                break
            yield _spell(number, event)
        if self._cancelled.is_set():
            ended = {"runId": self.id, "status": RunStatus.CANCELLED.value}
            yield _spell(len(self._events), Event("status", ended))
            yield _spell(len(self._events) + 1, Event("done", {}))

    async def _reach(self, number: int) -> None:
        """Wait until the run has come to this event, or is cancelled."""
        if self._behaviour.stalling and number > self._first_delta():
            await first_of(self._released.wait(), self._cancelled.wait())
        wait_s = self._due(number) - time.monotonic()
        if wait_s > 0:
            await _within(self._cancelled, wait_s)

    def _due(self, number: int) -> float:
        before = sum(event.delta for event in self._events[:number])
        return self._started + before * self._behaviour.slow_s

    def _is_done(self) -> bool:
        if self._behaviour.stalling and not self._released.is_set():
            return False
        return time.monotonic() >= self._due(len(self._events))

    def _first_delta(self) -> int:
        return next(number for number, event in enumerate(self._events) if event.delta)

    def _write(self, used: ToolCall | None) -> tuple[Event, ...]:
        events = [Event("status", {"runId": self.id, "status": RunStatus.RUNNING.value})]
        events.append(Event("thinking", {"text": "A small request; a short answer will do."}))
        for part in cut(self.text):
            events.append(Event("assistant", {"text": part}, delta=True))
            # The real stream says each delta twice, and so do we: who masks must mask both.
            events.append(Event("interaction_update", {"type": "text-delta", "text": part}))
        if used is not None:
            arguments = json.loads(used.arguments)
            call = {"callId": f"call-{self.id}", "name": used.name, "args": arguments}
            events.append(Event("tool_call", {**call, "status": "running"}))
            result = {"success": {"stdout": _output(self._behaviour)}}
            events.append(Event("tool_call", {**call, "status": "completed", "result": result}))
        ended = {"runId": self.id, "status": RunStatus.FINISHED.value, "text": self.text}
        return (*events, Event("result", ended), Event("done", {}))


@dataclass(slots=True)
class Agent:
    """A durable agent; its runs in the order in which they were asked for."""

    id: str
    name: str
    source: JsonObject
    model: str
    runs: list[Run] = field(default_factory=list)

    @property
    def is_busy(self) -> bool:
        return any(run.status is RunStatus.RUNNING for run in self.runs)

    def run(self, run_id: str) -> Run:
        """Find a run of this agent. Raises Refusal when there is none of this id."""
        found = next((run for run in self.runs if run.id == run_id), None)
        if found is None:
            raise Refusal(Fault.NOT_FOUND, f"This agent has no run {run_id!r}.")
        return found


class Agents:
    """All agents, by their ids."""

    def __init__(self) -> None:
        self._agents: dict[str, Agent] = {}
        self._by_key: dict[str, Agent] = {}
        self._runs = 0

    def all(self) -> list[Agent]:
        return list(reversed(self._agents.values()))

    def find(self, agent_id: str) -> Agent:
        """Raise Refusal when there is no agent of this id."""
        if agent_id not in self._agents:
            raise Refusal(Fault.NOT_FOUND, f"There is no agent {agent_id!r}.")
        return self._agents[agent_id]

    def made_with(self, key: str | None) -> Agent | None:
        """Find the agent that this Idempotency-Key made before."""
        return self._by_key.get(key) if key else None

    def create(self, prompt: str, model: str, source: JsonObject, key: str | None) -> Agent:
        """Make an agent. Its first run is for `start`."""
        agent = Agent(f"bc-{len(self._agents) + 1:08d}", prompt[:40], source, model)
        self._agents[agent.id] = agent
        if key:
            self._by_key[key] = agent
        return agent

    def start(self, agent: Agent, prompt: str, behaviour: Behaviour) -> Run:
        """Start a run. Raises Refusal while another one of this agent goes on."""
        if agent.is_busy:
            raise Refusal(Fault.BUSY, "This agent works on another run; wait, or cancel that one.")
        self._runs += 1
        run = Run(f"run-{self._runs:08d}", agent.id, prompt, behaviour)
        agent.runs.append(run)
        return run

    def release(self) -> int:
        """Let every stalled run go on; returns how many they were."""
        return sum(run.release() for agent in self._agents.values() for run in agent.runs)


def event_number(event_id: str | None) -> int:
    """Read the number out of a Last-Event-ID; -1 when there is none. Raises Refusal."""
    if not event_id:
        return -1
    moment, _, number = event_id.partition("-")
    if moment != str(EPOCH_MS) or not number.isdigit():
        raise Refusal(Fault.BAD_BODY, f"No event has the id {event_id!r}.", "Last-Event-ID")
    return int(number)


def _spell(number: int, event: Event) -> bytes:
    head = f"id: {EPOCH_MS}-{number}\nevent: {event.name}\ndata: ".encode()
    return head + compact(event.data) + b"\n\n"


def _output(behaviour: Behaviour) -> str:
    return f"aws_access_key_id = {PLANTED_KEY}" if behaviour.leaky else "1 passed"


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
