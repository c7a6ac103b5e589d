"""JSON with comments and trailing commas, edited in place.

Theory of operation: the text is parsed into a tree in which every value knows where it begins and
ends. An edit replaces one of those spans, or inserts a member behind the last one of an object:

    {                            {
      "a": 1 // one                "a": 1, // one
    }                              "b": 2
                                 }

so everything else keeps its bytes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workstation.configuration.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLANK = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n[ \t]*)?")
_LINE_ENDS = re.compile(r"[ \t]*\r?\n")
_STEP = "  "


@dataclass(slots=True)
class Node:
    """A value and its place in the text. `members` where it is an object."""

    start: int
    end: int
    value: Any
    members: dict[str, Member] | None = None


@dataclass(slots=True)
class Member:
    start: int
    """Where its name begins."""
    node: Node


@dataclass(slots=True)
class _Parser:
    text: str
    at: int = 0
    depth: int = field(default=0)

    def document(self) -> Node:
        node = self._value()
        self._blank()
        if self.at != len(self.text):
            raise self._fault("text after the end")
        return node

    def _value(self) -> Node:
        self._blank()
        self.depth += 1
        if self.depth > 100:
            raise self._fault("too deep")
        match self.text[self.at : self.at + 1]:
            case "{":
                node = self._object()
            case "[":
                node = self._array()
            case '"':
                start = self.at
                node = Node(start, self.at, self._string())
                node.end = self.at
            case _:
                node = self._scalar()
        self.depth -= 1
        return node

    def _object(self) -> Node:
        start, members = self.at, dict[str, Member]()
        self.at += 1
        while not self._ends("}"):
            begins = self.at
            if self.text[begins : begins + 1] != '"':
                raise self._fault("a name in quotes is missing")
            name = self._string()
            if name in members:
                raise self._fault(f"{name!r} is there twice")
            self._blank()
            self._take(":")
            members[name] = Member(begins, self._value())
            self._separator("}")
        value = {name: member.node.value for name, member in members.items()}
        return Node(start, self.at, value, members)

    def _array(self) -> Node:
        start, items = self.at, list[Any]()
        self.at += 1
        while not self._ends("]"):
            items.append(self._value().value)
            self._separator("]")
        return Node(start, self.at, items)

    def _ends(self, closing: str) -> bool:
        self._blank()
        if self.text[self.at : self.at + 1] != closing:
            return False
        self.at += 1
        return True

    def _separator(self, closing: str) -> None:
        self._blank()
        if self.text[self.at : self.at + 1] != closing:
            self._take(",")

    def _string(self) -> str:
        found = _STRING.match(self.text, self.at)
        if not found:
            raise self._fault("a string does not end")
        self.at = found.end()
        try:
            return str(json.loads(found[0]))
        except ValueError as error:
            raise self._fault("a string that is none") from error

    def _scalar(self) -> Node:
        found = _SCALAR.match(self.text, self.at)
        if not found:
            raise self._fault("a value is missing")
        self.at = found.end()
        return Node(found.start(), found.end(), json.loads(found[0]))

    def _blank(self) -> None:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, sign: str) -> None:
        if self.text[self.at : self.at + 1] != sign:
            raise self._fault(f"{sign!r} is missing")
        self.at += 1

    def _fault(self, fault: str) -> Unreadable:
        return Unreadable(f"line {self.text.count(chr(10), 0, self.at) + 1}: {fault}")


def parse(text: str) -> dict[str, Any]:
    """Return the values of a file; empty where it holds nothing. Raises Unreadable."""
    if not text.strip("\ufeff \t\r\n"):
        return {}
    value = _object_of(text).value
    return dict(value)


def put(text: str, path: Sequence[str], value: object) -> str:
    """Return the text with a value at a path; objects on the way there are made.

    Raises Unreadable, also where something on the way is not an object.
    """
    if not text.strip("\ufeff \t\r\n"):
        return json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    node = _object_of(text)
    for place, name in enumerate(path):
        if node.members is None:
            raise Unreadable(f"{'.'.join(path[:place])} is not an object")
        if name not in node.members:
            return _insert(text, node, name, _nested(path[place + 1 :], value))
        node = node.members[name].node
    if node.value == value and type(node.value) is type(value):
        return text
    spelt = _spell(value, _indent_at(text, node.start), _line_end(text))
    return text[: node.start] + spelt + text[node.end :]


def remove(text: str, path: Sequence[str]) -> str:
    """Return the text without the member at a path, which must be there. Raises Unreadable."""
    node = _object_of(text)
    for name in path[:-1]:
        node = _member(node, name).node
    gone = _member(node, path[-1])
    after = _BLANK.match(text, gone.node.end)
    end = after.end() if after else gone.node.end
    if text[end : end + 1] == ",":
        end += 1
        start = gone.start
        # The rest of the line goes with it where nothing else is on it.
        rest = _REST_OF_LINE.match(text, end)
        return text[:start] + text[rest.end() if rest else end :]
    before = max(
        (m.node.end for m in (node.members or {}).values() if m.node.end <= gone.start),
        default=node.start + 1,
    )
    comma = _comma(text, before, gone.start)
    kept = text[before : gone.start]
    if comma is not None:
        kept = text[before:comma] + text[comma + 1 : gone.start]
    # A comment may end the line: what follows must not become a part of it.
    kept = kept.rstrip() if _LINE_ENDS.match(text, gone.node.end) else kept.rstrip(" \t")
    return text[:before] + kept + text[gone.node.end :]


def _object_of(text: str) -> Node:
    node = _Parser(text).document()
    if node.members is None:
        raise Unreadable("it does not hold an object")
    return node


def _member(node: Node, name: str) -> Member:
    if node.members is None or name not in node.members:
        raise Unreadable(f"{name} is not there")
    return node.members[name]


def _nested(path: Sequence[str], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _insert(text: str, node: Node, name: str, value: object) -> str:
    """Put a member behind the last one of an object."""
    line_end, closing = _line_end(text), node.end - 1
    inner_end = _content_end(text, node.start + 1, closing)
    last = max((member.node.end for member in (node.members or {}).values()), default=None)
    if last is None:
        indent = _indent_at(text, node.start)
        spelt = f"{json.dumps(name)}: {_spell(value, indent + _STEP, line_end)}"
        head = text[:inner_end] + line_end + indent + _STEP + spelt + line_end + indent
        return head + text[closing:]
    comma = "" if _comma(text, last, closing) is not None else ","
    several_lines = "\n" in text[node.start : closing]
    first = min(member.start for member in (node.members or {}).values())
    indent = _indent_at(text, first) if several_lines else _indent_at(text, node.start)
    spelt = f"{json.dumps(name)}: {_spell(value, indent, line_end)}"
    gap = line_end + indent if several_lines else " "
    return text[:last] + comma + text[last:inner_end] + gap + spelt + text[inner_end:]


def _content_end(text: str, start: int, end: int) -> int:
    """Return where the last value or comment before `end` ends."""
    return start + len(text[start:end].rstrip())


def _comma(text: str, start: int, end: int) -> int | None:
    """Return where the comma behind a value is, if there is one."""
    found = _BLANK.match(text, start)
    at = found.end() if found else start
    return at if at < end and text[at] == "," else None


def _spell(value: object, indent: str, line_end: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", line_end + indent)


def _indent_at(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
