"""Fifty shapes of text, each of any length and the same each time."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from functools import partial
from typing import TypeAlias
from urllib.parse import quote

Piece: TypeAlias = Callable[[random.Random], str]
_WORDS = (
    *("the", "of", "and", "to", "in", "is", "that", "for", "it", "as", "was", "with", "be", "by"),
    *("request", "answer", "server", "deploy", "table", "column", "build", "release", "branch"),
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALNUM = f"{_LETTERS}{_LETTERS.upper()}0123456789"


def text(shape: str, size: int) -> str:
    """Return `size` characters of a shape."""
    dice, piece = random.Random(f"shape {shape}"), SHAPES[shape]  # noqa: S311 - no secret
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(piece(dice))
        length += len(parts[-1])
    return "".join(parts)[:size]


def _any(alphabet: str, length: int, dice: random.Random) -> str:
    return "".join(dice.choices(alphabet, k=length))


def _word(dice: random.Random) -> str:
    return _any(_LETTERS, dice.randrange(3, 9), dice)


def _prose(dice: random.Random) -> str:
    return " ".join(dice.choices(_WORDS, k=12)).capitalize() + ".\n"


def _base64_of_text(dice: random.Random) -> str:
    return base64.b64encode("".join(_prose(dice) for _ in range(9))[:300].encode()).decode()


def _base64_of_bytes(dice: random.Random, size: int = 300) -> str:
    return base64.b64encode(dice.randbytes(size)).decode()


def _base64_for_urls(dice: random.Random) -> str:
    return base64.urlsafe_b64encode(dice.randbytes(300)).decode()


def _base64_lines(dice: random.Random) -> str:
    return base64.b64encode(dice.randbytes(57)).decode() + "\n"


def _json_rows(dice: random.Random) -> str:
    row = {"id": dice.randrange(10**6), "name": _any(_LETTERS, 8, dice), "tags": ["a", "b"]}
    return json.dumps(row) + ",\n"


def _nested_json(dice: random.Random) -> str:
    inner = json.dumps({"path": f"src/{_any(_LETTERS, 6, dice)}.py", "text": 'a "b"\n\tc'})
    return json.dumps({"arguments": json.dumps({"inner": inner})}) + "\n"


def _minified(dice: random.Random) -> str:
    one, two, three = (_any(_LETTERS, 2, dice) for _ in range(3))
    return f'function {one}({two}){{var {three}={two}.map(e=>e[0]+"{one}");return {three}?1:!0}}'


def _code(dice: random.Random) -> str:
    name, value = _any(_LETTERS, 7, dice), dice.randrange(1000)
    return f"    def {name}(self, other: int) -> str:\n        return f'{{other + {value}}}'\n"


def _log(dice: random.Random) -> str:
    at = f"2026-11-{dice.randrange(1, 29):02}T12:{dice.randrange(60):02}:07.123Z"
    address = ".".join(str(dice.randrange(256)) for _ in range(4))
    return f"{at} INFO [worker-{dice.randrange(9)}] {address} GET /items/{dice.randrange(9999)}\n"


def _xml(dice: random.Random) -> str:
    return f'<item id="{dice.randrange(9999)}"><name>{_any(_LETTERS, 8, dice)}</name></item>\n'


def _diff(dice: random.Random) -> str:
    sign = dice.choice("+- ")
    return f"{sign}    {_any(_LETTERS, 6, dice)} = {_any(_LETTERS, 9, dice)}({dice.random():.3f})\n"


def _csv(dice: random.Random) -> str:
    return f"{dice.randrange(10**6)},{_any(_LETTERS, 7, dice)},{dice.random():.4f},2026-11-01\n"


def _settings(dice: random.Random) -> str:
    return f"{_any(_LETTERS, 6, dice)}: {_any(_ALNUM, 10, dice)}\n"


def _hex_dump(dice: random.Random) -> str:
    data = dice.randbytes(16)
    return f"{dice.randrange(2**20):08x}  {data.hex(' ')}  |{'.' * 16}|\n"


def _uuids(dice: random.Random) -> str:
    raw = dice.randbytes(16).hex()
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]} "


def _percent(dice: random.Random) -> str:
    return quote(dice.randbytes(30))


def _mails(dice: random.Random) -> str:
    return f"{_any(_LETTERS, 7, dice)}@{_any(_LETTERS, 6, dice)}.com, "


def _floats(dice: random.Random) -> str:
    return f"{dice.gauss(0, 1):.8f},"


def _steady(piece: str, _dice: random.Random) -> str:
    return piece


def _drawn(alphabet: str, _length: int, dice: random.Random) -> str:
    return _any(alphabet, _length, dice)


SHAPES: dict[str, Piece] = {
    "prose": _prose,
    "code": _code,
    "minified code": _minified,
    "base64 of bytes, unbroken": _base64_of_bytes,
    "base64 of bytes, in lines": _base64_lines,
    "base64 of text, unbroken": _base64_of_text,
    "base64 for URLs, unbroken": lambda dice: base64.urlsafe_b64encode(
        dice.randbytes(300)
    ).decode(),
    "hexadecimal, unbroken": lambda dice: dice.randbytes(200).hex(),
    "hexadecimal capitals": lambda dice: dice.randbytes(200).hex().upper(),
    "hexadecimal dump": _hex_dump,
    "digits, unbroken": partial(_drawn, "0123456789", 400),
    "zeros": partial(_steady, "0" * 500),
    "floating-point numbers": _floats,
    "letters, unbroken": partial(_drawn, _LETTERS, 400),
    "letters and digits, unbroken": partial(_drawn, _ALNUM, 400),
    "one letter": partial(_steady, "a" * 500),
    "words of 300 letters": lambda dice: _any(_LETTERS, 300, dice) + " ",
    "an unbroken URL": lambda dice: f"/{_any(_ALNUM, 9, dice)}?{_any(_LETTERS, 4, dice)}=1&x",
    "URLs": lambda dice: f"https://example.com/{_any(_LETTERS, 9, dice)}/{dice.randrange(99)}\n",
    "data URLs": lambda dice: (
        f"data:image/png;base64,{base64.b64encode(dice.randbytes(900)).decode()} "
    ),
    "percent-encoding": _percent,
    "JSON rows": _json_rows,
    "JSON within JSON within JSON": _nested_json,
    "deep brackets": partial(_steady, "[[[{{{((("),
    "quotes": partial(_steady, "\"'`"),
    "backslashes": partial(_steady, "\\"),
    "escapes": lambda dice: f"\\u{dice.randrange(0x20, 0x7F):04x}\\x{dice.randrange(32, 127):02x}",
    "entities": lambda dice: f"&#{dice.randrange(33, 127)};&amp;",
    "a=a=a=": partial(_steady, "a=a="),
    "settings": _settings,
    "spaces": partial(_steady, " " * 500),
    "line ends": partial(_steady, "\r\n" * 200),
    "CSV": _csv,
    "logs": _log,
    "XML": _xml,
    "a diff": _diff,
    "UUIDs": _uuids,
    "e-mail addresses": _mails,
    "Chinese": lambda dice: "".join(chr(dice.randrange(0x4E00, 0x9FA5)) for _ in range(30)) + "。",
    "Cyrillic": lambda dice: "".join(chr(dice.randrange(0x430, 0x450)) for _ in range(8)) + " ",
    "emoji": lambda dice: "".join(chr(dice.randrange(0x1F300, 0x1F600)) for _ in range(20)),
    "accents, decomposed": partial(_steady, "e\u0301a\u0300o\u0302 "),
    "zero width": partial(_steady, "a\u200bb\u200b"),
    "colours of a terminal": lambda dice: f"\x1b[{dice.randrange(31, 37)}m{_word(dice)}\x1b[0m",
    "dots and dashes": partial(_steady, "-.-_.-"),
    "spelled-out letters": lambda dice: " ".join(_any(_LETTERS, 50, dice)) + " ",
    "beginnings of secrets": partial(_steady, "sk-AKIAghp_xoxb-password: "),
    "beginnings behind escaped line ends": partial(_steady, "\\nghp_"),
    "Markdown": lambda dice: f"* **{_any(_LETTERS, 7, dice)}** `{_any(_LETTERS, 5, dice)}` ~~x~~\n",
    "numbers of cards": lambda dice: f"{_any('0123456789', 4, dice)} " * 4 + "\n",
}
