"""The law of an answer: each text of it comes out as masking the whole text by brute force gives.

An answer is read here by cutting it into lines and joining what the reader of its format finds;
nothing of the product is used. What has gone out cannot be taken back, so an answer whose texts
are right at its end has shown no character of a secret at any time before.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.wire.base import WireFormat
from policies.matching.masker import Masker
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.pattern import parse
from policies.patterns.words import literal_pattern
from tests.app.wire.chance import Chance
from tests.policies.matching.oracle import Known, masked, spans

if TYPE_CHECKING:
    from app.wire.base import TextMasker

SSE = "text/event-stream"
CREDENTIAL = "up/8k+Zq=="
RULES = [
    Known("git", r"gh_[0-9A-Z]{6}"),
    Known("aws", r"AKIA[0-9A-Z]{4}"),
    Known("open", r"\bsk-[A-Za-z0-9]{4,}"),
    Known("word", r"\bpw[0-9]{3}\b"),
    Known("key", r"---BEGIN KEY---[A-Za-z0-9+/=\s]*(?:---END KEY---)?"),
    Known("credential", re.escape(CREDENTIAL)),
]
_CREDENTIAL = Target("credential", literal_pattern(CREDENTIAL))
_PLAN = Plan([*(Target(rule.id, parse(rule.pattern)) for rule in RULES[:-1]), _CREDENTIAL])
_ALONE = Plan([_CREDENTIAL])

SECRETS = (
    *("AKIA7QX2", "gh_AKIA7QX2", "gh_AKAKIA7QX2", "sk-a1B2c3", "sk-Zz09", "pw123", CREDENTIAL),
    *("---BEGIN KEY---\nMI+/=\n---END KEY---", "---BEGIN KEY---\r\nQ=="),
    *("AK\u200bIA7QX2", "\u0410KIA7QX2", "\uff21KIA7QX2"),
)
BESIDE = (
    *(" ", ", ", "x", "é", "日本", "\N{GRINNING FACE}", '"', "\\", "\n", "\r\n", "/", "\t"),
    *("AKI", "A", "gh_", "sk-", "s", "pw", "---", "---BEGIN ", "up/", "\u200b", "\u2028"),
    *("{", "}", "[", "\\u0041"),
)


_ESCAPE = re.compile(r"(?:\\u[0-9a-f]{4})+|\\[^u]")
SPLITS = 25_000 * int(os.environ.get("ABEYANCE_FUZZ", "1"))
ANSWERS, CUTS = 4, 50
"""How many answers are made around a text, and in how many ways each is cut."""


class LawMasking:
    """Fits `app.wire.base.Masking`, with the real masker."""

    def __init__(self) -> None:
        self.masked = 0

    def stream(self) -> TextMasker:
        return Masker(_PLAN, self._label)

    def whole(self, text: str) -> str:
        clean, count = _whole(text)
        self.masked += count
        return clean

    def note_dropped(self) -> None:
        pass

    def credential(self) -> TextMasker:
        return Masker(_ALONE, lambda _: self._label(-1))

    def _label(self, target: int) -> str:
        self.masked += 1
        return f"[{RULES[target].id}]"


@lru_cache(maxsize=512)
def _whole(text: str) -> tuple[str, int]:
    """Mask a text that comes whole, with the real masker; once for all the cuts of its answer."""
    masking = LawMasking()
    masker = masking.stream()
    return masker.feed(text) + masker.finish(), masking.masked


Found = Iterator[tuple[Any, str | None]]
Texts = Callable[[int, str, Any], Found]
"""Finds the texts of an event, by its number, name and value: each with the key of the text that
it goes on with, or None where that text is over. It is JSON in a string where the key is a tuple
that begins with `args`."""


@dataclass(frozen=True)
class Format:
    """`make` gives the label and the bytes of an answer around a text; `read` finds the texts.

    In an `open` one nobody says what goes on with what: three characters of a secret may show.
    A stream that `breaks` off anywhere is masked as far as it came. `share` is its part of the cuts
    where several kinds of answers make up one format.
    """

    wire: WireFormat
    make: Callable[[Chance, str], tuple[str, bytes]]
    read: Callable[[bytes], dict[Any, str]]
    open: bool = False
    breaks: bool = True
    share: float = 1.0


def made(chance: Chance) -> str:
    """Make a text with a secret or two, and what may stand beside them."""
    parts = [chance.one("", "", "so it is, ", "日本 日本 ")]
    for _ in range(chance.some()):
        parts += [chance.one("", *BESIDE), chance.one(*SECRETS), chance.one("", *BESIDE)]
    return "".join(parts)


def check(form: Format, text: str, chance: Chance, cuts: int) -> None:
    """Hold one answer against the oracle, then that answer cut in as many ways against itself."""
    label, answer = form.make(chance, text)
    if form.breaks and label == SSE and chance.often(0.1):
        answer = answer[: chance.places(len(answer), 1)[0]]
    expected = form.read(answer)
    out = passed(form, label, answer, [])
    compare(form, expected, form.read(out), (label, answer, out))
    every = list(range(1, len(answer)))
    for number in range(1, cuts):
        at = every if number == 1 and chance.often(0.05) else chance.places(len(answer), 3)
        cut = passed(form, label, answer, at)
        # A carriage return at the end of a piece ends its line, and may go out alone.
        if cut != out:
            compare(form, expected, form.read(cut), (label, answer, cut, at))


def passed(form: Format, label: str, answer: bytes, places: list[int]) -> bytes:
    masker = form.wire.answer(label, LawMasking())
    out = [masker.feed(answer[a:b]) for a, b in zip([0, *places], [*places, None], strict=True)]
    return b"".join([*out, masker.finish()])


def compare(form: Format, before: dict[Any, str], after: dict[Any, str], told: object) -> None:
    assert len(before) == len(after), told
    for key, text in before.items():
        if isinstance(key, tuple) and key[0] == "args":
            assert _same_json(text, after[key]), (key, told)
        elif form.open:
            assert re.fullmatch(glimpsed(text), after[key], re.DOTALL), (key, told)
        else:
            assert after.get(key) == clean(text), (key, told)


def _same_json(text: str, found: str) -> bool:
    value = loaded(text)
    if value is None:  # cut off: to be compared as text, unless it holds escapes within escapes
        within = '"{' in text or '"[' in text
        return within or unescaped(found) == clean(unescaped(text))
    return clean_json(value) == unspelt(loaded(found))


@lru_cache(maxsize=64)
def clean(text: str) -> str:
    """Mask by brute force."""
    return masked(text, RULES)


def glimpsed(text: str) -> str:
    """Return a pattern: the masked text, with up to three characters of each secret before it."""
    out, until = "", 0
    for start, order, end in spans(text, RULES):
        if start >= until:
            a, b, c = map(re.escape, text[start : start + 3])
            out += f"{re.escape(text[until:start])}(?:{a}(?:{b}(?:{c})?)?)?"
            out += re.escape(f"[{RULES[order].id}]")
        until = max(until, end)
    return out + re.escape(text[until:])


def clean_json(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Mask each string of a JSON value, also within a string that is JSON itself."""
    if isinstance(value, dict):
        return {clean(name): clean_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [clean_json(item) for item in value]
    if not isinstance(value, str):
        return value
    inner = loaded(value)
    return clean(value) if inner is None else clean_json(inner)


def unspelt(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Read what is JSON within the strings of a JSON value."""
    if isinstance(value, dict):
        return {name: unspelt(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unspelt(item) for item in value]
    inner = loaded(value) if isinstance(value, str) else None
    return value if inner is None else unspelt(inner)


def unescaped(text: str) -> str:
    """Undo the escapes of a text that would be JSON if it went on."""
    return _ESCAPE.sub(lambda found: str(json.loads(f'"{found[0]}"')), text)


def loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the object or list that a text spells, if it spells one."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


# Readers


def events(stream: str) -> Iterator[tuple[str, str]]:
    """Read events by brute force: name and data. One cut off counts where it is whole JSON."""
    *lines, rest = re.split(r"\r\n|\r|\n", stream)
    name, data = "", []
    for line in lines:
        name = line[6:].removeprefix(" ") if line.startswith("event:") else name
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data = "", []
    if rest.startswith("data:"):
        data.append(rest[5:].removeprefix(" "))
    if data and _is_whole("\n".join(data)):
        yield name, "\n".join(data)


def _is_whole(data: str) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return data == "[DONE]"
    return True


def of_events(texts: Texts) -> Callable[[bytes], dict[Any, str]]:
    """Read a stream of events, or one list of them, or one event."""

    def read(answer: bytes) -> dict[Any, str]:
        said = answer.decode("utf-8", "replace")
        if said.startswith("["):
            return joined(texts, (("", event) for event in json.loads(said)))
        if said.startswith("{"):
            return joined(texts, [("", json.loads(said))])
        found = ((name, data) for name, data in events(said) if data != "[DONE]")
        return joined(texts, ((name, json.loads(data)) for name, data in found))

    return read


def of_words(answer: bytes) -> dict[Any, str]:
    """Read a stream whose events are no JSON."""
    return {"words": "".join(data for _, data in events(answer.decode("utf-8", "replace")))}


def of_lines(texts: Texts) -> Callable[[bytes], dict[Any, str]]:
    """Read lines of JSON."""
    return lambda answer: joined(
        texts, (("", json.loads(line)) for line in answer.decode().split("\n") if line)
    )


def joined(texts: Texts, said: Iterable[tuple[str, Any]]) -> dict[Any, str]:
    """Join the pieces of each text; none may come after its end."""
    found: dict[Any, str] = {}
    over = set()
    for at, (name, event) in enumerate(said):
        for key, piece in texts(at, name, event):
            if piece is None:
                over.add(key)
            elif piece:
                assert key not in over, f"{key} goes on after its end: {piece}"
                found[key] = found.get(key, "") + piece
    return found


def prove(form: Format) -> None:
    """Check the law on many cuts of many answers; a seed that is told repeats them all."""
    seed = int(os.environ.get("ABEYANCE_SEED", time.time_ns()))
    print(f"ABEYANCE_SEED={seed}")  # noqa: T201 - shown where the test fails
    chance = Chance(seed)
    for _ in range(round(SPLITS * form.share) // (ANSWERS * CUTS)):
        text = made(chance)
        for _ in range(ANSWERS):
            check(form, text, chance, CUTS)
