"""What a tool call does, read out of its arguments: a command, an edit, or something else. Pure.

It goes by what the arguments are called, not by the tool: of Claude Code, Codex, Gemini CLI,
opencode and Cursor each has names of its own, and servers of MCP add any others. All arguments are
shown, whatever is made of them: what isn't the command or the edit stands beside it.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from policies.calls.diffs import edit_diff, patched_files, written
from policies.calls.voting import read

if TYPE_CHECKING:
    from policies.calls.voting import Json

_COMMANDS = ("command", "cmd")
# What Anthropic's text editor is told to do stands where others have a command.
_OF_AN_EDITOR = ("view", "create", "str_replace", "insert", "undo_edit")
PATHS = ("file_path", "filePath", "path", "absolute_path", "target_file", "notebook_path")
_OLD = ("old_string", "oldString", "old_str")
_NEW = ("new_string", "newString", "new_str")
_CONTENTS = ("content", "contents", "file_text", "new_source", "code_edit")
_DIFFS = ("diff",)
_PATCHES = ("patch", "patchText", "patch_text", "input", "diff")
_PATCH_BEGINS = ("*** Begin Patch", "diff --git ", "--- ")
# How scripts begin before they do anything.
_PREPARES = ("#", "set -")
_MOST_IN_LEAD = 3
_RUNS_A_SCRIPT = ("-c", "-lc", "-ic", "-lic")


class CallKind(Enum):
    COMMAND = auto()
    EDIT = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class CallView:
    """A call to be shown. `text` is its command, its diff, or all of its arguments."""

    kind: CallKind
    lead: str
    """What says it in a line."""
    text: str
    beside: tuple[tuple[str, str], ...] = ()
    """The arguments that `text` doesn't tell, by name."""
    told: frozenset[str] = frozenset()
    """Names of the arguments that `lead` and `text` tell."""


@lru_cache(maxsize=16)
def read_call(arguments: str) -> CallView:
    """Read arguments: JSON, or free text. A card asks for the same several times."""
    found = read(arguments)
    if isinstance(found, dict):
        return _edit(found) or _command(found) or _other(found)
    if arguments.startswith(_PATCH_BEGINS):
        return CallView(CallKind.EDIT, patched_files(arguments), arguments)
    return CallView(CallKind.OTHER, first_line(arguments), arguments)


def command_of(arguments: dict[str, Json]) -> tuple[str, str, str] | None:
    """Return the argument with the command, what runs it where that is told, and the command."""
    if arguments.get("command") in _OF_AN_EDITOR and _first(arguments, PATHS):
        return None
    for name in _COMMANDS:
        match arguments.get(name):
            case str(command):
                return name, "", command
            case [str(shell), str(option), str(script)] if option in _RUNS_A_SCRIPT:
                return name, f"{shell} {option}", script
            case list(words) if words and all(isinstance(word, str) for word in words):
                return name, "", shlex.join(map(str, words))
    match arguments.get("commands"):
        case list(commands) if commands and all(isinstance(one, str) for one in commands):
            return "commands", "", "\n".join(map(str, commands))
    return None


def first_line(text: str) -> str:
    """Return the first line that does something, with a sign that there are others."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    telling = [line for line in lines if not line.startswith(_PREPARES)] or lines
    if not telling:
        return "(nothing)"
    return f"{telling[0]} …" if len(lines) > 1 else telling[0]


def _command(arguments: dict[str, Json]) -> CallView | None:
    found = command_of(arguments)
    if found is None:
        return None
    name, shell, command = found
    runs = (("run by", shell),) if shell else ()
    return CallView(
        CallKind.COMMAND, first_line(command), command, (*runs, *_beside(arguments, {name}))
    )


def _edit(arguments: dict[str, Json]) -> CallView | None:
    for name in _PATCHES:
        patch = arguments.get(name)
        if isinstance(patch, str) and patch.startswith(_PATCH_BEGINS):
            lead = patched_files(patch)
            return _view(CallKind.EDIT, lead, patch, arguments, {name})
    path = _first(arguments, PATHS)
    diff, told = _diff(arguments) if path else ("", ())
    if path is None or not told:
        return None
    where = str(arguments[path])
    where = where if where.isprintable() else _spelt(where)
    return _view(CallKind.EDIT, where, f"{where}\n{diff}", arguments, {path, *told})


def _view(
    kind: CallKind, lead: str, text: str, arguments: dict[str, Json], told: set[str]
) -> CallView:
    return CallView(kind, lead, text, _beside(arguments, told), frozenset(told))


def _diff(arguments: dict[str, Json]) -> tuple[str, tuple[str, ...]]:
    """Return what an edit does as a diff, and the arguments that say so; none where none do."""
    if diffs := _edits(arguments.get("edits")):
        return diffs, ("edits",)
    if pair := _pair(arguments):
        return edit_diff(str(arguments[pair[0]]), str(arguments[pair[1]])), pair
    if diff := _first(arguments, _DIFFS):
        return str(arguments[diff]), (diff,)
    if content := _first(arguments, _CONTENTS):
        return written(str(arguments[content])), (content,)
    return "", ()


def _edits(edits: Json) -> str:
    """Return the diffs of several edits; empty where one of them says more than old and new."""
    diffs: list[str] = []
    for edit in edits if isinstance(edits, list) else ():
        pair = _pair(edit) if isinstance(edit, dict) else None
        if pair is None or not isinstance(edit, dict):
            return ""
        beside = _listed(_beside(edit, set(pair)))
        diff = edit_diff(str(edit[pair[0]]), str(edit[pair[1]]))
        diffs.append(f"@@ {beside} @@\n{diff}" if beside else f"@@\n{diff}")
    return "\n".join(diffs)


def _pair(arguments: dict[str, Json]) -> tuple[str, str] | None:
    old, new = _first(arguments, _OLD), _first(arguments, _NEW)
    return (old, new) if old is not None and new is not None else None


def _first(arguments: dict[str, Json], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if isinstance(arguments.get(name), str)), None)


def _other(arguments: dict[str, Json]) -> CallView:
    lines = _beside(arguments, set())
    text = "\n".join(f"{name}: {_indented(value)}" for name, value in lines)
    lead = ", ".join(f"{name}: {first_line(value)}" for name, value in lines[:_MOST_IN_LEAD])
    lead = lead or "no arguments"
    return CallView(CallKind.OTHER, lead, text or "(no arguments)")


def _indented(value: str) -> str:
    """Return a value whose further lines can't be taken for other arguments."""
    return value.replace("\n", "\n    ")


def _beside(arguments: dict[str, Json], told: set[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_name(name), value if isinstance(value, str) else _spelt(value))
        for name, value in arguments.items()
        if name not in told
    )


def _name(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else _spelt(name)


def _listed(beside: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name}: {_spelt(value)}" for name, value in beside)


def _spelt(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
