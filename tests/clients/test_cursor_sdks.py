"""Cursor's own SDKs launch cloud agents through the gateway, follow up, wait and are refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.test_frameworks import MODULES, PROGRAMS, PYTHON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

KEY = "AKIAIOSFODNN7EXAMPLE"
SHOWN = "[aws-access-key-id]"
DENIAL = {"category": "Not allowed by policy", "reason": "Use the lunar simulator"}


@dataclass(frozen=True, slots=True)
class Sdk:
    """A program on one of the SDKs; `needs` is what has to be installed."""

    name: str
    command: tuple[Path | str, ...]
    needs: Path
    tells_usage: bool

    def __str__(self) -> str:
        return self.name


SDKS = (
    Sdk(
        "python",
        (PYTHON, PROGRAMS / "with_cursor_sdk.py"),
        PYTHON.with_name("cursor-sdk-bridge"),
        tells_usage=True,
    ),
    Sdk(
        "typescript",
        ("node", PROGRAMS / "with_cursor_sdk.mjs", f"{MODULES}/"),
        MODULES / "sqlite3" / "build" / "Release" / "node_sqlite3.node",
        tells_usage=False,
    ),
)


class Program:
    """A running program; asks one thing after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    async def ask(self, do: str, **asked: str) -> Any:  # noqa: ANN401  what the SDK gives
        """Return what the SDK gave. Raises Failed."""
        answer = await asyncio.to_thread(self._ask, {"do": do, **asked})
        if "error" in answer:
            raise Failed(f"{answer['error']}: {answer['message']}")
        return answer["is"]

    async def refused(self, do: str, **asked: str) -> str:
        """Return what the SDK raised."""
        with pytest.raises(Failed) as caught:
            await self.ask(do, **asked)
        return str(caught.value)

    def _ask(self, asked: dict[str, str]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class Failed(Exception):
    """What the SDK raised."""


@contextmanager
def started(sdk: Sdk, house: House, token: str, home: Path) -> Iterator[Program]:
    settings = {"CURSOR_BACKEND_URL": f"{house.url}/cursor", "CURSOR_API_KEY": token}
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **settings}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        sdk.command, env=env, stdin=pipe, stdout=pipe, text=True, cwd=home
    ) as process:
        yield Program(process)
        process.communicate()


@pytest.fixture(params=SDKS, ids=str)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    wanted: Sdk = request.param
    if not wanted.needs.exists():
        pytest.skip(f"Cursor's SDK for {wanted} is not installed: `make agents` does it")
    return wanted


@pytest.fixture
async def alice(sdk: Sdk, house: House, idp: IdpDriver, tmp_path: Path) -> AsyncIterator[Program]:
    token = await idp.token("alice")
    with started(sdk, house, token, tmp_path) as program:
        yield program


async def test_an_agent_is_launched_followed_up_and_cleared_away(
    alice: Program, sdk: Sdk, case: str
) -> None:
    assert await alice.ask("me") == "sandbox"
    assert "cursor-sandbox" in await alice.ask("models")
    assert "https://github.com/acme/payments" in await alice.ask("repositories")

    first = await alice.ask(
        "launch", prompt=f"Call the tool for {case}", model="cursor-sandbox-slow-midfail"
    )
    agent = first["agent"]
    streamed = await alice.ask("stream", run=first["run"])
    assert streamed["said"] == "Gladly, I will use run_terminal_cmd for that."
    assert streamed["status"] == "finished"
    assert streamed["calls"] == ["run_terminal_cmd", "run_terminal_cmd"]
    assert streamed["said"] in await alice.ask("conversation", run=first["run"])

    more = await alice.ask("send", agent=agent, prompt=f"And a licence for {case}")
    ended = await alice.ask("wait", run=more["run"])
    assert ended["status"] == "finished"
    assert f"licence for {case}" in ended["result"]
    assert await alice.ask("runs", agent=agent) == [more["run"], first["run"]]
    if sdk.tells_usage:
        used = await alice.ask("usage", agent=agent)
        assert used["runs"] == [first["run"], more["run"]]
        assert used["total"] > 0
    [path, _] = await alice.ask("artifacts", agent=agent)
    assert case in await alice.ask("download", agent=agent, path=path)

    assert agent in await alice.ask("list")
    await alice.ask("archive", agent=agent)
    assert agent not in await alice.ask("list")
    await alice.ask("unarchive", agent=agent)
    assert case in await alice.ask("get", agent=agent)
    await alice.ask("delete", agent=agent)
    assert "not_found" in await alice.refused("get", agent=agent)


async def test_one_hold_for_a_launch_and_another_for_a_follow_up(
    alice: Program, model: ModelDriver, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    assert await alice.ask("me") == "sandbox"  # takes its time, the first time
    async with asyncio.TaskGroup() as tasks:
        launching = tasks.create_task(
            alice.ask("launch", prompt=f"Fly to the moonbase, {case}", model="cursor-sandbox-slow")
        )
        card = await maria.wait_for_message(case, channel="approvals")
        assert await launches(model) == 0
        await maria.click(card, "Approve")
    launched = launching.result()
    assert case in (await alice.ask("stream", run=launched["run"]))["said"]
    assert await launches(model) == 1

    async with asyncio.TaskGroup() as tasks:
        prompt = f"Leave the moonbase, {case}-2"
        following = tasks.create_task(alice.refused("send", agent=launched["agent"], prompt=prompt))
        card = await maria.wait_for_message(f"{case}-2", channel="approvals")
        await maria.click(card, "Deny…")
        await maria.submit(DENIAL)
    assert "Use the lunar simulator" in following.result()
    assert await alice.ask("runs", agent=launched["agent"]) == [launched["run"]]

    denied = await alice.refused("launch", prompt=f"doomsday {case}", model="cursor-sandbox")
    assert "There is no such thing." in denied
    assert await launches(model) == 1


async def test_a_key_reaches_neither_the_agent_nor_the_caller(
    alice: Program, model: ModelDriver
) -> None:
    prompt = f"Call the tool with {KEY}"
    launched = await alice.ask("launch", prompt=prompt, model="cursor-sandbox-slow-leaky")
    seen = [await alice.ask(do, run=launched["run"]) for do in ("stream", "conversation", "wait")]
    [path] = await alice.ask("artifacts", agent=launched["agent"])
    seen.append(await alice.ask("download", agent=launched["agent"], path=path))
    assert SHOWN in seen[0]["said"]
    assert KEY not in str(seen[:3])
    assert all(KEY.encode() not in received.body for received in await model.requests())


async def test_a_run_is_cancelled_and_nobody_else_sees_its_agent(
    alice: Program, sdk: Sdk, house: House, idp: IdpDriver, tmp_path: Path
) -> None:
    launched = await alice.ask("launch", prompt="Wait for me", model="cursor-sandbox-stalling")
    with started(sdk, house, await idp.token("dana"), tmp_path) as dana:
        assert launched["agent"] not in await dana.ask("list")
        assert "not_found" in await dana.refused("get", agent=launched["agent"])
        assert "not_found" in await dana.refused("runs", agent=launched["agent"])
    await alice.ask("cancel", run=launched["run"])
    assert (await alice.ask("wait", run=launched["run"]))["status"] == "cancelled"


async def launches(model: ModelDriver) -> int:
    return sum(
        (received.method, received.path) == ("POST", "/cursor/v1/agents")
        for received in await model.requests()
    )
