"""The arguments of a tool call, decoded: what they say and where, and one spelling of them.

A rule looks at every text in them: each string, number and member's name. JSON inside a string is
decoded too. What a shell reads otherwise than it is written is looked at both ways: the words of a
list also joined by blanks (`["rm", "-rf", "x"]`), a command also without its quotes and escapes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json: TypeAlias = Any

WHOLE = "all of its text"
"""The place of arguments that are no JSON object."""
NAMES = "the names in it"
"""The place of the names at the top."""
MAX_DEPTH = 64
"""Levels of objects and lists, with those in JSON inside of strings."""
_LONGEST = 200
_OPENERS = ("{", "[", '"')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
_SHELL_SIGNS = ("'", '"', "\\", "$", "{")
_SHELL = re.compile(r"\\\r?\n|\$\{?IFS\}?(?:\$\d)?|\$(?=['\"])|['\"\\]")
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ANSI_ESCAPE = re.compile(
    r"\\(?:(?:x|u|U)(?P<hex>[0-9A-Fa-f]{1,4})|(?P<octal>[0-7]{1,3})|(?P<sign>.))", re.DOTALL
)
_BRACES = re.compile(r"\{[^\s{},]*,[^\s{}]*\}")


_LEFT_OUT = re.compile(r"… ⟨[\d,]+ more characters are not shown⟩")
_LONG_TEXTS = 4
"""So many texts are long, in few calls more."""
_ROOM_TO_SAY = 60


class TooDeep(Exception):
    """The arguments nest deeper than anybody would write them."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One text. `place` is the dotted path of its member."""

    text: str
    place: str
    can_mask: bool = True
    """Whether it is a string of the arguments; not a name, a number, or another form of one."""
    is_derived: bool = False
    """Whether it repeats other texts in another form."""


class Arguments:
    """Arguments as they were written. Raises TooDeep."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._value = _parsed(raw) if raw.strip() else _UNREADABLE
        self.is_json = self._value is not _UNREADABLE
        reader = _Reader()
        if self.is_json:
            reader.walk(self._value, "", 0)
        self.leaves = reader.leaves if self.is_json else list(_free_text(raw))
        self.is_ambiguous = reader.is_ambiguous
        """Whether an object names a member twice: readers differ on which one counts."""

    @cached_property
    def canonical(self) -> str:
        """Return one spelling: keys in order, no blanks; as they came where they are no JSON."""
        return _written(self._value, in_order=True) if self.is_json else self.raw

    @property
    def plain(self) -> Json:
        """Return plain JSON values; text where they are none."""
        return json.loads(self.raw, strict=False) if self.is_json else self.raw

    def rewritten(self, put: Callable[[str, str], str]) -> str:
        """Return them with each string as `put` gives it for its place and its text."""
        if not self.is_json:
            return put(WHOLE, self.raw)
        return _written(_rewritten(self._value, "", put), in_order=False)


class _Pairs(list[tuple[str, Any]]):
    """The members of an object as they are written, each though it is named twice."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


_UNREADABLE = object()
_LITERALS = {True: "true", False: "false", None: "null"}


def _parsed(text: str) -> Json:
    try:
        return json.loads(
            text,
            strict=False,
            object_pairs_hook=_Pairs,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
        )
    except RecursionError:
        raise TooDeep from None
    except ValueError:
        return _UNREADABLE


