"""A task whose commands stand in the prompt, so that a story can say what the model will do.

$ echo one >> log.txt           the first answer calls the shell once
$ make                          the second one twice: a plus goes with the line before
+ make test
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_COMMAND = re.compile(r"^([$+]) (.+)$", re.MULTILINE)
_STEP = re.compile(r"\bStep (\d{1,3}) of \d{1,3}\.")

Script = tuple[tuple[str, ...], ...]


def script_of(items: Iterable[Mapping[str, Any]]) -> Script:
    """Return the commands that the user last asked for, those of one answer together."""
    steps: list[list[str]] = []
    for item in items:
        if item.get("role") == "user" and (found := _commands(item)):
            steps = found
    return tuple(map(tuple, steps))


def last_step(items: Iterable[Mapping[str, Any]]) -> int:
    """Return how many steps were taken since the user last asked for any commands."""
    taken = 0
    for item in items:
        if item.get("role") == "user" and _commands(item):
            taken = 0
        elif item.get("role") in {"assistant", "model"}:
            numbers = [int(found[1]) for text in _texts(item) for found in _STEP.finditer(text)]
            taken = max([taken, *numbers])
    return taken


def _commands(item: Mapping[str, Any]) -> list[list[str]]:
    steps: list[list[str]] = []
    for text in _texts(item):
        for sign, command in _COMMAND.findall(text):
            if sign == "$":
                steps.append([command])
            elif steps:
                steps[-1].append(command)
    return steps


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401  any JSON may stand here
    """Yield what was said, without the results of tools."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict) and value.get("type") != "tool_result":
        for name in ("content", "parts", "text"):
            yield from _texts(value.get(name))
