"""The arguments of calls, decoded and written again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.calls.arguments import Arguments, TooDeep, unquoted
from policies.calls.places import under
from policies.calls.tools import fits

if TYPE_CHECKING:
    import random

TEXTS = st.text(max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def _shuffled(value: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        members = list(value.items())
        chance.shuffle(members)
        return {name: _shuffled(child, chance) for name, child in members}
    return [_shuffled(item, chance) for item in value] if isinstance(value, list) else value


@given(OBJECTS, st.randoms(use_true_random=False), st.sampled_from([None, 1, 4]))
def test_the_canonical_form_depends_on_no_order_blank_or_escape(
    value: dict[str, Any],
    chance: random.Random,
    indent: int | None,
) -> None:
    other = json.dumps(_shuffled(value, chance), ensure_ascii=indent is None, indent=indent)
    canonical = Arguments(json.dumps(value)).canonical
    assert Arguments(other).canonical == canonical
    assert Arguments(canonical).canonical == canonical


@given(OBJECTS, OBJECTS)
def test_different_arguments_differ_in_canonical_form(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    canonical = (Arguments(json.dumps(each)).canonical for each in (one, other))
    assert (next(canonical) == next(canonical)) == same


@given(OBJECTS)
def test_rewriting_changes_strings_alone(value: dict[str, Any]) -> None:
    written = Arguments(json.dumps(value)).rewritten(lambda _place, text: f'<"{text}\\>')

    def expected(each: Any) -> Any:  # noqa: ANN401 - any JSON
        match each:
            case dict():
                return {name: expected(child) for name, child in each.items()}
            case list():
                return [expected(item) for item in each]
            case str():
                return f'<"{each}\\>'
            case _:
                return each

    assert json.loads(written) == expected(value)


@given(OBJECTS)
def test_each_string_number_and_name_is_seen(value: dict[str, Any]) -> None:
    seen = {leaf.text for leaf in Arguments(json.dumps(value)).leaves}

    def texts(each: Any) -> set[str]:  # noqa: ANN401 - any JSON
        match each:
            case dict():
                return set(each).union(*map(texts, each.values()))
            case list():
                return set().union(*map(texts, each))
            case bool() | None:
                return set()
            case _:
                return {each if isinstance(each, str) else json.dumps(each)}

    in_lists = {word for text in seen for word in text.split(", ")}
    assert texts(value) - {""} <= seen | in_lists


def test_numbers_of_a_list_are_one_text() -> None:
    leaves = Arguments('{"card": [4111, "x", 1111, {"n": 1}]}').leaves
    assert ("4111, 1111", "card") in [(leaf.text, leaf.place) for leaf in leaves]


def test_a_name_does_not_stand_in_the_places_of_all_its_members() -> None:
    name = "a" * 10_000
    arguments = Arguments(json.dumps({name: {"b": {"c": "x"}}}))
    assert max(len(leaf.place) for leaf in arguments.leaves) < 1000
    assert all(under(["command"])(leaf.place) for leaf in arguments.leaves if leaf.text == "x")


@given(st.text(max_size=40))
def test_any_text_can_be_read_and_written_again(raw: str) -> None:
    arguments = Arguments(raw)
    again = arguments.rewritten(lambda _place, text: text)
    assert Arguments(again).canonical == arguments.canonical


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ('{"b": 1.50, "a": 12345678901234567890123}', '{"a":12345678901234567890123,"b":1.50}'),
        ('{"a": 1, "a": 2}', '{"a":1,"a":2}'),
        ('{"a": "\\ud800"}', '{"a":"\\ud800"}'),
        ('{"a": "line\nline"}', '{"a":"line\\nline"}'),
        ("*** Begin Patch\n", "*** Begin Patch\n"),
        ('{"a": ', '{"a": '),
        ("", ""),
        ("null", "null"),
    ],
)
def test_what_is_odd_keeps_what_it_says(raw: str, canonical: str) -> None:
    assert Arguments(raw).canonical == canonical


def test_members_named_twice_are_told() -> None:
    assert Arguments('{"a": {"b": 1, "b": 2}}').is_ambiguous
    assert Arguments(json.dumps({"a": '{"b": 1, "b": 2}'})).is_ambiguous
    assert not Arguments('{"a": {"b": 1}, "b": 2}').is_ambiguous


@pytest.mark.parametrize("depth", [64, 65])
def test_levels_count_through_strings(depth: int) -> None:
    inner = "[" * (depth - 1) + "]" * (depth - 1)
    if depth > 64:
        with pytest.raises(TooDeep):
            Arguments(json.dumps({"a": inner}))
    else:
        Arguments(json.dumps({"a": inner}))


@pytest.mark.parametrize(
    ("command", "read"),
    [
        ("rm -rf x", "rm -rf x"),
        ("r''m \"-rf\" 'x'", "rm -rf x"),
        ("\\rm -r\\f x", "rm -rf x"),
        ("rm \\\n-rf x", "rm -rf x"),
        ("rm$IFS-rf${IFS}x", "rm -rf x"),
        ("rm$IFS$9-rf x", "rm -rf x"),
        ("{rm,-rf,x}", "rm -rf x"),
        ("$'rm' -rf x", "rm -rf x"),
        ("$'\\x72\\155\\u0020-rf' x", "rm -rf x"),
        ("$'rm\\t-rf\\n'x", "rm\t-rf\nx"),
        ("echo ${HOME}", "echo ${HOME}"),
    ],
)
def test_a_command_is_read_as_a_shell_reads_its_words(command: str, read: str) -> None:
    assert unquoted(command) == read


@pytest.mark.parametrize(
    ("path", "place", "is_under"),
    [
        ("command", "command", True),
        ("command", "command.2", True),
        ("command", "commands", False),
        ("command", "a.command", False),
        ("edits.*.new", "edits.0.new", True),
        ("edits.*.new", "edits.0.1.new", False),
        ("edits.*.new", "edits.new", False),
        ("*.new_*", "a.new_string", True),
        ("a(b", "a(b", True),
        ("file?", "file", False),
    ],
)
def test_a_path_is_followed_step_by_step(path: str, place: str, *, is_under: bool) -> None:
    assert under([path])(place) is is_under


@pytest.mark.parametrize(
    ("names", "tool", "is_one"),
    [
        (["@shell"], "Bash", True),
        (["@shell"], "exec_command", True),
        (["@shell"], "run_shell_command", True),
        (["@shell"], "Read", False),
        (["@write"], "apply_patch", True),
        (["@network"], "webfetch", True),
        (["@mcp"], "mcp__github__create_issue", True),
        (["mcp__*"], "mcp__a/b__c", True),
        (["Bash"], "BASH", True),
        (["Bash"], "Bash2", False),
        (None, "anything", True),
    ],
)
def test_a_tool_is_known_by_name_glob_or_group(
    names: list[str] | None, tool: str, *, is_one: bool
) -> None:
    assert fits(names)(tool) is is_one
