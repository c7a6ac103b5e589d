"""What is to stand in a file, and the text of the file with it. Pure."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workstation.configuration import dotenv, jsonc, strict_json, toml, whole
from workstation.configuration.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Format(StrEnum):
    JSON = "json"
    JSONC = "jsonc"
    TOML = "toml"
    VARIABLES = "variables"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Setting:
    path: tuple[str, ...]
    value: Any

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """Settings that a file is to have, whatever else it holds."""

    file: Path
    format: Format
    settings: tuple[Setting, ...]
    public: bool = False
    """Whether every user of the machine has to be able to read it."""


class Editor(Protocol):
    """A format of files. Each function raises Unreadable."""

    def parse(self, text: str) -> dict[str, Any]: ...

    def put(self, text: str, path: Sequence[str], value: object) -> str: ...

    def remove(self, text: str, path: Sequence[str]) -> str: ...


EDITORS: Mapping[Format, Editor] = {
    Format.JSON: strict_json,
    Format.JSONC: jsonc,
    Format.TOML: toml,
    Format.VARIABLES: dotenv,
    Format.WHOLE: whole,
}
ABSENT = object()


def edited(text: str, change: SettingsChange) -> str:
    """Return the text with every setting of a change.

    Raises Unreadable where the text does not parse, or where anything else in it would change.
    """
    for setting in change.settings:
        text = put(text, change.format, setting.path, setting.value)
    return text


def put(text: str, format_: Format, path: Sequence[str], value: object) -> str:
    """Return the text with a value at a path. Raises Unreadable as `edited`."""
    editor = EDITORS[format_]
    wanted = copy.deepcopy(editor.parse(text))
    if value_at(wanted, path) == value:
        return text
    text = editor.put(text, path, value)
    _put(wanted, path, value)
    return _checked(text, editor, wanted)


def remove(text: str, format_: Format, path: Sequence[str]) -> str:
    """Return the text without what is at a path. Raises Unreadable as `edited`."""
    editor = EDITORS[format_]
    wanted = copy.deepcopy(editor.parse(text))
    around = value_at(wanted, path[:-1])
    if not isinstance(around, dict) or path[-1] not in around:
        return text
    del around[path[-1]]
    return _checked(editor.remove(text, path), editor, wanted)


def holds(text: str, change: SettingsChange) -> bool:
    """Whether the text has every setting already. Raises Unreadable."""
    values = EDITORS[change.format].parse(text)
    return all(value_at(values, setting.path) == setting.value for setting in change.settings)


def value_at(values: Mapping[str, Any], path: Sequence[str]) -> Any:  # noqa: ANN401 - any setting
    """Return what is at a path, or ABSENT."""
    found: Any = values
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return ABSENT
        found = found[name]
    return found


def _checked(text: str, editor: Editor, wanted: dict[str, Any]) -> str:
    if editor.parse(text) != wanted:
        raise Unreadable("a change would touch more than what it should")
    return text


def _put(values: dict[str, Any], path: Sequence[str], value: object) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value
