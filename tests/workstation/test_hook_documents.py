"""What a tool's configuration says about our hooks."""

from __future__ import annotations

import subprocess

import pytest

from workstation.hook.documents import hooks_for, warnings_for


def test_each_of_cursors_hooks_blocks_when_it_fails_and_outlasts_a_hold() -> None:
    document = hooks_for("cursor", wait=900)
    for [entry] in document["hooks"].values():
        assert entry == {
            "command": "abeyance hook cursor --wait 900",
            "timeout": 960,
            "failClosed": True,
        }


def test_an_old_cursor_gets_only_events_that_it_knows() -> None:
    old, new = (set(hooks_for("cursor", version=v)["hooks"]) for v in ("2.3.41", "2.4.0"))
    assert new - old == {"preToolUse", "beforeTabFileRead"}
    assert set(hooks_for("cursor", version="2026.10.01-cli")["hooks"]) == new


@pytest.mark.parametrize("tool", ["claude", "codex"])
@pytest.mark.parametrize("hook", ["kill -9 $$", "exit 1", "abeyance-is-not-here"])
def test_a_hook_that_dies_blocks_with_a_reason(tool: str, hook: str) -> None:
    document = hooks_for(tool, command=f"sh -c '{hook}'")
    for [group] in document["hooks"].values():
        [handler] = group["hooks"]
        shell = ["sh", "-c", handler["command"]]
        ended = subprocess.run(shell, capture_output=True, check=False, text=True)
        assert ended.returncode == 2
        assert "abeyance doctor --workstation" in ended.stderr


def test_on_windows_claude_code_starts_the_hook_with_git_bash() -> None:
    document = hooks_for("claude", command=r"C:\Abeyance\abeyance.exe", windows=True)
    [handler] = document["hooks"]["PreToolUse"][0]["hooks"]
    assert handler["command"] == "C:/Abeyance/abeyance.exe hook claude --wait 3540"


def test_what_fails_open_is_told() -> None:
    assert warnings_for("claude", "user", "2.1.295") == []
    assert "times out" in warnings_for("claude", "user", "2.1.197")[0]
    assert "/hooks" in warnings_for("codex", "fleet")[0]
