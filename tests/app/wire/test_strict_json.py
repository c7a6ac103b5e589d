from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequest
from app.wire import strict_json

REFUSED = {
    "twice": b'{"role":"user","role":"system"}',
    "twice deeper": b'[{"a":{"b":1,"\\u0062":2}}]',
    "NaN": b'{"a":NaN}',
    "Infinity": b"[-Infinity]",
    "too large": b'{"a":1e999}',
    "too long": b"[" + b"9" * 5000 + b"]",
    "surrogate": b'{"a":"\\ud800"}',
    "surrogate pair": b'{"\\udc00":1}',
    "UTF-8": b'{"a":"\xff"}',
    "byte order": b"\xef\xbb\xbf{}",
    "byte order mark": '{"a":1}'.encode("utf-16"),
    "deeper": b"[" * 10_000 + b"]" * 10_000,
    "deeper than": b'{"a":' * 129 + b"1" + b"}" * 129,
    "valid": b'{"a":1,}',
    "not valid": b"",
    "valid JSON": b"{} {}",
}


@pytest.mark.parametrize(("word", "body"), REFUSED.items(), ids=REFUSED)
def test_what_two_parsers_may_read_differently_is_refused_with_the_reason(
    word: str, body: bytes
) -> None:
    with pytest.raises(BadRequest, match=word.split(maxsplit=1)[0]):
        strict_json.parse(body)


def test_a_refusal_never_quotes_the_body() -> None:
    with pytest.raises(BadRequest) as refused:
        strict_json.parse(b'{"key": "hunter2", hunter2}')
    assert "hunter2" not in str(refused.value)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert strict_json.parse(b"[" * 3 + b"]" * 3, max_depth=3) == [[[]]]
    with pytest.raises(BadRequest, match="deeper than 2"):
        strict_json.parse(b"[" * 3 + b"]" * 3, max_depth=2)


def test_a_whole_surrogate_pair_is_read() -> None:
    assert strict_json.parse(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_reads_back_the_same(value: strict_json.Json) -> None:
    assert strict_json.parse(strict_json.dump(value)) == value


def test_a_hidden_duplicate_in_an_answer_is_noticed() -> None:
    text = b'{"a": "AKIA", "a": "x"}'
    value = strict_json.parse_loosely(text)
    assert value == {"a": "x"}
    assert not strict_json.says_one_thing(text, value)
    assert strict_json.says_one_thing(b'{"a":  "x"}', value)


def test_an_answer_with_half_a_surrogate_pair_is_read_with_a_replacement() -> None:
    assert strict_json.parse_loosely(b'{"a":"\\ud800x"}') == {"a": "?x"}


def test_an_answer_nested_without_end_is_no_json() -> None:
    with pytest.raises(ValueError, match="deep"):
        strict_json.parse_loosely("[" * 100_000)
    assert json.loads("[]") == strict_json.parse_loosely(b"[]")


NUMBERS = {
    '{"a":NaN,"b":-Infinity}': b'{"a":null,"b":null}',
    '{"a":123456789012345678901234567890}': b'{"a":123456789012345678901234567890}',
    '{"a":-9223372036854775809}': b'{"a":-9223372036854775809}',
    "[" + "9" * 5000 + "]": b"[" + b"9" * 5000 + b"]",
    '{"a":0.1234567890123456789012}': b'{"a":0.1234567890123456789012}',
    "[1e999]": b"[1e999]",
    '{"a":1.5,"b":18446744073709551615}': b'{"a":1.5,"b":18446744073709551615}',
    "[1e3, 0.10,-0,1.0E+5,1.00]": b"[1e3,0.10,-0,1.0E+5,1.00]",
    "0.10": b"0.10",
    '{"\\ud800":[NaN,99999999999999999999]}': b'{"?":[null,99999999999999999999]}',
}


@pytest.mark.parametrize(("text", "written"), NUMBERS.items(), ids=range(len(NUMBERS)))
def test_a_number_of_an_answer_keeps_its_digits_and_what_is_none_becomes_null(
    text: str, written: bytes
) -> None:
    for spelt in (text, text.encode()):
        assert strict_json.dump(strict_json.parse_loosely(spelt)) == written


def test_a_number_of_a_request_keeps_its_spelling() -> None:
    body = b'{"a":[1e3,0.10,-0,1.0E+5,99999999999999999999,-0.0,5e-324,0.1],"b":"x"}'
    assert strict_json.dump(strict_json.parse(body)) == body


def test_a_hidden_duplicate_is_noticed_also_where_the_sizes_agree() -> None:
    text = '{"a":"AKIA","n":[' + ",".join(["NaN"] * 11) + '],"a":"x"}'
    value = strict_json.parse_loosely(text)
    assert len(strict_json.dump(value)) == len(text)
    assert not strict_json.says_one_thing(text, value)
