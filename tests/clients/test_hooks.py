"""Claude Code and Codex with our hooks, past the gateway otherwise: the hooks alone decide."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.agents import CLAUDE, CODEX, PROGRAMS, Agent, Desk, Ended, Setup
from tests.clients.test_tool_calls import FILE, card_of, change
from workstation.hook.documents import hooks_for, warnings_for

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

FILES = {"claude": ".claude/settings.json", "codex": ".codex/hooks.json"}
# Codex runs a hook once a person has looked at it, which no test can.
TRUSTED = ("--dangerously-bypass-hook-trust",)
CONFIG = ".codex/config.toml"
AGENTS = pytest.mark.parametrize("agent", [CLAUDE, CODEX], ids=str)


def with_hooks(agent: Agent, document: dict[str, Any]) -> Agent:
    """Return the agent with hooks in its own file."""

    def setup(gateway: str, token: str, model: str, patience: float) -> Setup:
        plain = agent.setup(gateway, token, model, patience)
        files = {**plain.files, FILES[agent.program]: json.dumps(document)}
        if agent is CLAUDE:
            return Setup(plain.arguments, plain.env, files)
        # ABEYANCE_TOKEN is for the hook here.
        config = plain.files[CONFIG].replace("ABEYANCE_TOKEN", "MODEL_KEY")
        arguments = [plain.arguments[0], *TRUSTED, *plain.arguments[1:]]
        return Setup(arguments, {"MODEL_KEY": token}, files | {CONFIG: config})

    return replace(agent, setup=setup)


@pytest.fixture
async def desk(house: House, tmp_path: Path) -> Desk:
    """A machine from where the model is reached without the gateway."""
    model = house.sandbox["model"]
    return Desk(tmp_path / "home", tmp_path / "work", model["url"], model["credential"])


@pytest.fixture
async def alice(house: House, idp: IdpDriver) -> dict[str, str]:
    return {"ABEYANCE_GATEWAY_URL": house.url, "ABEYANCE_TOKEN": await idp.token("alice")}


def ours(agent: Agent, **options: Any) -> Agent:  # noqa: ANN401
    return with_hooks(
        agent, hooks_for(agent.program, command=f"{sys.executable} -m cli", **options)
    )


def walk(case: str) -> str:
    return f"Do this:\n$ echo moonwalk {case} >> {FILE}\nThat is all."


@AGENTS
async def test_a_held_call_waits_for_a_manager_and_runs_once(
    agent: Agent, desk: Desk, alice: dict[str, str], slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run(ours(agent), walk(case), env=alice))
        card = await card_of(maria, case)
        assert not (desk.work / FILE).exists()
        await maria.click(card, "Approve")
    assert "All 1 steps are done" in running.result().screen
    assert (desk.work / FILE).read_text() == f"moonwalk {case}\n"
    assert sum(case in seen.words for seen in maria.messages("approvals")) == 1


@AGENTS
async def test_a_changed_call_runs_as_the_manager_changed_it(
    agent: Agent, desk: Desk, alice: dict[str, str], slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.run(ours(agent), walk(case), env=alice))
        await change(maria, await card_of(maria, case), f"echo changed >> {FILE}")
    assert (desk.work / FILE).read_text() == "changed\n"


@AGENTS
async def test_a_denied_call_does_not_run_and_the_model_learns_why(
    agent: Agent,
    desk: Desk,
    alice: dict[str, str],
    slack: SlackDriver,
    model: ModelDriver,
    case: str,
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.run(ours(agent), walk(case), env=alice))
        await maria.click(await card_of(maria, case), "Deny…")
        await maria.submit({"category": "Other", "reason": "Stay on the ground"})
    assert not (desk.work / FILE).exists()
    last = [seen for seen in await model.requests() if case in seen.body.decode()][-1]
    assert "Stay on the ground" in last.body.decode()


@AGENTS
async def test_a_prompt_that_a_rule_denies_never_leaves(
    agent: Agent, desk: Desk, alice: dict[str, str], model: ModelDriver, case: str
) -> None:
    hooked = ours(agent)
    ended = await desk.run(hooked, f"Build a doomsday machine, {case}", env=alice)
    if agent is CLAUDE:  # `codex exec` says only that a hook has blocked it
        assert "There is no such thing" in ended.screen
    await desk.run(hooked, f"Say hello, {case}", env=alice, again=True)
    asked = [seen.body.decode() for seen in await model.requests() if case in seen.body.decode()]
    assert asked
    assert not any("doomsday" in body for body in asked)


async def run_once(desk: Desk, agent: Agent, env: dict[str, str]) -> Ended:
    return await desk.run(agent, f"Do this:\n$ echo ran >> {FILE}\nThat is all.", env=env)


@AGENTS
async def test_without_the_gateway_no_call_runs(agent: Agent, desk: Desk) -> None:
    hooks = ours(agent)
    away = {"ABEYANCE_GATEWAY_URL": "http://127.0.0.1:1", "ABEYANCE_TOKEN": "token"}
    await run_once(desk, hooks, away)
    assert not (desk.work / FILE).exists()


@AGENTS
@pytest.mark.parametrize("hook", ["kill -9 $$", "exit 1", "abeyance-is-not-here"])
async def test_a_hook_that_dies_blocks(agent: Agent, hook: str, desk: Desk) -> None:
    document = hooks_for(agent.program, command=f"sh -c '{hook}'")
    only_calls = {"hooks": {"PreToolUse": document["hooks"]["PreToolUse"]}}
    ended = await run_once(desk, with_hooks(agent, only_calls), {})
    assert "All 1 steps are done" in ended.screen
    assert not (desk.work / FILE).exists()


@AGENTS
async def test_a_frozen_hook_blocks_unless_the_docs_say_that_it_does_not(
    agent: Agent, desk: Desk
) -> None:
    document = hooks_for(agent.program, command="sh -c 'kill -STOP $$'")
    [handler] = document["hooks"]["PreToolUse"][0]["hooks"]
    handler["timeout"] = 2
    only_calls = {"hooks": {"PreToolUse": document["hooks"]["PreToolUse"]}}
    await run_once(desk, with_hooks(agent, only_calls), {})
    goes_on = bool(warnings_for(agent.program, "user", version_of(agent.program)))
    assert (desk.work / FILE).exists() is goes_on


@AGENTS
async def test_a_hook_that_is_killed_while_it_waits_blocks(
    agent: Agent, desk: Desk, alice: dict[str, str], slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run(ours(agent), walk(case), env=alice))
        await card_of(maria, case)
        for waiting in hooks_of(desk):
            os.kill(waiting, signal.SIGKILL)
    assert "All 1 steps are done" in running.result().screen
    assert not (desk.work / FILE).exists()


def version_of(program: str) -> str:
    command = [PROGRAMS / program, "--version"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    found = re.search(r"\d+(?:\.\d+)+", said)
    assert found
    return found[0]


def hooks_of(desk: Desk) -> list[int]:
    """Return the processes of our hooks that run in the folder of a desk."""
    start = [sys.executable.encode(), b"-m", b"cli", b"hook"]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            words = (process / "cmdline").read_bytes().split(b"\0")
            if words[:4] == start and (process / "cwd").readlink() == desk.work:
                found.append(int(process.name))
    assert found
    return found
