"""Real agents started by `abeyance exec`, by somebody who signed in before: nothing else is set."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clients.agents import (
    AGENTS,
    CARD_SECONDS,
    CLAUDE,
    CODEX,
    GEMINI,
    OPENCODE,
    PROGRAMS,
    ROOT,
    SPARING,
    Agent,
)
from tests.clients.terminals import at_terminal
from tests.workstation.sign_in.machine import Machine, Said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.clients.agents import Desk
    from tests.flows.house import House

LIFE_SECONDS = 3
"""How long a token lives."""
FLAGS = {
    CLAUDE: ("--model", "{model}", "--allowedTools=Bash", "-p"),
    CODEX: (
        *("exec", "--model", "{model}", "--skip-git-repo-check"),
        *("--sandbox", "danger-full-access"),
    ),
    GEMINI: ("--model", "{model}", "--yolo", "--skip-trust", "--prompt"),
    OPENCODE: ("run",),
}
"""How each is told to do one task and end; opencode takes its model from the environment."""
TASK = """Do this:
$ date +%s >> times.txt
$ sleep {seconds}
$ echo done >> times.txt
That is all."""
NOTIFIER = """#!/bin/sh
printf '%s\\n' "$@" >> "$HOME/notified.txt"
"""


@dataclass
class Workplace(Machine):
    """A developer's machine and a folder to work in, a repository of her company."""

    work: Path = field(init=False)

    def __post_init__(self) -> None:
        self.work = self.home / "work"

    def command(self, agent: Agent, prompt: str, model: str = "sandbox-1") -> list[str]:
        flags = [flag.format(model=model) for flag in FLAGS[agent]]
        return [sys.executable, "-m", "cli", "exec", "--", agent.program, *flags, prompt]

    def variables_for(self, model: str) -> dict[str, str]:
        """Return what keeps agents from calling home, and what names opencode's model."""
        one = {"provider": {"anthropic": {"models": {model: {}}}}, "share": "disabled"}
        names = dict.fromkeys(("model", "small_model"), f"anthropic/{model}")
        return {
            **self.env,
            **SPARING,
            "PATH": f"{self.home / 'bin'}{os.pathsep}{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            "ANTHROPIC_API_KEY": "of-somebody-else",
            "OPENAI_API_KEY": "of-somebody-else",
            "OPENCODE_CONFIG_CONTENT": json.dumps({**one, **names, "autoupdate": False}),
        }

    async def agent(self, agent: Agent, prompt: str, model: str = "sandbox-1") -> Said:
        """Run an agent to its end."""
        process = await asyncio.create_subprocess_exec(
            *self.command(agent, prompt, model),
            cwd=self.work,
            env={**self.variables_for(model), "TERM": "dumb"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Said(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
async def workplace(
    house: House,
    idp: IdpDriver,
    desk: Desk,
    tmp_path: Path,
) -> AsyncIterator[Workplace]:
    """A machine whose person has signed in, with tokens that live for some seconds."""
    del desk  # asked for where agents have to be installed
    made = Workplace(tmp_path, house.url, "alice")
    made.work.mkdir()
    for words in (
        ("init", "--quiet", "--initial-branch=fix"),
        ("remote", "add", "origin", "https://alice:secret@git.example.com/acme/shop.git"),
    ):
        git = await asyncio.create_subprocess_exec("git", "-C", made.work, *words)
        assert await git.wait() == 0
    await idp.set_minting(seconds=LIFE_SECONDS)
    await made.run("login", house.url)
    await made.run("setup", "gemini", "--yes")
    yield made
    await idp.set_minting()


@pytest.mark.parametrize("agent", AGENTS, ids=str)
async def test_a_task_goes_on_though_its_token_ends_in_the_middle(
    agent: Agent, workplace: Workplace, model: ModelDriver
) -> None:
    ended = await workplace.agent(agent, TASK.format(seconds=LIFE_SECONDS + 1), "sandbox-script")
    assert ended.code == 0, ended
    began, done = (workplace.work / "times.txt").read_text().split()
    assert done == "done"
    # The token of the last request was not there yet when the first command ran.
    assert workplace.session()["issued_at"] > float(began)
    assert "of-somebody-else" not in repr(await model.requests())


async def test_while_a_request_waits_the_title_and_a_notification_say_so(
    workplace: Workplace, slack: SlackDriver, case: str
) -> None:
    notifier = workplace.home / "bin" / "notify-send"
    notifier.parent.mkdir()
    notifier.write_text(NOTIFIER)
    notifier.chmod(0o700)
    maria = await slack.user("maria")
    command = workplace.command(CLAUDE, f"Fly to the moonbase, {case}")
    variables = {**workplace.variables_for("sandbox-1"), "TERM": "xterm-256color"}
    async with at_terminal(command, workplace.work, variables) as terminal:
        card = await maria.wait_for_message(case, channel="approvals", within=CARD_SECONDS)
        assert "acme/shop" in card.words
        assert "claimed" in card.words
        title = await terminal.wait_for_title("⏳ waiting for approval: card ")
        name = title.rpartition(" ")[2]
        assert name in card.words
        await maria.click(card, "Approve")
        await terminal.wait_for("Happy to help")
        notified = (workplace.home / "notified.txt").read_text()
    assert f"Waiting for approval by managers: a request (card {name})." in notified


async def test_a_denial_reaches_the_tool_as_it_is_and_its_exit_code_ours(
    workplace: Workplace, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(workplace.agent(CODEX, f"Fly to the moonbase, {case}"))
        card = await maria.wait_for_message(case, channel="approvals", within=CARD_SECONDS)
        await maria.click(card, "Deny…")
        await maria.submit({"category": "Not allowed by policy", "reason": "Use the simulator"})
    ended = running.result()
    assert "Use the simulator" in ended.out + ended.err
    assert "Reconnecting" not in ended.out + ended.err
    assert ended.code == 1
