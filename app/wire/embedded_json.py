r"""Masks JSON that travels as text inside a string, such as the arguments of a tool call.

A secret may be spelt with escapes there (`\u0041KIA...`), and a mask must not break the quoting.
So each string of the inner JSON is decoded, masked as a text of its own, and escaped again. A
string that itself looks like JSON is treated the same way, to a bounded depth. Text that turns
out not to be JSON is masked as plain text from there on.
"""

from __future__ import annotations

import json
import re
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import TextMasker

MAX_DEPTH = 3
_MAX_LITERAL = 64
_SPACE = re.compile(r"[ \t\r\n]*")
_PUNCTUATION = re.compile(r"[ \t\r\n{}\[\]:,]+")
_LITERAL = re.compile(r"[^ \t\r\n{}\[\]:,\"]+")
_NUMBER_BEGUN = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:(?<=\d)[eE][+-]?\d*)?)?")
_WORDS = ("true", "false", "null")
_PLAIN = re.compile(r"[^\"\\]+")
_HIGH = re.compile(r"\\u[dD][89aAbB][0-9a-fA-F]{2}")
_PAIR = re.compile(_HIGH.pattern + r"\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\"\\/bfnrt])")
_ANY_ESCAPE = re.compile(f"{_PAIR.pattern}|{_ESCAPE.pattern}")
_SHORT = dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True))
_ESCAPE_BEGUN = re.compile(r"\\(?:u[0-9a-fA-F]{0,4}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?")


class _State(Enum):
    START = auto()
    OUTSIDE = auto()
    STRING = auto()
    PLAIN = auto()


class Spelling:
    """Remembers how the text that a masker has not given back yet was spelt in its JSON string.

    Up to the first mask a text keeps its spelling, since a tool may write it into a file as it is.
    """

    def __init__(self) -> None:
        self._units: deque[tuple[str, str]] = deque()  # text, and its spelling
        self._kept = True

    def note(self, text: str, spelt: str) -> None:
        if self._kept:
            self._units.append((text, spelt))

    def of(self, out: str) -> str:
        """Spell what a masker has released."""
        spelt: list[str] = []
        at = 0
        while at < len(out) and self._units:
            text, unit = self._units.popleft()
            same = _common(text, out, at)
            at += same
            if same == len(text):
                spelt.append(unit)
                continue
            if text == unit:
                spelt.append(text[:same])
                self._units.appendleft((text[same:], text[same:]))
            if at < len(out):
                self._kept = False
                self._units.clear()
        return "".join(spelt) + _escaped(out[at:])


def _common(text: str, out: str, at: int) -> int:
    """Return how many characters of `text` stand in `out` at a place."""
    if out.startswith(text, at):
        return len(text)
    pairs = enumerate(zip(text, out[at : at + len(text)], strict=False))
    return next((where for where, (one, other) in pairs if one != other), len(out) - at)


