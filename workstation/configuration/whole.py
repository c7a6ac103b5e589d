"""A file that is all ours: it has one value, its text, at the empty path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workstation.configuration.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse(text: str) -> dict[str, Any]:
    """Return the text under the one name that there is."""
    return {"text": text} if text else {}


def put(text: str, path: Sequence[str], value: object) -> str:
    """Return the new text. Raises Unreadable where it would replace what others wrote."""
    if tuple(path) != ("text",):
        raise Unreadable("it has no parts")
    if text and text != value and not text.startswith(str(value).partition("\n")[0]):
        raise Unreadable("it holds something that Abeyance did not write")
    return str(value)


def remove(text: str, path: Sequence[str]) -> str:  # noqa: ARG001 - as the other formats
    """Return nothing."""
    return ""
