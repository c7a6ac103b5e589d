"""A change keeps all else in a file, and undoing it restores the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workstation.configuration.edits import EDITORS, Format, Setting, SettingsChange, edited
from workstation.configuration.faults import Unreadable
from workstation.configuration.traces import changed, undone

NAMES = st.sampled_from(["env", "model", "a b", "//", "ünï", "hooks", 'quo"te', "x"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "// no", "/*", "é\\"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3)
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
BLANKS = st.sampled_from(
    ["", " ", "\n", "\r\n  ", "\t", " // a note: {,}\n", "/* one\n two */", "\n\n    "]
)


@st.composite
def jsonc(draw: st.DrawFn) -> str:
    """Draw a file as people write it: notes, odd blanks, commas behind the last member."""

    def spell(value: object) -> str:
        if isinstance(value, dict):
            members = [f"{gap()}{json.dumps(k)}{gap()}:{spell(v)}" for k, v in value.items()]
            return gap() + "{" + ",".join(members) + last(members) + gap() + "}" + gap()
        if isinstance(value, list):
            items = [spell(item) for item in value]
            return gap() + "[" + ",".join(items) + last(items) + gap() + "]" + gap()
        return gap() + json.dumps(value, ensure_ascii=draw(st.booleans())) + gap()

    def gap() -> str:
        return draw(BLANKS)

    def last(items: list[str]) -> str:
        return draw(st.sampled_from(["", ","])) if items else ""

    return draw(st.sampled_from(["", "\ufeff"])) + spell(draw(OBJECTS))


TOML = st.sampled_from(
    [
        "",
        "# a note\nmodel = 'x' # why\n\n[a.b]\nc = 1\n",
        '[profiles.x]\r\nmodel = "y"\r\n',
        "env = { a = 1, b = [1, 2] }\n[[hooks]]\nx = 1\n[[hooks]]\nx = 2",
        'a.b.c = "dotted"\n\n\n[env]\n# nothing\n',
        "[x]\n[x.y]\nwhen = 2026-11-29T10:00:00Z\n\n[z]\n",
    ]
)
VARIABLES = st.sampled_from(
    ["", "A=1\n# note\nexport B='two'", "\r\nx = 3\r\n", "model=\n\nenv=1\n"]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str | None, SettingsChange]:
    """Draw a file, or none, and a change that can be made to it."""
    format_ = draw(st.sampled_from([Format.JSONC, Format.TOML, Format.VARIABLES]))
    text = {Format.JSONC: jsonc(), Format.TOML: TOML, Format.VARIABLES: VARIABLES}[format_]
    if format_ is Format.VARIABLES:
        paths, values = (
            st.sampled_from([("A",), ("x",), ("env",), ("NEW",)]),
            st.sampled_from(["1", ""]),
        )
    elif format_ is Format.TOML:
        paths, values = PATHS, st.sampled_from(["v", 1, True])
    else:
        paths, values = PATHS, VALUES
    settings = draw(st.lists(st.builds(Setting, paths, values), min_size=1, max_size=3))
    each = [setting.path for setting in settings]
    assume(not any(a == b[: len(a)] for n, a in enumerate(each) for b in each[:n] + each[n + 1 :]))
    change = SettingsChange(Path("f"), format_, tuple(settings))
    found = draw(st.none() | text)
    try:
        edited(found or "", change)
    except Unreadable:
        assume(False)
    return found, change


@given(cases())
def test_undoing_restores_the_bytes(case: tuple[str | None, SettingsChange]) -> None:
    text, change = case
    then, trace = changed(text, change, None)
    assert changed(then, change, trace) == (then, trace)
    if trace is None:
        assert then == text
    else:
        assert undone(then, trace).text == text


@given(cases(), st.data())
def test_a_second_change_undoes_to_before_the_first(
    case: tuple[str | None, SettingsChange], data: st.DataObject
) -> None:
    text, change = case
    then, trace = changed(text, change, None)
    others = tuple(Setting(setting.path, "other") for setting in change.settings)
    second = SettingsChange(change.file, change.format, others)
    try:
        again, trace = changed(then, second, trace)
    except Unreadable:
        assume(False)
    assert trace is not None
    assert undone(again, trace).text == text


@given(cases())
def test_what_a_user_changed_since_stays(case: tuple[str | None, SettingsChange]) -> None:
    text, change = case
    then, trace = changed(text, change, None)
    assume(trace is not None and then is not None)
    assert trace is not None
    assert then is not None
    editor = EDITORS[change.format]
    try:
        theirs = editor.put(then, ("theirs",), "kept")
    except Unreadable:
        assume(False)
    back = undone(theirs, trace)
    assert back.kept == ()
    expected = {**editor.parse(text or ""), "theirs": "kept"}
    assert editor.parse(back.text or "") == expected


@given(cases())
def test_settings_are_taken_back_one_by_one_where_a_user_wrote_a_note(
    case: tuple[str | None, SettingsChange],
) -> None:
    text, change = case
    then, trace = changed(text, change, None)
    assume(trace is not None)
    assert trace is not None
    editor = EDITORS[change.format]
    note = "// mine" if change.format is Format.JSONC else "# mine"
    theirs = f"{note}\n{then}"
    assert changed(theirs, change, trace) == (theirs, trace)
    back = undone(theirs, trace)
    assert back.kept == ()
    assert editor.parse(back.text or "") == editor.parse(text or "")


def test_a_setting_that_a_user_changed_since_is_theirs() -> None:
    change = SettingsChange(
        Path("f"), Format.JSONC, (Setting(("env", "URL"), "ours"), Setting(("key",), "ours"))
    )
    then, trace = changed('{"env": {"A": "1"}}', change, None)
    assert trace is not None
    assert then is not None
    back = undone(then.replace('"key": "ours"', '"key": "theirs"'), trace)
    assert back.kept == ("key",)
    assert json.loads(back.text or "") == {"env": {"A": "1"}, "key": "theirs"}


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (Format.JSONC, '{"a": 1'),
        (Format.JSONC, '{"a": 1} {}'),
        (Format.JSONC, "[]"),
        (Format.JSONC, '{"a": 1, "a": 2}'),
        (Format.JSONC, "{'a': 1}"),
        (Format.JSONC, '{"key": "not an object"}'),
        (Format.JSON, '{"a": 1} // a note'),
        (Format.TOML, "a = "),
        (Format.TOML, "a = 1\na = 2\n"),
        (Format.TOML, 'key = "not a table"'),
    ],
)
def test_what_cannot_be_read_is_not_changed(format_: Format, text: str) -> None:
    with pytest.raises(Unreadable):
        changed(text, SettingsChange(Path("f"), format_, (Setting(("key", "x"), "y"),)), None)