class JsonTextMasker:
    """A `TextMasker` for text that should be JSON; `new` makes a masker for each string in it."""

    def __init__(
        self, new: Callable[[], TextMasker], depth: int = MAX_DEPTH, openers: str = '{["'
    ) -> None:
        self._new = new
        self._depth = depth
        self._openers = openers
        self._state = _State.START
        self._waiting = ""  # input that cannot be told yet: a literal or an escape begun
        self._inner: TextMasker | None = None
        self._spelling = Spelling()

    def feed(self, text: str) -> str:
        text = self._waiting + text
        self._waiting = ""
        out: list[str] = []
        position = 0
        while position < len(text):
            if self._state is _State.PLAIN:
                out.append(self._text_masker().feed(text[position:]))
                break
            position = self._step(text, position, out)
        return "".join(out)

    def finish(self) -> str:
        rest, self._waiting = self._waiting, ""
        match self._state:
            case _State.OUTSIDE:
                return self._literal(rest)
            case _State.STRING:
                # A text cut off within an escape stays cut off there.
                return self._spelling.of(self._text_masker().finish()) + rest
            case _State.START:
                return rest
            case _State.PLAIN:
                return self._text_masker().finish()

    @property
    def held(self) -> int:
        return len(self._waiting) + (self._inner.held if self._inner is not None else 0)

    def _step(self, text: str, position: int, out: list[str]) -> int:
        match self._state:
            case _State.START:
                return self._start(text, position)
            case _State.STRING:
                return self._in_string(text, position, out)
            case _:
                return self._outside(text, position, out)

    def _start(self, text: str, position: int) -> int:
        found = _SPACE.match(text, position)
        end = found.end() if found else position
        if end == len(text):
            self._waiting = text[position:]
            return end
        self._state = _State.OUTSIDE if text[end] in self._openers else _State.PLAIN
        return position

    def _outside(self, text: str, position: int, out: list[str]) -> int:
        if found := _PUNCTUATION.match(text, position):
            out.append(found.group())
            return found.end()
        if text[position] == '"':
            out.append('"')
            self._state = _State.STRING
            return position + 1
        found = _LITERAL.match(text, position)
        end = found.end() if found else position + 1
        literal = text[position:end]
        if not _may_be_literal(literal):
            self._state = _State.PLAIN
            return position
        if end == len(text):
            self._waiting = literal
        else:
            out.append(self._literal(literal))
        return end

    def _literal(self, literal: str) -> str:
        """Mask a number or word; a changed one goes out as a string, to stay JSON."""
        if not literal:
            return ""
        masker = self._new()
        masked = masker.feed(literal) + masker.finish()
        return literal if masked == literal else f'"{_escaped(masked)}"'

    def _in_string(self, text: str, position: int, out: list[str]) -> int:
        decoded: list[str] = []
        while position < len(text) and text[position] != '"':
            start = position
            if found := _PLAIN.match(text, position):
                decoded.append(found.group())
                position = found.end()
            elif _unfinished_escape(text, position):
                self._waiting = text[position:]
                position = len(text)
                break
            else:
                character, position = _unescape(text, position)
                decoded.append(character)
            half = decoded[-1] == "\ufffd"  # half a pair goes out as its replacement
            self._spelling.note(decoded[-1], decoded[-1] if half else text[start:position])
        masker = self._text_masker()
        if decoded:
            out.append(self._spelling.of(masker.feed("".join(decoded))))
        if position < len(text):
            out.append(self._spelling.of(masker.finish()) + '"')
            self._inner = None
            self._spelling = Spelling()
            self._state = _State.OUTSIDE
            position += 1
        return position

    def _text_masker(self) -> TextMasker:
        if self._inner is None:
            nested = self._state is _State.STRING and self._depth > 1
            # A text within that starts with a quote is a quotation, not JSON.
            self._inner = (
                JsonTextMasker(self._new, self._depth - 1, "{[") if nested else self._new()
            )
        return self._inner


class WholeMasker:
    """A `TextMasker` that keeps everything to the end, around a function on whole texts."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._parts: list[str] = []

    @property
    def held(self) -> int:
        return sum(map(len, self._parts))

    def feed(self, text: str) -> str:
        self._parts.append(text)
        return ""

    def finish(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        return self._mask(text)


def mask_json_text(text: str, mask: Callable[[str], str]) -> str:
    """Apply `mask` to every string within a JSON text; unchanged, it keeps its very spelling."""
    changed = False

    def noted(part: str) -> str:
        nonlocal changed
        masked = mask(part)
        changed = changed or masked != part
        return masked

    masker = JsonTextMasker(lambda: WholeMasker(noted))
    masked = masker.feed(text) + masker.finish()
    return masked if changed else text


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1] if text else ""


def _may_be_literal(text: str) -> bool:
    if len(text) > _MAX_LITERAL:
        return False
    return bool(_NUMBER_BEGUN.fullmatch(text)) or any(word.startswith(text) for word in _WORDS)


def _unfinished_escape(text: str, position: int) -> bool:
    """Tell whether the text ends within an escape, or between the halves of a pair."""
    begun = _ESCAPE_BEGUN.fullmatch(text, position)
    if begun is None:
        return False
    return len(begun.group()) < 6 or _HIGH.match(text, position) is not None


def _unescape(text: str, position: int) -> tuple[str, int]:
    found = _PAIR.match(text, position) or _ESCAPE.match(text, position)
    if found is None:
        return "\\", position + 1  # not an escape that JSON knows: the backslash itself
    character = str(json.loads(f'"{found.group()}"'))
    # Half a pair has no meaning, and no encoder would take it.
    return ("�" if "\ud800" <= character <= "\udfff" else character), found.end()


def views(text: str) -> list[str]:
    r"""Undo JSON's escapes wherever they stand, again where that makes new ones.

    For text that should be JSON and is not: some reader may make sense of it. Gives nothing where
    there is no escape, and at most `MAX_DEPTH` readings.
    """
    found: list[str] = []
    while "\\" in text and len(found) < MAX_DEPTH:
        undone = _ANY_ESCAPE.sub(_undone, text)
        if undone == text:
            break
        found.append(undone)
        text = undone
    return found


def _undone(escape: re.Match[str]) -> str:
    spelt = escape.group()
    if len(spelt) == 2:
        return _SHORT[spelt[1]]
    return _unescape(spelt, 0)[0]


def hides_nothing(text: str, masked: str, mask: Callable[[str], str]) -> bool:
    """Tell whether no reading of a text has more to mask than the text as it stands."""
    for undone in views(text):
        masked = _ANY_ESCAPE.sub(_undone, masked)
        if mask(undone) != masked:
            return False
    return True
