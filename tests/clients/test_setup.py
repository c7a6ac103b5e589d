"""Each agent with nothing but the files that `abeyance setup` has written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.clients.agents import CLAUDE, CODEX, GEMINI, OPENCODE, PROGRAMS, Agent, Desk, Setup
from tests.workstation.sign_in.machine import BROWSER

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from tests.flows.house import House

# What a person has in her own files before, which stays.
OWN = {
    "claude": (".claude/settings.json", '{\n  "env": {"EDITOR": "mine"}\n}\n'),
    "codex": (".codex/config.toml", '# mine\nmodel = "sandbox-1"\n[analytics]\nenabled = false\n'),
    "gemini": (
        ".gemini/settings.json",
        (
            '{"privacy": {"usageStatisticsEnabled": false}, // mine\n'
            ' "general": {"disableAutoUpdate": true, "disableUpdateNag": true}}'
        ),
    ),
    "opencode": (
        ".config/opencode/opencode.jsonc",
        (
            '{// mine\n"autoupdate": false, "share": "disabled",\n'
            '"small_model": "anthropic/sandbox-1",\n'
            '"provider": {"anthropic": {"models": {"sandbox-1": {},},},},}'
        ),
    ),
}
TITLES = {
    "claude": "Claude Code",
    "codex": "Codex",
    "gemini": "Gemini CLI",
    "opencode": "opencode",
}
FLAGS = {
    "claude": ["--model", "sandbox-1", "-p"],
    "codex": ["exec", "--skip-git-repo-check"],
    "gemini": ["--model", "sandbox-1", "--skip-trust", "--prompt"],
    "opencode": ["run", "--model", "anthropic/sandbox-1"],
}


@pytest.fixture
async def person(house: House, idp: IdpDriver, tmp_path: Path) -> Desk:
    """A developer's machine with a HOME of its own."""
    return Desk(tmp_path / "home", tmp_path / "work", house.url, await idp.token("alice"))


def set_up(desk: Desk, agent: Agent, *options: str) -> str:
    """Run `abeyance setup` as the person; return what it shows."""
    done = abeyance(desk, "setup", agent.program, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def faults(desk: Desk, title: str) -> list[str]:
    """Return what `abeyance doctor` finds wrong with the gateway and one tool."""
    said = json.loads(abeyance(desk, "doctor", "--workstation", "--json").stdout)["findings"]
    assert {title, "gateway", "clock", "sign-in", "connections"} <= {each["point"] for each in said}
    points = ("gateway", "clock", "sign-in", "connections", title)
    return [x["found"] for x in said if x["point"] in points and x["state"] == "bad"]


def abeyance(desk: Desk, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the person, whose machine has every agent."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *words, "--gateway", desk.gateway],
        env={
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(desk.home),
            "ABEYANCE_TOKEN": desk.token,
        },
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, GEMINI, OPENCODE], ids=str)
async def test_an_agent_uses_the_gateway_by_its_own_files(
    agent: Agent, person: Desk, model: ModelDriver
) -> None:
    name, text = OWN[agent.program]
    own = person.home / name
    own.parent.mkdir(parents=True)
    own.write_text(text)
    own.chmod(0o640)

    assert faults(person, TITLES[agent.program])
    assert "+" in set_up(person, agent)
    assert faults(person, TITLES[agent.program]) == []
    assert "mine" in own.read_text()
    assert own.stat().st_mode & 0o777 == 0o640
    assert "Nothing to change" in set_up(person, agent)

    env = {"ABEYANCE_TOKEN": person.token}
    if agent is GEMINI:
        env["GEMINI_API_KEY"] = person.token  # it has no helper for tokens
    bare = replace(agent, setup=lambda *_: Setup(FLAGS[agent.program], env))
    ended = await person.run(bare, "Say hello")
    assert "Happy to help" in ended.screen
    assert ended.code == 0
    assert await model.requests()

    set_up(person, agent, "--undo")
    # Some agents have written into their files themselves by now.
    assert "mine" in own.read_text()
    assert "abeyance" not in own.read_text().lower()
    assert person.gateway not in own.read_text()
    assert not list(person.home.rglob("abeyance.js"))


async def test_opencode_signs_in_at_the_gateway_by_itself(
    person: Desk, model: ModelDriver, tmp_path: Path
) -> None:
    """It reads /.well-known/opencode, makes a key, and has its providers from the gateway."""
    name, text = OWN["opencode"]
    (person.home / name).parent.mkdir(parents=True)
    (person.home / name).write_text(text)
    abeyance = tmp_path / "bin" / "abeyance"
    abeyance.parent.mkdir()
    abeyance.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n')
    abeyance.chmod(0o755)
    env = {
        "PATH": f"{abeyance.parent}:{os.environ['PATH']}",
        "BROWSER": f"{sys.executable} {BROWSER} alice %s",
    }
    login = replace(OPENCODE, setup=lambda *_: Setup(["auth", "login"], env))
    signed_in = await person.run(login, person.gateway)
    assert "Logged into" in signed_in.screen

    run = replace(OPENCODE, setup=lambda *_: Setup(FLAGS["opencode"], env))
    ended = await person.run(run, "Say hello")
    assert "Happy to help" in ended.screen
    assert ended.code == 0
    assert await model.requests()
