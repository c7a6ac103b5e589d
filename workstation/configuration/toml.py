"""TOML, edited in place: comments, order and layout stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from workstation.configuration.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tomlkit import TOMLDocument


def parse(text: str) -> dict[str, Any]:
    """Return the values of a file. Raises Unreadable."""
    return dict(_document(text).unwrap())


def put(text: str, path: Sequence[str], value: object) -> str:
    """Return the text with a value at a path; tables on the way there are made.

    Raises Unreadable, also where something on the way is not a table.
    """
    document = _document(text)
    table: Any = document
    try:
        for place, name in enumerate(path[:-1]):
            if name not in table:
                # A table that holds only tables needs no heading of its own.
                table[name] = tomlkit.table(is_super_table=place < len(path) - 2)
            table = table[name]
            if not isinstance(table, dict):
                raise Unreadable(f"{'.'.join(path[: place + 1])} is not a table")
        table[path[-1]] = value
    except (TOMLKitError, ValueError, TypeError) as error:
        raise Unreadable(f"{'.'.join(path)} cannot be added ({error})") from error
    return _spelt(document)


def remove(text: str, path: Sequence[str]) -> str:
    """Return the text without the value at a path, which must be there. Raises Unreadable."""
    document = _document(text)
    table: Any = document
    try:
        for name in path[:-1]:
            table = table[name]
        del table[path[-1]]
    except (KeyError, TypeError, TOMLKitError) as error:
        raise Unreadable(f"{'.'.join(path)} is not there") from error
    return _spelt(document)


def _document(text: str) -> TOMLDocument:
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise Unreadable(str(error)) from error
    if tomlkit.dumps(document) != text:
        raise Unreadable("it is laid out in a way that would not survive a change")
    return document


def _spelt(document: TOMLDocument) -> str:
    try:
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise Unreadable(str(error)) from error
