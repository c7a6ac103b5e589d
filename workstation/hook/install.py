"""Where a tool's hooks are on a machine, and our hooks among those that are there already."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import BadSettings
from workstation.configuration.changing import Planned, plan, plan_undo
from workstation.configuration.edits import EDITORS, Format, Setting, SettingsChange, edited, remove
from workstation.configuration.files import read
from workstation.environment import variable

if TYPE_CHECKING:
    from collections.abc import Iterator

_PURPOSE = "hooks"
_OURS = re.compile(r"\bhook (?:cursor|claude|codex) --wait \d+")
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_VERSION_SECONDS = 15
_PROGRAMS = {"cursor": ("cursor", "cursor-agent"), "claude": ("claude",), "codex": ("codex",)}


def hooks_file(tool: str, level: str, project: Path | None) -> Path:
    """Return the file of a tool's hooks. Raises BadSettings where the tool has none there."""
    if level == "fleet":
        return _fleet_file(tool)
    if project:
        name = {"claude": ".claude/settings.json"}.get(tool, f".{tool}/hooks.json")
        return project / name
    match tool:
        case "claude":
            return _folder("CLAUDE_CONFIG_DIR", ".claude") / "settings.json"
        case "codex":
            return _folder("CODEX_HOME", ".codex") / "hooks.json"
        case _:
            return Path.home() / ".cursor" / "hooks.json"


def _fleet_file(tool: str) -> Path:
    if tool == "codex":
        raise BadSettings(
            "Codex reads a company's hooks from requirements.toml: `abeyance fleet` prints it."
        )
    name = "hooks.json" if tool == "cursor" else "managed-settings.json"
    folders = {"cursor": ("Cursor", "cursor"), "claude": ("ClaudeCode", "claude-code")}[tool]
    match sys.platform:
        case "darwin":
            return Path("/Library/Application Support") / folders[0] / name
        case "win32" if tool == "claude":
            return Path("C:/Program Files/ClaudeCode") / name
        case "win32":
            return Path("C:/ProgramData/Cursor") / name
        case _:
            return Path("/etc") / folders[1] / name


def plan_install(file: Path, document: dict[str, Any], *, public: bool = False) -> list[Planned]:
    """Return the file with our hooks beside those of others. Raises BadSettings."""
    there = _hooks(file)
    settings = [
        Setting(("hooks", event), [*_of_others(there.get(event)), *ours])
        for event, ours in document["hooks"].items()
    ]
    if "version" in document:
        settings.insert(0, Setting(("version",), document["version"]))
    return plan([SettingsChange(file, Format.JSONC, tuple(settings), public)], _PURPOSE)


def plan_removal(tool: str, file: Path, project: Path | None) -> list[Planned]:
    """Return what takes our hooks out again. Raises BadSettings.

    To the byte, as long as the file is as we left it; else only our entries go, so hooks that
    others have added since are kept.
    """
    known = [each for each in plan_undo(tool, project, _PURPOSE) if each.file == file]
    if not known and (text := read(file)) is not None:
        known = [Planned(file, text, text, purpose=_PURPOSE)]
    return [replace(each, then=_taken_out(each), kept=()) for each in known]


def version_of(tool: str) -> str:
    """Return the version of the tool on this machine; empty where it does not say it."""
    for program in _PROGRAMS[tool]:
        if found := shutil.which(program):
            try:
                said = subprocess.run(
                    [found, "--version"],
                    capture_output=True,
                    check=True,
                    text=True,
                    timeout=_VERSION_SECONDS,
                ).stdout
            except (OSError, subprocess.SubprocessError):
                continue
            if version := _VERSION.search(said):
                return version[0]
    return ""


def _folder(name: str, default: str) -> Path:
    said = variable(name)
    return Path(said) if said else Path.home() / default


def _hooks(file: Path) -> dict[str, Any]:
    found = EDITORS[Format.JSONC].parse(read(file) or "").get("hooks", {})
    if not isinstance(found, dict):
        raise BadSettings(f"{file} was left as it is: its “hooks” are no object.")
    return found


def _of_others(entries: object) -> list[Any]:
    """Return the entries of one event, and in a group the handlers, that are not ours."""
    return list(_others(entries)) if isinstance(entries, list) else []


def _others(entries: list[Any]) -> Iterator[Any]:
    for entry in entries:
        if not isinstance(entry, dict):
            yield entry
        elif isinstance(handlers := entry.get("hooks"), list):
            kept = [each for each in handlers if not is_ours(each)]
            if kept or not handlers:
                yield entry if kept == handlers else {**entry, "hooks": kept}
        elif not is_ours(entry):
            yield entry


def is_ours(handler: object) -> bool:
    """Whether an entry of a tool's hooks is one that we wrote."""
    command = handler.get("command") if isinstance(handler, dict) else None
    return isinstance(command, str) and _OURS.search(command) is not None


def _taken_out(planned: Planned) -> str | None:
    then = _without_ours(planned.file, planned.then)
    if then is None or planned.now is None:
        return then
    now, left = (EDITORS[Format.JSONC].parse(text) for text in (planned.now, then))
    if left.get("hooks") and "version" in now and "version" not in left:
        # Cursor needs it for the hooks that others have added since.
        return _without_ours(planned.file, planned.now)
    return then


def _without_ours(file: Path, text: str | None) -> str | None:
    if text is None:
        return None
    hooks = EDITORS[Format.JSONC].parse(text).get("hooks")
    for event, entries in (hooks if isinstance(hooks, dict) else {}).items():
        kept = _of_others(entries)
        if kept == entries:
            continue
        if kept:
            change = SettingsChange(file, Format.JSONC, (Setting(("hooks", event), kept),))
            text = edited(text, change)
        else:
            text = remove(text, Format.JSONC, ("hooks", event))
    return text
