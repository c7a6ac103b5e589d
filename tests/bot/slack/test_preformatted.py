"""A command is shown sign for sign: nothing in it acts, and nothing in it hides."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import text
from bot.slack.preformatted import block, folded, pieces, revealed

outside = st.text(max_size=400) | st.lists(
    st.sampled_from(["\u202e", "\u200b", " ", "\n", "\t", "\ufe0f", "a", "⚠", "\ud800", "\u00a0"])
).map("".join)


@given(outside)
def test_every_sign_is_one_that_shows(raw: str) -> None:
    shown = revealed(raw).text
    shown.encode()
    for at, char in enumerate(shown):
        assert char in "\n " or not text.is_invisible(char)
        assert char == " " or unicodedata.category(char) not in ("Zs", "Zl", "Zp")
        if char == "\ufe0f":
            assert unicodedata.category(shown[at - 1]) in ("So", "Sm", "Sk")


@pytest.mark.parametrize(
    ("raw", "shown", "hidden"),
    [
        ("rm -rf `pwd` && echo '*_~<!channel>'", "rm -rf `pwd` && echo '*_~<!channel>'", False),
        ("a\tb\r\nc", "a    b\nc", False),
        ("ls \u202e# fr- mr", "ls ⟨U+202E⟩# fr- mr", True),
        ("zero\u200bwidth", "zero⟨U+200B⟩width", True),
        ("one\rtwo", "one⟨U+000D⟩two", True),
        ("no\u00a0break", "no⟨U+00A0⟩break", True),
        ("a\U000e0141\ufe01\ufe02", "a⟨U+E0141⟩⟨U+FE01⟩⟨U+FE02⟩", True),
        ("\ufe0fa", "⟨U+FE0F⟩a", True),
        ("⚠\ufe0f Straße 日本", "⚠\ufe0f Straße 日本", False),
        (f"ls{' ' * 90}; rm -rf /", "ls⟨90 blanks⟩; rm -rf /", False),
        (f"{' ' * 90}deep", f"{' ' * 90}deep", False),
        ("ls" + "\n" * 30 + "rm", "ls\n⟨29 empty lines⟩\nrm", False),
    ],
    ids=range(12),
)
def test_what_would_hide_is_spelled_out(raw: str, shown: str, *, hidden: bool) -> None:
    found = revealed(raw)
    assert (found.text, found.hidden) == (shown, hidden)


@given(outside, st.integers(min_value=1, max_value=14))
def test_a_fold_shows_the_beginning_and_says_what_is_left_out(raw: str, rows: int) -> None:
    shown = folded(raw, rows)
    assert len(shown.text.split("\n")) <= rows
    if not shown.left:
        assert shown.text == raw
    else:
        assert raw.startswith(shown.text.removesuffix("…"))


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        ("\n".join("a" * 12), ""),
        ("\n".join("a" * 13), "1 more line"),
        ("\n".join("a" * 42), "30 more lines"),
        ("x" * 960, ""),
        ("x" * 1961, "1,001 more characters"),
        ("\n".join(["a"] * 11 + ["x" * 100]), "20 more characters"),
        ("x" * 1000 + "\nb", "1 more line"),
    ],
    ids=range(7),
)
def test_twelve_rows_are_shown(raw: str, left: str) -> None:
    assert folded(raw, 12).left == left


@given(st.text(alphabet="ab \n", max_size=300), st.integers(min_value=1, max_value=40))
def test_pieces_lose_nothing_but_the_ends_of_lines_between_them(raw: str, size: int) -> None:
    cut = list(pieces(raw, size))
    assert all(len(piece) <= size for piece in cut)
    assert "".join(cut).replace("\n", "") == raw.replace("\n", "")


def test_a_text_of_blanks_is_no_empty_block() -> None:
    assert "(nothing)" in str(block(" \n"))
