"""`abeyance setup` and `abeyance fleet` as people type them, over real files."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from app.errors import BadSettings, Unavailable
from cli.main import command_line

if TYPE_CHECKING:
    from pathlib import Path

GATEWAY = "https://gateway.example.com"
CONNECTIONS = [f"--connection={kind}" for kind in ("anthropic", "openai", "gemini")]
TOOLS = ("claude", "codex", "gemini", "opencode", "cursor")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a person who is not signed in, so connections go by their names."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("ABEYANCE_GATEWAY_URL", "ABEYANCE_TOKEN", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("ABEYANCE_LOGIN_ISSUER", "https://login.example.com")
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def run(*words: str) -> str:
    """Run a command; return what it prints. Raises what it raises."""
    done = CliRunner().invoke(command_line(list(words)), list(words))
    if done.exception:
        raise done.exception
    return " ".join(done.output.split())


def set_up(tool: str, *options: str) -> str:
    return run("setup", tool, "--gateway", GATEWAY, *CONNECTIONS, *options)


def files(folder: Path) -> dict[str, str]:
    """Return every file and folder but our own record's."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
        if "abeyance" not in path.relative_to(folder).parts[:2] and path.name != ".config"
    }


@pytest.mark.parametrize("tool", TOOLS)
def test_a_set_up_is_shown_made_once_and_undone(tool: str, home: Path) -> None:
    assert GATEWAY in set_up(tool, "--dry-run") or tool == "cursor"
    assert files(home) == {}
    assert "Written." in set_up(tool)
    made = files(home)
    assert any(made.values())
    assert "Nothing to change." in set_up(tool)
    assert files(home) == made
    assert "Restored." in run("setup", tool, "--undo")
    assert files(home) == {}
    assert "Nothing to change." in run("setup", tool, "--undo")


def test_a_link_to_a_file_stays_one(home: Path) -> None:
    real = home / "dotfiles" / "settings.json"
    real.parent.mkdir()
    real.write_text('{"theme": "dark"}\n')
    real.chmod(0o640)
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").symlink_to(real)
    set_up("claude")
    assert (home / ".claude" / "settings.json").is_symlink()
    assert json.loads(real.read_text())["theme"] == "dark"
    assert real.stat().st_mode & 0o777 == 0o640
    run("setup", "claude", "--undo")
    assert real.read_text() == '{"theme": "dark"}\n'


def test_no_file_is_changed_where_one_cannot_be_read(home: Path) -> None:
    (home / ".gemini").mkdir()
    (home / ".gemini" / ".env").write_bytes(b"A=\xff")
    before = (home / ".gemini" / ".env").read_bytes()
    with pytest.raises(BadSettings, match="left as it is"):
        set_up("gemini")
    assert (home / ".gemini" / ".env").read_bytes() == before
    assert not (home / ".gemini" / "settings.json").exists()


def test_what_a_user_changed_since_is_kept_and_said(home: Path) -> None:
    set_up("codex")
    file = home / ".codex" / "config.toml"
    file.write_text(file.read_text().replace('provider = "abeyance"', 'provider = "mine"'))
    assert "model_provider" in run("setup", "codex", "--undo")
    assert tomllib.loads(file.read_text()) == {"model_provider": "mine"}


def test_another_gateway_takes_the_place_of_the_first(home: Path) -> None:
    set_up("claude")
    run("setup", "claude", "--gateway", "https://other.example.com", CONNECTIONS[0])
    text = (home / ".claude" / "settings.json").read_text()
    assert "https://other.example.com/anthropic" in text
    assert GATEWAY not in text
    run("setup", "claude", "--undo")
    assert files(home) == {}


def test_a_repository_is_configured_apart_from_its_user(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work" / ".git").mkdir(parents=True)
    (tmp_path / "work" / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "work" / "inner")
    set_up("claude")
    set_up("claude", "--project")
    shared = json.loads((tmp_path / "work" / ".claude" / "settings.json").read_text())
    assert shared["apiKeyHelper"] == f"abeyance login --print {GATEWAY}"
    run("setup", "claude", "--undo", "--project")
    assert not (tmp_path / "work" / ".claude").exists()
    assert (home / ".claude" / "settings.json").exists()
    with pytest.raises(BadSettings, match="without --project"):
        set_up("codex", "--project")


def test_a_folder_that_cannot_be_made_is_said(home: Path) -> None:
    (home / ".claude").write_text("a file")
    with pytest.raises(Unavailable, match=r"cannot be read|be made"):
        set_up("claude")
    assert (home / ".claude").read_text() == "a file"


def test_the_record_of_changes_is_for_its_owner_alone(home: Path) -> None:
    set_up("claude")
    [record] = home.rglob("changes.json")
    assert record.stat().st_mode & 0o777 == 0o600


def test_a_fleets_files_are_written_as_on_the_machines(tmp_path: Path) -> None:
    said = run("fleet", "--gateway", GATEWAY, *CONNECTIONS, "--out", str(tmp_path / "out"))
    assert "close api.anthropic.com in the network" in said
    out = tmp_path / "out"
    claude = {
        "linux": "etc/claude-code/managed-settings.json",
        "macos": "Library/Application Support/ClaudeCode/managed-settings.json",
        "windows": "Program Files/ClaudeCode/managed-settings.json",
    }
    for system, name in claude.items():
        settings = json.loads((out / system / name).read_text())
        assert settings["allowManagedHooksOnly"] is True
        assert settings["env"]["ANTHROPIC_BASE_URL"] == f"{GATEWAY}/anthropic"
    windows = json.loads((out / "windows" / claude["windows"]).read_text())
    command = "C:\\Program Files\\Abeyance\\abeyance.exe"
    assert windows["apiKeyHelper"] == f'"{command}" login --print {GATEWAY}'
    assert (out / "linux" / claude["linux"]).stat().st_mode & 0o777 == 0o644
    assert (out / "linux" / "etc").stat().st_mode & 0o777 == 0o755
    required = tomllib.loads((out / "linux/etc/codex/requirements.toml").read_text())
    assert required["allow_managed_hooks_only"] is True
    assert required["hooks"]["managed_dir"] == "/usr/local/bin"
    cursor = json.loads((out / "macos/Library/Application Support/Cursor/hooks.json").read_text())
    assert all(entry["failClosed"] for [entry] in cursor["hooks"].values())
    assert (out / "linux/etc/gemini-cli/settings.json").exists()
    assert (out / "windows/ProgramData/opencode/opencode.json").exists()


def test_claude_code_of_a_fleet_can_sign_in_by_itself() -> None:
    words = ["--gateway", GATEWAY, *CONNECTIONS, "--tool", "claude", "--system", "linux"]
    said = run("fleet", *words, "--own-sign-in")
    assert f'"forceLoginMethod": "gateway", "forceLoginGatewayUrl": "{GATEWAY}"' in said
    assert "apiKeyHelper" not in said
