"""Commands and files as they are, sign for sign, with what would hide in them made visible.

They stand in `rich_text` blocks, of which Slack reads nothing as markup: no mention, no link, no
backtick acts, and none has to be replaced.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.text import is_invisible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.slack.blocks import Block

_COLUMNS = 80
_BLANKS = re.compile(r"(?<=\S) {24,}(?=\S)")
_EMPTY_LINES = re.compile(r"\n(?: *\n){4,}")
# They choose how the letter before them is drawn, and can spell out whole texts that nobody sees.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SYMBOLS = frozenset({"So", "Sm", "Sk"})
_EMOJI = "\ufe0f"


@dataclass(frozen=True, slots=True)
class Revealed:
    """A text in which each sign can be seen. `hidden`: some could not before."""

    text: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """The beginning of a text, and how much of it is left out, in words; empty: nothing."""

    text: str
    left: str


def revealed(text: str) -> Revealed:
    """Put the code point in the place of each sign that draws nothing or moves others."""
    lines = text.replace("\r\n", "\n").replace("\t", "    ")
    shown = _SELECTORS.sub(_selected, lines.translate(_TABLE))
    hidden = shown != lines
    shown = _BLANKS.sub(lambda found: f"⟨{len(found[0])} blanks⟩", shown)
    shown = _EMPTY_LINES.sub(_counted, shown)
    return Revealed(shown, hidden)


def folded(text: str, rows: int) -> Folded:
    """Return as much as fits so many rows of a screen, which are shorter than some lines."""
    lines = text.split("\n")
    kept: list[str] = []
    for at, line in enumerate(lines):
        needed = max(1, -(-len(line) // _COLUMNS))
        if needed <= rows:
            kept.append(line)
            rows -= needed
            continue
        if rows:
            kept.append(line[: rows * _COLUMNS] + "…")
        whole = len(lines) - at - bool(rows)
        if whole:
            return Folded("\n".join(kept), f"{whole:,} more line{'' if whole == 1 else 's'}")
        return Folded("\n".join(kept), f"{len(line) - rows * _COLUMNS:,} more characters")
    return Folded("\n".join(kept), "")


def block(text: str) -> Block:
    """Show text that is revealed."""
    element = {"type": "text", "text": text if text.strip() else "(nothing)"}
    part = {"type": "rich_text_preformatted", "elements": [element]}
    return {"type": "rich_text", "elements": [part]}


def pieces(text: str, size: int) -> Iterator[str]:
    """Cut a text into pieces of at most so many characters, after a line where one ends near."""
    rest = text
    while len(rest) > size:
        end = rest.rfind("\n", size // 2, size) + 1 or size
        yield rest[:end].removesuffix("\n")
        rest = rest[end:]
    yield rest


def _counted(found: re.Match[str]) -> str:
    return f"\n⟨{found[0].count(chr(10)) - 1} empty lines⟩\n"


def _selected(found: re.Match[str]) -> str:
    before = found.string[found.start() - 1 : found.start()] or " "
    wanted = found[0] == _EMOJI and unicodedata.category(before) in _SYMBOLS
    return found[0] if wanted else _named(found[0])


def _named(char: str) -> str:
    return f"⟨U+{ord(char):04X}⟩"


class _Table(dict[int, str]):
    """What each sign is shown as, worked out where it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        odd = is_invisible(char) or (char != " " and unicodedata.category(char) in _SEPARATORS)
        self[code] = shown = _named(char) if odd and char != "\n" else char
        return shown


_SEPARATORS = frozenset({"Zs", "Zl", "Zp"})
_TABLE = _Table()
