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
    workplace = Workplace(tmp_path, house.url, "dana")
    workplace.work.mkdir()
    command = tmp_path / "bin" / "abeyance"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n')
    command.chmod(0o700)
    *before, last = lines_of(PAGES[agent])
    # A prompt on the command line, so that it ends by itself.
    asked = [flag.format(model="sandbox-1") for flag in (*FLAGS[agent], "Say hello to me")]
    typed = [*before, f"{last} {shlex.join(asked)}; echo code $?"]
    variables = {**workplace.variables_for("sandbox-1"), "TERM": "xterm-256color", "PS1": "> "}
    async with at_terminal(["/bin/sh", "-i"], workplace.work, variables) as terminal:
        for line in typed:
            terminal.type(line.replace("https://gateway.example.com", house.url) + "\n")
        await terminal.wait_for("Happy to help")
        await terminal.wait_for("code 0")
