r"""The pattern language: a small part of regular expressions, so that matching stays linear.

Literals, `.`, classes, `\d \w \s \D \W \S`, groups, `|`, `? * + {m,n}`, `(?i)` at the start,
`(?i:...)`, `\b` at the two ends, `(?<![...])` at the start and `(?![...])` at the end. No other
look-around, no back-references, no anchors inside.
Text is folded (see `normalise`) before a pattern sees it, and a letter beyond ASCII alike. Such
letters stand outside of classes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from policies.patterns.charset import ANY, DIGIT, NOTHING, SPACE, WORD, CharSet, chars, single, span
from policies.patterns.normalise import TRANSPARENT, scan_view

MAX_REPEAT = 1000
_SHOWN = 40
_CLASSES = {"d": DIGIT, "w": WORD, "s": SPACE}
_CLASSES |= {name.upper(): members.complement() for name, members in _CLASSES.items()}
_NOT_BEHIND = re.compile(r"\(\?<!(\[(?:\\.|[^\]\\])+\])\)")
_NOT_FOLLOWED_BY = re.compile(r"\(\?!(\[(?:\\.|[^\]\\])+\])\)\Z")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}


class PatternError(ValueError):
    """The pattern is not in the language; the message says where and what to write instead."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    members: CharSet


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`high` is None where there is no upper limit."""

    item: Node
    low: int
    high: int | None


Node: TypeAlias = Chars | Seq | Alt | Repeat


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; a match must not touch `not_before` on its left, `not_after` on its right.

    The ends of the text touch nothing. Where `followed_by` is given, one of these must come right
    after a match, of which it is no part.
    """

    node: Node
    not_before: CharSet = NOTHING
    not_after: CharSet = NOTHING
    followed_by: CharSet = NOTHING

    @property
    def guarded(self) -> bool:
        """Whether the character behind a match has a say in whether it is one."""
        return len(self.not_after) > 0 or len(self.followed_by) > 0

    def closing(self) -> CharSet:
        """Return what may come right after a match."""
        return self.followed_by if len(self.followed_by) else self.not_after.edge()


@lru_cache(maxsize=4096)
def parse(source: str) -> Pattern:
    """Read one pattern. Raises PatternError."""
    body = source
    fold = body.startswith("(?i)")
    body = body.removeprefix("(?i)")
    body, not_before = _beginning(body)
    body, not_after = _ending(body)
    node = _Parser(body, fold=fold).read()
    if isinstance(node, Alt) and (len(not_before) or len(not_after)):
        raise PatternError(r"\b beside alternatives is ambiguous; write \b(?:a|b)\b")
    return Pattern(node, not_before, not_after)


def _beginning(body: str) -> tuple[str, CharSet]:
    """Return a pattern without what it says of the character before it, and what may not be it."""
    if body.startswith(r"\b"):
        return body[2:], WORD
    if found := _NOT_BEHIND.match(body):
        return body[found.end() :], parse_class(found[1])
    return body, NOTHING


def _ending(body: str) -> tuple[str, CharSet]:
    """Return a pattern without what it says of the character behind it, and what may not be it."""
    if body.endswith(r"\b") and not body.endswith(r"\\b"):
        return body[:-2], WORD
    if found := _NOT_FOLLOWED_BY.search(body):
        return body[: found.start()], parse_class(found[1])
    return body, NOTHING


def parse_class(source: str) -> CharSet:
    r"""Read one class such as `[\w.-]`. Raises PatternError for anything else."""
    node = _Parser(source, fold=False).read()
    if not isinstance(node, Chars):
        raise PatternError(f"{source!r} must be one class of characters, such as [\\w.-]")
    return node.members


