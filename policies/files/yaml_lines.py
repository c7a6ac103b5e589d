"""YAML that remembers on which line each thing stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence


class NotYaml(ValueError):
    """The text is not YAML, or not of the kind that we read; `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


_WORDS = {
    "mapping values are not allowed": "has a `: ` too many; indent the line like the one above it, "
    "or put a value with a colon in it in quotes",
    "tab character": "is indented by a tab; use spaces",
    "unexpected end of stream": "a quote that is opened here is never closed",
    "expected ',' or ']'": "a list that is opened here with [ is not closed with ]",
    "expected ',' or '}'": "a mapping that is opened here with { is not closed with }",
    "expected '-' indicator": "is not indented like the rest of its list item",
    "did not find expected key": "does not belong to what stands above it; check the indentation",
    "could not find expected ':'": "a key needs a colon and a space after it",
    "unknown escape": 'has a \\ inside "…"; use single quotes, in which it stands for itself',
    "cannot start any token": "a value cannot begin with this sign (@, %, `); put it in quotes",
    "undefined alias": "begins with *, which YAML takes for a reference; put it in quotes",
    "comment or line break": "has something behind | or >; begin the text on the next line",
    "another document": "begins a second document; one file holds one list",
    "constructor for the tag": "has a tag (!…); write the plain value",
}
_OTHERWISE = "is not YAML; look here and one line up for a quote, colon or bracket that is missing"
_OPENED_BEFORE = ("unexpected end of stream", "expected ',' or")


def _in_our_words(error: yaml.MarkedYAMLError) -> NotYaml:
    problem = str(error.problem)
    mark = error.problem_mark
    if any(part in problem for part in _OPENED_BEFORE):
        mark = error.context_mark or mark
    what = next((ours for theirs, ours in _WORDS.items() if theirs in problem), None)
    return NotYaml(mark.line + 1 if mark else 1, what or _OTHERWISE)


class _Loader(yaml.CSafeLoader):
    """Reads words as words: `on`, `no` and `22:00` are not values of another type here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise NotYaml(line, "a key must be one word, not a list or a mapping")
            if key.value in seen:
                what = f"{key.value!r} is given twice, first on line {seen[key.value]}"
                raise NotYaml(line, what)
            seen[str(key.value)] = line
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [
        pair for pair in pairs if pair[0] in {"tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"}
    ]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?[0-9]+\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern})\Z"), list(_first)
    )


class Document:
    """One parsed file: its `data`, and the line of any place in it.

    Raises NotYaml.
    """

    def __init__(self, text: str) -> None:
        loader = _Loader(text)
        try:
            self._root = loader.get_single_node()
            self.data = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            raise _in_our_words(error) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, text.find(chr(error.character))) + 1
            raise NotYaml(line, "a control character stands here; remove it") from error
        except RecursionError as error:
            raise NotYaml(1, "nests too deeply") from error
        finally:
            loader.dispose()

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line, from 1, of the deepest part of the path that exists."""
        node = self._root
        line = 1 if node is None else node.start_mark.line + 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return line


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None
