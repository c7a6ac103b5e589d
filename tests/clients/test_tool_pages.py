"""The lines of each tool's page, typed into a terminal by somebody who has just got her machine."""

from __future__ import annotations

import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.clients.agents import AGENTS, CLAUDE, CODEX, GEMINI, OPENCODE, ROOT, Agent
from tests.clients.terminals import at_terminal
from tests.clients.test_exec import FLAGS, Workplace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.agents import Desk
    from tests.flows.house import House

PAGES = {CLAUDE: "claude-code", CODEX: "codex", GEMINI: "gemini-cli", OPENCODE: "opencode"}


def lines_of(page: str) -> list[str]:
    """Return what a page has people type first."""
    found = re.search(
        r"```sh\n(.*?)```", (ROOT / "docs/tools" / f"{page}.md").read_text(), re.DOTALL
    )
    assert found is not None
    return found[1].splitlines()


@pytest.mark.parametrize("agent", AGENTS, ids=str)
async def test_what_the_page_of_a_tool_says_is_all_that_has_to_be_typed(
    agent: Agent, house: House, desk: Desk, tmp_path: Path
) -> None:
    workplace = new_workplace(tmp_path, house)
    *before, last = lines_of(PAGES[agent])
    # A prompt on the command line, so that it ends by itself.
    asked = [flag.format(model="sandbox-1") for flag in (*FLAGS[agent], "Say hello to me")]
    await typed(workplace, [*before, f"{last} {shlex.join(asked)}"])


SCRIPT = """
from openai import OpenAI

asked = [{"role": "user", "content": "Say hello to me"}]
answer = OpenAI().chat.completions.create(model="sandbox-1", messages=asked)
print(answer.choices[0].message.content)
"""


async def test_what_the_page_of_other_tools_says_is_all_that_has_to_be_typed(
    house: House, tmp_path: Path
) -> None:
    workplace = new_workplace(tmp_path, house)
    (workplace.work / "my_script.py").write_text(SCRIPT)
    await typed(workplace, lines_of("others"))


def new_workplace(home: Path, house: House) -> Workplace:
    """Return a machine on which `abeyance` was installed just now."""
    workplace = Workplace(home, house.url, "dana")
    workplace.work.mkdir()
    (home / "bin").mkdir()
    for name, runs in (("abeyance", f"{sys.executable} -m cli"), ("python", sys.executable)):
        command = home / "bin" / name
        command.write_text(f'#!/bin/sh\nexec {runs} "$@"\n')
        command.chmod(0o700)
    return workplace


async def typed(workplace: Workplace, lines: list[str]) -> None:
    """Type lines into a shell; the last has the model say hello, and ends well."""
    variables = {**workplace.variables_for("sandbox-1"), "TERM": "xterm-256color", "PS1": "> "}
    async with at_terminal(["/bin/sh", "-i"], workplace.work, variables) as terminal:
        for line in [*lines[:-1], f"{lines[-1]}; echo code $?"]:
            terminal.type(line.replace("https://gateway.example.com", workplace.gateway) + "\n")
        await terminal.wait_for("Happy to help")
        await terminal.wait_for("code 0")
