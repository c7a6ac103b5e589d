"""Requests made to be cut into passages slowly: many turns, wrappers, findings and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from app.domain.segment import Attachment, Facts, Prompt, Role, Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Shape: TypeAlias = "Callable[[int], Prompt]"
_HIDING = "<session>\nprod\n</session>\n"
_REMINDER = "<system-reminder>\nprod\n</system-reminder>\n"
_LONG = f"<system-reminder>\n{'and so on ' * 200}\n</system-reminder>\n"
_MARKS = "\u0301\u0316"
_CROSSED = "<session>\n<system-reminder>\n<INSTRUCTIONS>\n</session>\nprod\n"


def _prompt(*said: tuple[Role, str], files: Sequence[Attachment] = ()) -> Prompt:
    segments = (Segment(text, role, f"/messages/{at}") for at, (role, text) in enumerate(said))
    return Prompt(tuple(segments), attachments=tuple(files))


def _one(role: Role, unit: str) -> Shape:
    return lambda size: _prompt((role, unit * (size // len(unit))), (Role.USER, "go"))


def _many(*said: tuple[Role, str]) -> Shape:
    # As dense as texts may be that are looked through at all.
    filled = [(role, text.replace("~", " and so on" * 12)) for role, text in said]
    length = sum(len(text) for _, text in filled)
    return lambda size: _prompt(*filled * (size // length))


def _files(size: int) -> Prompt:
    files = [Attachment(f"{at:064}", Role.USER, at % 3) for at in range(size // 64)]
    return _prompt((Role.USER, "prod"), (Role.ASSISTANT, "x"), (Role.USER, "prod"), files=files)


def _items(size: int) -> Prompt:
    texts = ("prod", *("x" * 36,) * 9)
    places = range(size // 324)
    return Prompt(
        (
            *(Segment(text, Role.SYSTEM, f"/system/0/{at}") for at in places for text in texts),
            Segment("go", Role.USER, "/messages/0"),
        )
    )


SHAPES: dict[str, Shape] = {
    "tags that open": _one(Role.USER, "<session>\n"),
    "repeated in one text": _one(Role.USER, _HIDING),
    "wrappers in one text": _one(Role.USER, _REMINDER),
    "wrappers that cross": _one(Role.USER, _CROSSED),
    "one long line": _one(Role.SYSTEM, "prod prod-db live database "),
    "many lines": _one(Role.SYSTEM, "- prod\n"),
    "lines of blanks": _one(Role.SYSTEM, f"prod\n{' ' * 4000}x\n"),
    "fences and tags": _one(Role.SYSTEM, "```\nprod\n<a>\n"),
    "marks on a letter": _one(Role.USER, f"prod a{_MARKS * 5000}"),
    "repeated, each apart": _many((Role.USER, f"{_HIDING}~")),
    "wrappers, each apart": _many((Role.USER, f"{_REMINDER}~")),
    "tiny turns": _many((Role.USER, "prod"), (Role.ASSISTANT, "~")),
    "work of tiny turns": _many((Role.USER, "go"), (Role.ASSISTANT, "prod ~")),
    "words in long wrappers": _many((Role.USER, f"{_LONG}a prod"), (Role.ASSISTANT, "~")),
    "empty turns": _many((Role.USER, " "), (Role.ASSISTANT, "~"), (Role.TOOL, "prod ~")),
    "words over seams": _many((Role.SYSTEM, "duction~ pro"), (Role.SYSTEM, "duction~ pro")),
    "seams far apart": _many((Role.USER, "duction~ pro"), (Role.TOOL, "~"), (Role.TOOL, "x")),
    "nobody types": _many((Role.OTHER, "prod"), (Role.OTHER, "~")),
    "many files": _files,
    "short texts of one item": _items,
}


def dense(shape: str, size: int) -> Facts:
    """Return a request of this shape with about so many characters."""
    return Facts("c", "POST", "v1/messages", "", SHAPES[shape](size), size)
