"""JSON of which every reader must have the same understanding.

Two parsers that differ on a duplicate key, a lone surrogate or `NaN` would let a text pass
here unseen and be read upstream, so all of these are refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Self, cast

import orjson
import re2  # type: ignore[import-untyped]

from app.errors import BadRequest

if TYPE_CHECKING:
    from app.wire.base import Json

MAX_DEPTH = 128
_COMPACT = re.compile(rb"[\[{](?:[\]}\[{]|\"[^\"\\]*\":[^\s])")
"""How a body begins that may be spelt as `dump` would."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# What may be a number that is spelt otherwise than Python would: too many digits for 64 bits or a
# float, an exponent, zeros at its end, a sign before nothing.
# RE2, because it looks at all of a body, and others wait as long as that takes.
_ODD = re2.compile(
    rb"[0-9.]{17}"
    rb"|(?:^|[\[:,\s])(?:-?\d+(?:\.\d+)?[eE]|-?\d+\.\d+0(?:[\s,\]}]|$)|-0(?:[\s,\]}]|$))"
)
_MOST_DIGITS = 18
_LEAST, _MOST = -(2**63), 2**64 - 1
_BOMS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


def parse(body: bytes, *, max_depth: int = MAX_DEPTH) -> Json:
    """Parse one JSON document; `max_depth` counts nested objects and arrays.

    Raises `BadRequest` with a sentence that never quotes the body's values.
    """
    if (known := _as_dumped(body)) is not None:
        _check_depth(known, max_depth)
        return known
    text = _decoded(body)
    try:
        value = cast(
            "Json",
            json.loads(
                text,
                object_pairs_hook=_object,
                parse_constant=_no_constant,
                parse_float=_finite,
                parse_int=_whole_number,
            ),
        )
    except RecursionError:
        raise BadRequest(_too_deep(max_depth)) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(f"The body is not valid JSON ({place}). Send valid JSON.") from None
    except ValueError:
        raise BadRequest("The body has a number too long to read. Send it as a string.") from None
    _check_depth(value, max_depth)
    if _SURROGATE.search(body):
        _check_surrogates(value)
    return value


def _as_dumped(body: bytes) -> Json:
    """Parse an object or a list that is spelt as `dump` would, which most clients do; else None.

    It is faster, and such a body says nothing but the value: no key twice, nor any number that
    would be spelt otherwise.
    """
    if not _COMPACT.match(body):
        return None
    try:
        value = cast("Json", orjson.loads(body))
        return value if orjson.dumps(value) == body else None
    except (orjson.JSONDecodeError, TypeError):  # TypeError: nested deeper than it writes
        return None


class Numeral(float):
    """A number that would be written otherwise than it came: `1e3`, `0.10`, beyond 64 bits."""

    __slots__ = ("digits",)
    digits: str

    def __new__(cls, digits: str) -> Self:
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


def dump(value: Json) -> bytes:
    """Write compact UTF-8 JSON, with integers of any size; what is not a number becomes null."""
    try:
        return orjson.dumps(value, default=_as_it_came)
    except TypeError:  # an integer beyond 64 bits
        return orjson.dumps(_with_numerals(value), default=_as_it_came)


def canonical(value: Json) -> bytes:
    """Write JSON that is the same for each order of members and each spelling of strings.

    Numbers keep their spelling: readers may differ on whether `1` and `1.0` are the same.
    """
    return orjson.dumps(_with_numerals(value), default=_as_it_came, option=orjson.OPT_SORT_KEYS)


def _with_numerals(value: Json) -> Json:
    match value:
        case list():
            return [_with_numerals(item) for item in value]
        case dict():
            return {name: _with_numerals(item) for name, item in value.items()}
        case int() if not _LEAST <= value <= _MOST:
            return Numeral(str(value))
        case _:
            return value


def _as_it_came(value: object) -> orjson.Fragment:
    if isinstance(value, Numeral):
        return orjson.Fragment(value.digits)
    raise TypeError(type(value).__name__)


