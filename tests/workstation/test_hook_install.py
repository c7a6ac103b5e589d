"""`abeyance hook install`: our hooks beside those of others, and the way back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.changing import command_of
from workstation.configuration.changing import make, plan, undo
from workstation.configuration.edits import Format, Setting, SettingsChange
from workstation.hook.documents import hooks_for
from workstation.hook.install import plan_install, plan_removal

THEIRS = {"command": "./format.sh"}
GROUP = {"matcher": "Bash", "hooks": [{"type": "command", "command": "./format.sh"}]}
BEFORE = {
    "cursor": """{
  "version": 1, // of Cursor
  "hooks": {"preToolUse": [{"command": "./format.sh"}]}
}
""",
    "claude": """{
  "model": "opus", // the good one
  "hooks": {
    "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./format.sh"}]}]
  }
}
""",
}
GATE = {"cursor": "preToolUse", "claude": "PreToolUse", "codex": "PreToolUse"}


@pytest.fixture(autouse=True)
def own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tool" / "hooks.json"


def install(tool: str, file: Path, **options: Any) -> None:  # noqa: ANN401
    make(tool, plan_install(file, hooks_for(tool, **options)))


def take_out(tool: str, file: Path) -> None:
    undo(plan_removal(tool, file, None))


def hooks(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())["hooks"]
    return found


def our_line(tool: str, wait: int = 3540) -> str:
    return f"abeyance hook {tool} --wait {wait}"


@pytest.mark.parametrize("tool", ["cursor", "claude"])
def test_hooks_of_others_are_kept_and_undo_restores_every_byte(tool: str, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(BEFORE[tool])
    install(tool, file)
    text = file.read_text()
    assert "format.sh" in text
    assert our_line(tool) in text
    install(tool, file)
    assert file.read_text() == text
    take_out(tool, file)
    assert file.read_text() == BEFORE[tool]


@pytest.mark.parametrize("tool", ["cursor", "claude", "codex"])
def test_a_file_that_was_not_there_is_gone_after_undo(tool: str, file: Path) -> None:
    install(tool, file)
    assert our_line(tool) in file.read_text()
    take_out(tool, file)
    assert not file.parent.exists()


@pytest.mark.parametrize(("level", "modes"), [("user", (0o700, 0o600)), ("fleet", (0o755, 0o644))])
def test_hooks_of_a_machine_can_be_read_by_all_its_users(
    level: str, modes: tuple[int, int], file: Path
) -> None:
    before = os.umask(0o077)
    try:
        planned = plan_install(file, hooks_for("cursor", level), public=level == "fleet")
        make("cursor", planned)
    finally:
        os.umask(before)
    assert (file.parent.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == modes


def test_another_wait_takes_the_place_of_the_old_one(file: Path) -> None:
    install("cursor", file)
    install("cursor", file, wait=60)
    [entry] = hooks(file)["preToolUse"]
    assert (entry["command"], entry["timeout"]) == (our_line("cursor", 60), 120)


@pytest.mark.parametrize(("tool", "theirs"), [("cursor", THEIRS), ("claude", GROUP)])
def test_undo_keeps_what_others_added_since(tool: str, theirs: dict[str, Any], file: Path) -> None:
    install(tool, file)
    document = json.loads(file.read_text())
    document["hooks"][GATE[tool]].append(theirs)
    document["hooks"]["stop"] = [theirs]
    file.write_text(json.dumps(document))
    take_out(tool, file)
    assert hooks(file) == {GATE[tool]: [theirs], "stop": [theirs]}
    assert json.loads(file.read_text()).get("version") == document.get("version")


def test_hooks_and_a_gateways_settings_are_undone_apart(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("{}\n")
    address = SettingsChange(
        file, Format.JSONC, (Setting(("env", "ANTHROPIC_BASE_URL"), "https://g"),)
    )
    make("claude", plan([address]))
    before = file.read_text()
    install("claude", file)
    assert "https://g" in file.read_text()
    take_out("claude", file)
    assert file.read_text() == before


def test_the_command_writes_for_a_repository_and_takes_back(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    def run(*options: str) -> str:
        command = [sys.executable, "-m", "cli", "hook", "install", "cursor", "--project", *options]
        env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, check=True, text=True
        ).stdout

    written = tmp_path / ".cursor" / "hooks.json"
    assert "cloud agents" in run("--dry-run")
    assert not written.exists()
    run()
    assert our_line("cursor") in written.read_text()
    assert "Nothing to change" in run()
    run("--undo")
    assert not written.exists()


def test_a_repository_cannot_take_the_place_of_our_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "__main__.py").write_text("print('theirs')")
    monkeypatch.setenv("PATH", "")  # where no `abeyance` is
    command = [*command_of(project=False), "--help"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True)
    assert "theirs" not in ran.stdout
