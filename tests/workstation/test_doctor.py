"""`abeyance doctor --workstation` over the files of a developer's machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workstation.configuration.changing import make, plan
from workstation.doctor import claude, codex, cursor, gemini, opencode
from workstation.doctor.findings import CheckResult, CheckState, Machine
from workstation.doctor.gateway import clock
from workstation.hook.documents import hooks_for
from workstation.hook.install import hooks_file, plan_install
from workstation.setup import claude as claude_setup
from workstation.setup import codex as codex_setup
from workstation.setup import gemini as gemini_setup
from workstation.setup import opencode as opencode_setup
from workstation.setup.base import OfferedConnection, Wish

if TYPE_CHECKING:
    from pathlib import Path

    from workstation.doctor.findings import Examining
    from workstation.setup.base import SettingUp

GATEWAY = "https://gateway.example.com"
MACHINE = Machine((GATEWAY,))
WISH = Wish(
    GATEWAY,
    tuple(
        OfferedConnection(kind, kind, f"{GATEWAY}/{kind}")
        for kind in ("anthropic", "openai", "gemini")
    ),
)
TOOLS = {
    "claude": (claude.examine, claude_setup.set_up),
    "codex": (codex.examine, codex_setup.set_up),
    "gemini": (gemini.examine, gemini_setup.set_up),
    "opencode": (opencode.examine, opencode_setup.set_up),
}
CLAUDE_SETTINGS = ".claude/settings.json"
# What somebody did after the set-up, and a word of what is found.
BYPASSES = {
    "claude-key": ("claude", {"env": {"ANTHROPIC_API_KEY": "sk-ant"}}, "ANTHROPIC_API_KEY"),
    "claude-cloud": (
        "claude",
        {"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}},
        "CLAUDE_CODE_USE_BEDROCK",
    ),
    "claude-setting": ("claude", {CLAUDE_SETTINGS: '{"env": {}}'}, "its vendor"),
    "claude-comment": ("claude", {CLAUDE_SETTINGS: "{} // mine"}, "cannot be read"),
    "codex-provider": ("codex", {".codex/config.toml": 'model_provider = "openai"'}, "its vendor"),
    "gemini-key": ("gemini", {"env": {"GEMINI_API_KEY": "AIzaSyX"}}, "a key of Google's"),
    "gemini-vertex": ("gemini", {"env": {"GOOGLE_GENAI_USE_VERTEXAI": "true"}}, "VERTEXAI"),
    "gemini-oauth": (
        "gemini",
        {".gemini/settings.json": '{"security": {"auth": {"selectedType": "oauth-personal"}}}'},
        "selectedType",
    ),
    "opencode-plugin": ("opencode", {".config/opencode/plugin/abeyance.js": None}, "plugin"),
    "opencode-login": (
        "opencode",
        {".local/share/opencode/auth.json": '{"groq": {"type": "api", "key": "k"}}'},
        "groq",
    ),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with every tool, and nothing of ours."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("claude", "codex", "gemini", "opencode", "cursor"):
        (programs / name).write_text("#!/bin/sh\necho 3.1.295\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
        "CLAUDE_CONFIG_DIR",
        "CODEX_HOME",
        "GEMINI_API_KEY",
        "GOOGLE_GEMINI_BASE_URL",
        "XDG_CONFIG_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def bad(examining: Examining) -> list[CheckResult]:
    return [found for found in examining(MACHINE) if found.state is CheckState.BAD]


def set_up(tool: str, setting_up: SettingUp) -> None:
    make(tool, plan(setting_up(WISH).changes))


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_covered_once_it_is_set_up(tool: str, home: Path) -> None:
    examining, setting_up = TOOLS[tool]
    assert bad(examining)
    set_up(tool, setting_up)
    assert bad(examining) == []


@pytest.mark.parametrize("case", BYPASSES)
def test_what_leads_past_the_gateway_is_found(
    case: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool, done, word = BYPASSES[case]
    examining, setting_up = TOOLS[tool]
    set_up(tool, setting_up)
    for name, text in done.items():
        if isinstance(text, dict):
            for variable, value in text.items():
                monkeypatch.setenv(variable, value)
        elif text is None:
            (home / name).unlink()
        else:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
    assert any(word in found.found for found in bad(examining))


def test_hooks_of_cursor_that_fail_open_are_found(home: Path) -> None:
    assert "no hooks" in bad(cursor.examine)[0].found
    file = hooks_file("cursor", "user", None)
    make("cursor", plan_install(file, hooks_for("cursor")))
    assert bad(cursor.examine) == []
    hooks = json.loads(file.read_text())
    hooks["hooks"]["preToolUse"][0]["failClosed"] = False
    file.write_text(json.dumps(hooks))
    assert "lets the action through" in bad(cursor.examine)[0].found
    del hooks["hooks"]["preToolUse"]
    file.write_text(json.dumps(hooks))
    assert "leave out preToolUse" in bad(cursor.examine)[0].found


def test_hooks_of_claude_code_that_fail_open_are_found(home: Path) -> None:
    set_up("claude", claude_setup.set_up)
    file = hooks_file("claude", "user", None)
    make("claude", plan_install(file, hooks_for("claude")))
    assert bad(claude.examine) == []
    text = file.read_text()
    file.write_text(text.replace('"onFailure": "block"', '"async": false'))
    assert "no onFailure" in bad(claude.examine)[0].found
    file.write_text(text.replace("{", '{"disableAllHooks": true, ', 1))
    assert "disableAllHooks" in bad(claude.examine)[0].found


def test_a_tool_that_is_not_there_is_not_examined(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    examinings = (claude, codex, gemini, opencode, cursor)
    assert not [found for each in examinings for found in each.examine(MACHINE)]


def test_aclock_that_is_wrong_is_found() -> None:
    date = "Sun, 29 Nov 2026 10:00:00 GMT"
    assert [found.state for found in clock(date, 1795946400.0 - 3600)] == [CheckState.BAD]
