"""The managed files of `abeyance fleet`, on the machine of a user who would rather go elsewhere."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.clients.agents import CLAUDE, CODEX, GEMINI, OPENCODE, PROGRAMS, Agent, Desk, Setup
from tests.clients.test_setup import FLAGS, person

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.model.driver import ModelDriver

__all__ = ["person"]
ELSEWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Stubborn:
    """What a user has set to go elsewhere, and where the managed files have to be."""

    file: str
    text: str
    env: dict[str, str]
    managed: str
    """A folder of the machine, or the variable that names another one."""


USERS = {
    "claude": Stubborn(
        ".claude/settings.json",
        f'{{"env": {{"ANTHROPIC_BASE_URL": "{ELSEWHERE}", "CLAUDE_CODE_USE_VERTEX": "1"}}}}',
        {"ANTHROPIC_BASE_URL": ELSEWHERE, "CLAUDE_CODE_USE_BEDROCK": "1"},
        "/etc/claude-code",
    ),
    "codex": Stubborn(
        ".codex/config.toml",
        'model = "sandbox-1"\nmodel_provider = "elsewhere"\n[model_providers.elsewhere]\n'
        f'name = "Elsewhere"\nbase_url = "{ELSEWHERE}"\n[analytics]\nenabled = false\n',
        {"OPENAI_API_KEY": "sk-elsewhere"},
        "/etc/codex",
    ),
    "gemini": Stubborn(
        ".gemini/settings.json",
        '{"security": {"auth": {"selectedType": "oauth-personal"}},'
        ' "privacy": {"usageStatisticsEnabled": false}}',
        {},
        "/etc/gemini-cli",
    ),
    "opencode": Stubborn(
        ".config/opencode/opencode.json",
        '{"provider": {"anthropic": {"models": {"sandbox-1": {}},'
        f'"options": {{"baseURL": "{ELSEWHERE}", "apiKey": "sk-elsewhere"}}}}}}}}',
        {},
        "OPENCODE_TEST_MANAGED_CONFIG_DIR=etc/opencode",
    ),
}


@pytest.fixture
def machine(person: Desk, tmp_path: Path) -> Path:
    """The root of a machine with the managed files."""
    command = tmp_path / "bin" / "abeyance"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n')
    command.chmod(0o755)
    out = tmp_path / "fleet"
    options = ["--system", "linux", "--out", str(out), "--command", str(command)]
    subprocess.run(
        [sys.executable, "-m", "cli", "fleet", "--gateway", person.gateway, *options],
        env={"PATH": os.environ["PATH"], "HOME": str(person.home), "ABEYANCE_TOKEN": person.token},
        check=True,
        capture_output=True,
    )
    plugin = out / "linux/etc/opencode/opencode.json"
    plugin.write_text(plugin.read_text().replace("file:///etc", f"{(out / 'linux/etc').as_uri()}"))
    return out / "linux"


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, GEMINI, OPENCODE], ids=str)
async def test_managed_files_send_every_user_to_the_gateway(
    agent: Agent, person: Desk, machine: Path, model: ModelDriver, tmp_path: Path
) -> None:
    user = USERS[agent.program]
    own = person.home / user.file
    own.parent.mkdir(parents=True)
    own.write_text(user.text)
    env = {**user.env, "ABEYANCE_TOKEN": person.token}
    program = str(PROGRAMS / agent.program)
    if agent is GEMINI:
        env["GEMINI_API_KEY"] = person.token
        env["GOOGLE_GEMINI_BASE_URL"] = f"{person.gateway}/gemini"
    if user.managed.startswith("/"):
        program = within(machine, user.managed, program, tmp_path)
    else:
        name, _, path = user.managed.partition("=")
        env[name] = str(machine / path)
    bare = replace(agent, program=program, setup=lambda *_: Setup(FLAGS[agent.program], env))
    ended = await person.run(bare, "Say hello")
    assert "Happy to help" in ended.screen
    assert ended.code == 0
    assert await model.requests()


def within(machine: Path, folder: str, program: str, tmp_path: Path) -> str:
    """Return a command that runs a program where a folder of the system is the machine's."""
    mounted = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("a folder of the system can be put in another's place by root alone")
    command = tmp_path / "bin" / "within"
    place = shlex.quote(str(machine / folder.removeprefix("/")))
    # A file system of its own over /etc, so that the folder need not be there.
    inside = (
        f"mkdir -p {tmp_path}/up {tmp_path}/work && mount -t overlay overlay -o "
        f"lowerdir=/etc,upperdir={tmp_path}/up,workdir={tmp_path}/work /etc && "
        f'cp -r {place} /etc/ && exec {program} "$@"'
    )
    command.write_text(f'#!/bin/sh\nexec unshare --mount sh -c {shlex.quote(inside)} within "$@"\n')
    command.chmod(0o755)
    return str(command)