def _decoded(body: bytes) -> str:
    if body.startswith(_BOMS):
        raise BadRequest("The body starts with a byte order mark. Send plain UTF-8 without one.")
    if 0 in body[:4]:
        raise BadRequest("The body has letters of several bytes each. JSON must be sent as UTF-8.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"The body is not UTF-8 (byte {error.start}). JSON must be sent as UTF-8."
        ) from None


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadRequest("The body names a key twice in one object. Name each key once.")
    return value


def _no_constant(name: str) -> float:
    raise BadRequest(f"The body has {name}, which is not JSON. Use null or a string.")


def _finite(text: str) -> float:
    if math.isinf(float(text)):
        raise BadRequest("The body has a number too large to read. Send it as a string.")
    return _float(text)


def _check_depth(root: Json, max_depth: int) -> None:
    """Walk without recursion, so that no depth can exhaust the stack."""
    level = [root] if isinstance(root, (dict, list)) else []
    for _ in range(max_depth):
        if not level:
            return
        children = [value.values() if isinstance(value, dict) else value for value in level]
        level = [child for each in children for child in each if isinstance(child, (dict, list))]
    if level:
        raise BadRequest(_too_deep(max_depth))


def _check_surrogates(root: Json) -> None:
    level: list[Json] = [root]
    while level:
        for value in level:
            _check_characters(value)
        level = [child for value in level for child in _children(value)]


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_characters(value: Json) -> None:
    texts = [value] if isinstance(value, str) else value if isinstance(value, dict) else ()
    try:
        for text in texts:
            text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadRequest("The body has half of a surrogate pair. Send whole characters.") from None


def _too_deep(max_depth: int) -> str:
    return f"The body nests deeper than {max_depth} levels. Send a flatter body."


def parse_loosely(text: str | bytes) -> Json:
    """Parse what an upstream answered: whatever a lenient client could read, whole characters only.

    A number keeps its spelling where Python has another (see `Numeral`); `NaN` and its
    like are null. Raises `ValueError` when no client could read it, or when it nests too deep.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not _ODD.search(raw):
        try:
            return cast("Json", orjson.loads(raw))
        except orjson.JSONDecodeError:
            pass
    try:
        value = cast("Json", _LENIENT.decode(_characters(text)))
        try:
            orjson.dumps(value, default=_as_it_came)
        except TypeError:
            value = _whole_characters(value)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return value


def parse_spelt(text: str) -> tuple[Json, bool]:
    """Parse as `parse_loosely` does; tell whether the text spells the value as `dump` would.

    Such a text says nothing else, and no number in it loses a digit.
    """
    raw = text.encode("utf-8", "replace")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return parse_loosely(text), False
    try:
        exact = orjson.dumps(value) == raw
    except TypeError:  # nested deeper than it writes
        exact = False
    if exact:
        return value, True
    return (parse_loosely(text) if _ODD.search(raw) else value), False


def _characters(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    return text.decode(json.detect_encoding(text))


def _whole_number(text: str) -> int | float:
    return Numeral(text) if text == "-0" else int(text)


def _integer(text: str) -> int | float:
    if len(text) <= _MOST_DIGITS and text != "-0":
        return int(text)
    return Numeral(text)


def _float(text: str) -> float:
    number = float(text)
    return number if orjson.dumps(number) == text.encode() else Numeral(text)


def _no_number(_name: str) -> None:
    return None


_LENIENT = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_no_number)


def _whole_characters(value: Json) -> Json:
    """Put a replacement for half surrogates, which no encoder would take."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_whole_characters(item) for item in value]
        case dict():
            return {
                name.encode("utf-8", "replace").decode(): _whole_characters(item)
                for name, item in value.items()
            }
        case _:
            return value


def says_one_thing(text: str | bytes, value: Json) -> bool:
    """Tell whether `text` holds nothing but `value`, that is, no hidden duplicate of a key."""
    if (text.encode("utf-8", "replace") if isinstance(text, str) else text) == dump(value):
        return True
    try:
        # Numbers may be of any length: only the names count here.
        json.loads(
            text, object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=str
        )
    except (BadRequest, ValueError, RecursionError):
        return False
    return True
