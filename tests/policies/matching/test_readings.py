"""What other readings of a text say, and where in the text it stands."""

from __future__ import annotations

import base64
import random

import pytest

from policies.matching.readings import readings
from policies.patterns.normalise import BAR

ESCAPES = {
    "%41": "A",
    "%C3%A9%20%0A%C3%A9": "é \né",
    "\\x41": "A",
    "\\x41\\x42\\x43\\x44": "ABCD",
    "\\u0041": "A",
    "\\u0041\\u00e9\\ud83d": "Aé\ufffd",
    "\\x{41}": "A",
    "\\u{1f600 41}": "😀A",
    "\\U0001F600": "😀",
    "\\101": "A",
    "&amp;": "&",
    "&#65;": "A",
    "&#x41": "A",
    "U+0041 U+0042, u+0043": "ABC",
    "u+00E9": "é",
    "=3D": "=",
    "=C3=A9": "é",
    "%03": " ",
}
PLAIN = ("so", "é", "", "100 % sure", "a = b", "\\d", "&c.")


@pytest.mark.parametrize("count", [1, 31, 32, 33, 500])
def test_each_escape_is_undone_and_known_by_its_place(count: int) -> None:
    chance = random.Random(count)  # noqa: S311
    text, parts = "", []
    for _ in range(count):
        plain, escape = f"|{chance.choice(PLAIN)}|", chance.choice(list(ESCAPES))
        parts += [(plain, len(text), 0), (ESCAPES[escape], len(text) + len(plain), len(escape))]
        text += plain + escape
    reading = next(each for each in readings(text) if each.how == "unescaped")
    assert reading.text == "".join(part for part, _, _ in parts)
    at = 0
    for part, source, length in parts:
        for into in range(len(part)):
            begin = source if length else source + into
            assert reading.origin(at + into, at + into + 1) == (begin, begin + (length or 1))
        at += len(part)


@pytest.mark.parametrize("letters", ["a b ", "д б ", "密 码 ", "🔑 🔒 "])
@pytest.mark.parametrize("size", [20, 63, 65, 300, 5000])
def test_encoded_text_is_read_in_any_script_and_length(letters: str, size: int) -> None:
    text = (letters * size)[:size]
    encoded = base64.b64encode(text.encode()).decode()
    decoded = next(each for each in readings(f"see {encoded}, so") if each.how == "base64")
    assert text in decoded.text.split(BAR)
