"""Random answers: everything that is chosen follows from one seed."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    Events = list[tuple[str, Any]]

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_UNIT = re.compile(r"\\u....|\\.|.", re.DOTALL)


class Chance(random.Random):
    def one(self, *choices: Any) -> Any:  # noqa: ANN401 - one of what it was given
        return choices[int(self.random() * len(choices))]

    def some(self) -> int:
        """Return mostly 1, sometimes 2."""
        return 1 + self.often(0.2)

    def often(self, share: float) -> bool:
        return self.random() < share

    def places(self, size: int, most: int) -> list[int]:
        """Return from 1 to `most` places to cut, in order."""
        count = int(self.random() * most) + 1
        return sorted([int(self.random() * (size + 1)) for _ in range(count)])

    def pieces(self, text: str, most: int = 2) -> list[str]:
        """Cut a text in up to `most` places, sometimes in more; a piece may be empty."""
        most = 9 if self.often(0.1) else most
        at = self.places(len(text), most) if self.often(0.9) else []
        return [text[a:b] for a, b in zip([0, *at], [*at, None], strict=True)]


def json_spelt(value: Any, chance: Chance) -> str:  # noqa: ANN401 - any JSON
    """Write JSON in any of its spellings."""
    between = (", ", ": ") if chance.often(0.2) else (",", ":")
    spelt = json.dumps(value, ensure_ascii=chance.often(0.15), separators=between)
    if chance.often(0.2):
        letter = chance.one("A", "K", "s", "7", "-", "g", "é", "=")
        escape = f"\\u{ord(letter):04x}"

        def respelt(string: re.Match[str]) -> str:
            return "".join(escape if unit == letter else unit for unit in _UNIT.findall(string[0]))

        spelt = _STRING.sub(respelt, spelt)
    return spelt.replace("/", "\\/") if chance.often(0.1) else spelt


def sse(events: Iterable[tuple[str, Any]], chance: Chance) -> bytes:
    """Write server-sent events, each with a name and a value; a string is the data itself."""
    return b"".join([_event(name, value, chance) for name, value in events])


def _event(name: str, value: Any, chance: Chance) -> bytes:  # noqa: ANN401 - any JSON
    text = value if isinstance(value, str) else json_spelt(value, chance)
    if text.startswith("{") and chance.often(0.05):
        text = "{\n" + text[1:]
    space = "" if chance.often(0.1) else " "
    lines = [f"data:{space}{line}" for line in re.split(r"\r\n|\r|\n", text)]
    if name:
        lines.insert(0, f"event: {name}")
    if chance.often(0.05):
        lines.insert(0, chance.one(":", ": wait", "id: 7", "retry: 10", ": x\n"))
    end = chance.one("\n", "\n", "\r\n", "\r")
    return end.join([*lines, "", ""]).encode()


def mixed(chance: Chance, queues: list[Events]) -> Events:
    """Interleave what several texts consist of, each in its own order."""
    queues = [list(queue) for queue in queues]
    out: Events = []
    while queues := [queue for queue in queues if queue]:
        out.append(chance.one(*queues).pop(0))
    return out


def arguments(chance: Chance, text: str) -> str:
    """Write the arguments of a tool call, sometimes with JSON within."""
    inner = json_spelt({"in": [text]}, chance) if chance.often(0.2) else text
    return json_spelt(chance.one({"k": inner}, {"n": 1.5, "k": inner}, [inner, True]), chance)


def typed(kind: str, **members: Any) -> tuple[str, Any]:  # noqa: ANN401 - any JSON
    return kind, {"type": kind, **members}
