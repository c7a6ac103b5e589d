from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.embedded_json import JsonTextMasker, mask_json_text
from tests.app.wire.masking import KEY_BLOCK, KEY_MASK, MASK, SECRET, RealMasking, whole


def streamed(pieces: list[str]) -> str:
    masker = JsonTextMasker(RealMasking().stream)
    return "".join([*(masker.feed(piece) for piece in pieces), masker.finish()])


def cut(text: str, places: list[int]) -> list[str]:
    bounds = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in itertools.pairwise(bounds)]


WORDS = st.sampled_from(
    [
        SECRET,
        SECRET[:9],
        SECRET[9:],
        KEY_BLOCK,
        '"',
        "\\",
        "\n",
        "\u00e9",
        "\N{GRINNING FACE}",
        "{",
        "[1, ",
        " ",
        "AKIA",
        "\u2028",
        "/",
        "\t",
    ]
)
TEXT = st.lists(WORDS, max_size=6).map("".join)
VALUE = st.recursive(
    TEXT | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SPELT = st.sampled_from(["ascii", "as it is"])
PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@given(VALUE, SPELT, PLACES)
def test_every_cut_of_json_gives_the_same(value: object, spelt: str, at: list[int]) -> None:
    text = json.dumps({"a": value}, ensure_ascii=spelt == "ascii")
    assert streamed(cut(text, at)) == streamed([text])


@given(VALUE, SPELT, PLACES)
def test_json_stays_json_and_no_string_of_it_leaks(
    value: object, spelt: str, at: list[int]
) -> None:
    text = json.dumps([value], ensure_ascii=spelt == "ascii")
    out = json.loads(streamed(cut(text, at)))
    assert SECRET not in json.dumps(out)
    if all(whole(part) == part for part in strings(value)):
        assert out == [value]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [part for pair in value.items() for part in strings(list(pair))]
    if isinstance(value, list):
        return [part for item in value for part in strings(item)]
    return [value] if isinstance(value, str) else []


@given(st.lists(WORDS | st.sampled_from(["{", "}", ",", ":", "12", "tru", "\\u00"])), PLACES)
def test_what_is_not_json_is_masked_for_every_cut_too(parts: list[str], at: list[int]) -> None:
    text = "".join(parts)
    out = streamed(cut(text, at))
    assert out == streamed([text])
    assert SECRET not in out


MASKED = {
    f'{{"key":"{SECRET}"}}': f'{{"key":"{MASK}"}}',
    f'{{"{SECRET}":1}}': f'{{"{MASK}":1}}',
    '{"k":"\\u0041KIA' + SECRET[4:] + '"}': f'{{"k":"{MASK}"}}',
    json.dumps({"k": KEY_BLOCK}): f'{{"k":"{KEY_MASK}"}}',
    json.dumps({"k": json.dumps({"in": "\x41" + SECRET[1:]})}): json.dumps(
        {"k": json.dumps({"in": MASK}).replace(" ", "")}
    ).replace(": ", ":"),
    f"not json {SECRET}": f"not json {MASK}",
    f"{{oops {SECRET}": f"{{oops {MASK}",
    f'"{SECRET}"': f'"{MASK}"',
    f'{{"cut":"{SECRET}': f'{{"cut":"{MASK}',
}


@pytest.mark.parametrize(("text", "masked"), MASKED.items())
def test_a_secret_is_found_however_json_spells_it(text: str, masked: str) -> None:
    assert streamed(list(text)).replace(": ", ":") == masked


def test_json_within_json_within_json_is_read_with_its_escapes() -> None:
    inner = json.dumps({"a": SECRET}).replace("AKIA", "\\u0041KIA")
    text = json.dumps({"b": json.dumps({"c": inner})})
    out = json.loads(json.loads(json.loads(streamed(list(text)))["b"])["c"])
    assert out == {"a": MASK}


def test_what_needs_no_mask_keeps_its_very_spelling() -> None:
    text = '{"a" : "\\u00e9\\/", "n": 1.50}'
    assert mask_json_text(text, whole) == text


def test_a_tail_is_held_only_while_it_may_be_a_secret() -> None:
    masker = JsonTextMasker(RealMasking().stream)
    assert masker.feed('{"a":"see AKIA') == '{"a":"see '
    assert masker.held == 4
    assert masker.feed('"}') == 'AKIA"}'
    assert masker.held == 0


def test_half_a_surrogate_pair_waits_for_the_other_half() -> None:
    assert streamed(['["\\ud83d', '\\ude00"]']) == '["\\ud83d\\ude00"]'
    masked = streamed(['["\\ud83d', f"\\ude00 {SECRET} \\ud83d", '\\ude00"]'])
    assert masked == f'["\\ud83d\\ude00 {MASK} \U0001f600"]'
    assert streamed(['["\\ud83d', 'x"]']) == '["\N{REPLACEMENT CHARACTER}x"]'


@given(TEXT, PLACES)
def test_a_string_without_findings_keeps_its_very_spelling_for_every_cut(
    text: str, at: list[int]
) -> None:
    spelt = json.dumps({"a": json.dumps([text]), "b": text}).replace("/", "\\/")
    if whole(text) == text:
        assert streamed(cut(spelt, at)) == spelt


def test_a_file_that_looks_like_json_and_holds_a_tab_is_written_as_it_is() -> None:
    text = json.dumps({"file": '{"\t'})
    assert json.loads(streamed([text])) == {"file": '{"\t'}