class _Reader:
    """Collects the texts of a value."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.is_ambiguous = False

    def walk(self, value: Json, place: str, depth: int, *, derived: bool = False) -> None:
        """Add what stands at a place; `derived` where that is within a string."""
        if depth > MAX_DEPTH:
            raise TooDeep
        match value:
            case _Pairs():
                self._object(value, place, depth, derived=derived)
            case list():
                self._list(value, place, depth, derived=derived)
            case _Number():
                self._add(str(value), place, can_mask=False, derived=derived)
            case str():
                self._string(value, place, depth, derived=derived)

    def _object(self, members: _Pairs, place: str, depth: int, *, derived: bool) -> None:
        self.is_ambiguous |= len({name for name, _ in members}) < len(members)
        for name, child in members:
            self._add(name, place or NAMES, can_mask=False, derived=derived)
            self.walk(child, below(place, name), depth + 1, derived=derived)

    def _list(self, items: list[Json], place: str, depth: int, *, derived: bool) -> None:
        for at, child in enumerate(items):
            if not isinstance(child, _Number):
                self.walk(child, below(place, at), depth + 1, derived=derived)
        numbers = [item for item in items if isinstance(item, _Number)]
        self._add(", ".join(numbers), place, can_mask=False, derived=derived)
        words = [item for item in items if isinstance(item, str)]
        if len(words) > 1:
            command = " ".join(words)
            for text in dict.fromkeys([command, unquoted(command)]):
                self._add(text, place, can_mask=False, derived=True)

    def _string(self, text: str, place: str, depth: int, *, derived: bool) -> None:
        self._add(text, place, can_mask=True, derived=derived)
        if (bare := unquoted(text)) != text:
            self._add(bare, place, can_mask=False, derived=True)
        if (inner := _inside(text)) is not None:
            self.walk(inner, place, depth + 1, derived=True)

    def _add(self, text: str, place: str, *, can_mask: bool, derived: bool) -> None:
        if text:
            self.leaves.append(Leaf(whole_characters(text), place or WHOLE, can_mask, derived))


def _free_text(raw: str) -> Iterator[Leaf]:
    """Yield text that is no JSON, and decoded the strings of what was to be JSON."""
    if not raw:
        return
    text = whole_characters(raw)
    yield Leaf(text, WHOLE)
    forms = [unquoted(text)]
    if text.lstrip().startswith(_OPENERS):
        strings = "\n".join(_unescaped(found[1]) for found in _QUOTED.finditer(text))
        forms += [strings, unquoted(strings)]
    for form in dict.fromkeys(forms):
        if form and form != text:
            yield Leaf(whole_characters(form), WHOLE, can_mask=False, is_derived=True)


def _unescaped(text: str) -> str:
    try:
        return whole_characters(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def unquoted(text: str) -> str:
    """Return a command as a shell reads its words: without quotes, escapes and broken lines."""
    if not any(sign in text for sign in _SHELL_SIGNS):
        return text
    spelt = _ANSI.sub(_decoded, text) if "$'" in text else text
    bare = _SHELL.sub(lambda found: " " if "IFS" in found[0] else "", spelt)
    return _BRACES.sub(lambda found: found[0][1:-1].replace(",", " "), bare)


def _decoded(quoted: re.Match[str]) -> str:
    """Return what a shell reads in `$'...'`."""
    return _ANSI_ESCAPE.sub(_character, quoted[1])


def _character(escape: re.Match[str]) -> str:
    if escape["hex"] or escape["octal"]:
        return chr(int(escape["hex"], 16) if escape["hex"] else int(escape["octal"], 8))
    return {"n": "\n", "t": "\t"}.get(escape["sign"], escape["sign"])


def _inside(text: str) -> Json | None:
    """Return the JSON that a string holds; None where it holds no object or list."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    value = _parsed(text)
    return None if value is _UNREADABLE else value


def below(place: str, step: str | int) -> str:
    """Return the place of a member; `WHOLE` below names that nobody would write.

    A name may be as long as the arguments, and stand in the place of each of its members.
    """
    if place == WHOLE or len(place) > _LONGEST:
        return WHOLE
    name = str(step)[:_LONGEST]
    return f"{place}.{name}" if place else name


def above(place: str) -> list[str]:
    """Return a place and all those that it is below."""
    steps = place.split(".")
    return [".".join(steps[:until]) for until in range(1, len(steps) + 1)]


def shortened(arguments: str, most: int) -> str:
    """Return arguments in at most so many characters, and say where how much is left out.

    Where that is enough only their long texts are cut, so that a file keeps its name.
    """
    if len(arguments) <= most:
        return arguments
    room = most // _LONG_TEXTS - _ROOM_TO_SAY
    try:
        short = Arguments(arguments).rewritten(
            lambda place, text: text if place == WHOLE else _cut(text, room)
        )
    except TooDeep:
        short = arguments
    return short if len(short) <= most else _cut(arguments, most - _ROOM_TO_SAY)


def is_shortened(arguments: str) -> bool:
    """Whether something is left out of arguments, as `shortened` says it."""
    return _LEFT_OUT.search(arguments) is not None


def _cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    return f"{text[:room]}… ⟨{len(text) - room:,} more characters are not shown⟩"


def whole_characters(text: str) -> str:
    """Put a replacement for half surrogates, which no encoder would take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _rewritten(value: Json, place: str, put: Callable[[str, str], str]) -> Json:
    match value:
        case _Pairs():
            return _Pairs(
                (name, _rewritten(child, below(place, name), put)) for name, child in value
            )
        case list():
            return [_rewritten(child, below(place, at), put) for at, child in enumerate(value)]
        case str() if not isinstance(value, _Number):
            inner = _inside(value)
            changed = inner if inner is None else _rewritten(inner, place, put)
            text = value if changed == inner else _written(changed, in_order=False)
            return put(place or WHOLE, text)
        case _:
            return value


def _written(value: Json, *, in_order: bool) -> str:
    """Write JSON in which numbers are spelt as they came, and members named twice stay."""
    match value:
        case _Pairs():
            members = sorted(value, key=_name) if in_order else value
            inside = ",".join(
                f"{_string(name)}:{_written(child, in_order=in_order)}" for name, child in members
            )
            return f"{{{inside}}}"
        case list():
            return f"[{','.join(_written(child, in_order=in_order) for child in value)}]"
        case _Number():
            return str(value)
        case str():
            return _string(value)
        case _:
            return _LITERALS[value]


def _name(member: tuple[str, Json]) -> str:
    return member[0]


def _string(text: str) -> str:
    written = encode_basestring(text)
    # Half of a surrogate pair can only be written as an escape.
    return written if written.isascii() or _is_whole(written) else json.dumps(text)


def _is_whole(text: str) -> bool:
    return whole_characters(text) == text