class _Parser:
    """Recursive descent over one pattern, without its boundaries."""

    def __init__(self, source: str, *, fold: bool) -> None:
        self._source = source
        self._at = 0
        self._fold = fold

    def read(self) -> Node:
        node = self._alternatives()
        if self._at < len(self._source):
            raise self._fault("has no opening bracket", self._at)
        return node

    def _alternatives(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Alt(tuple(options))

    def _sequence(self) -> Node:
        items: list[Node] = []
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            items.append(self._repeated(self._atom()))
        return items[0] if len(items) == 1 else Seq(tuple(items))

    def _atom(self) -> Node:
        at = self._at
        ch = self._next()
        if ch == "(":
            return self._group(at)
        if ch == "[":
            return self._set(self._class(at))
        if ch == "\\":
            return self._set(self._escape())
        if ch == ".":
            return Chars(chars("\n").complement())
        if ch in "^$":
            raise self._fault(r"anchors are not used; a match may stand anywhere (or use \b)", at)
        if ch in "*+?{":
            raise self._fault("repeats nothing; write \\ before it to mean the character", at)
        return self._set(self._literal(ch, at)) if ch.isascii() else self._letter(ch)

    def _group(self, at: int) -> Node:
        outer = self._fold
        if self._take("?"):
            if self._take("i:"):
                self._fold = True
            elif not self._take(":"):
                raise self._fault("only (?:...) and (?i:...); look-around is not supported", at)
        node = self._alternatives()
        if not self._take(")"):
            raise self._fault("is never closed", at)
        self._fold = outer
        return Seq((node,)) if isinstance(node, Alt) else node  # so that bare alternatives show

    def _repeated(self, item: Node) -> Node:
        limits = self._limits()
        if limits is None:
            return item
        if self._at < len(self._source) and self._source[self._at] in "?+*":
            raise self._fault("lazy and possessive repeats mean nothing here; drop it", self._at)
        return Repeat(item, *limits)

    def _limits(self) -> tuple[int, int | None] | None:
        for sign, limits in (("?", (0, 1)), ("*", (0, None)), ("+", (1, None))):
            if self._take(sign):
                return limits
        at = self._at
        if not self._take("{"):
            return None
        inside, closed, _ = self._source[self._at :].partition("}")
        self._at += len(inside) + 1
        low, comma, high = inside.partition(",")
        if not closed or not low.isdigit() or (high and not high.isdigit()):
            raise self._fault("write {m}, {m,} or {m,n}", at)
        top = int(low) if not comma else int(high) if high else None
        if int(low) > MAX_REPEAT or (top is not None and not int(low) <= top <= MAX_REPEAT):
            raise self._fault(f"repeat between 0 and {MAX_REPEAT} times, in rising order", at)
        return int(low), top

    def _class(self, at: int) -> CharSet:
        negated = self._take("^")
        members = NOTHING
        first = True
        while first or not self._take("]"):
            if self._at >= len(self._source):
                raise self._fault("is never closed", at)
            members |= self._class_item()
            first = False
        if self._fold:
            members = members.any_case()
        return members.complement() if negated else members

    def _class_item(self) -> CharSet:
        at = self._at
        if self._source[at : at + 2] in ("[:", "[.", "[="):
            raise self._fault(r"named classes are not supported; write \d, \w or a range", at)
        low = self._class_char()
        rest = self._source[self._at : self._at + 2]
        if len(low) != 1 or not rest.startswith("-") or rest == "-]" or len(rest) < 2:
            return low
        self._at += 1
        high = self._class_char()
        first, last = low.bits.bit_length() - 1, high.bits.bit_length() - 1
        if len(high) != 1 or first > last:
            raise self._fault("a range goes from a lower to a higher character", at)
        return span(chr(first), chr(last))

    def _class_char(self) -> CharSet:
        at = self._at
        ch = self._next()
        return self._escape() if ch == "\\" else self._literal(ch, at)

    def _escape(self) -> CharSet:
        at = self._at - 1
        ch = self._next()
        if ch in _CLASSES:
            return _CLASSES[ch]
        if ch == "b":
            raise self._fault("stands only at the two ends of a pattern", at)
        if ch == "x":
            return self._hex(at)
        if ch.isalnum() and ch not in _ESCAPES:
            raise self._fault(
                "is not an escape we know; back-references and properties are not supported", at
            )
        return self._literal(_ESCAPES.get(ch, ch), at)

    def _hex(self, at: int) -> CharSet:
        digits = self._source[self._at : self._at + 2]
        self._at += 2
        try:
            return self._literal(chr(int(digits, 16)), at)
        except ValueError:
            raise self._fault("write two hexadecimal digits after it", at) from None

    def _literal(self, ch: str, at: int) -> CharSet:
        if not ch.isascii() or ch in "\0\2\3\4":
            raise self._fault("a class has only ASCII in it; write (?:ä|ö) in place of [äö]", at)
        return single(ch)

    def _letter(self, ch: str) -> Node:
        """Read a letter beyond ASCII; of what shows nothing, nothing is left in any text."""
        cases = {ch, ch.lower(), ch.upper()} if self._fold else {ch}
        views = {scan_view(case) for case in cases if len(case) == 1}
        return Seq(()) if TRANSPARENT in views else Chars(chars(views))

    def _set(self, members: CharSet) -> Chars:
        return Chars(members.any_case() if self._fold and members is not ANY else members)

    def _next(self) -> str:
        if self._at >= len(self._source):
            raise self._fault("ends too early", self._at - 1)
        self._at += 1
        return self._source[self._at - 1]

    def _take(self, expected: str) -> bool:
        found = self._source.startswith(expected, self._at)
        self._at += len(expected) if found else 0
        return found

    def _fault(self, what: str, at: int) -> PatternError:
        begin = max(at, 0)
        shown = self._source[begin : begin + _SHOWN]
        more = "…" if begin + _SHOWN < len(self._source) else ""
        return PatternError(f"'{shown}{more}' at {begin + 1}: {what}")
