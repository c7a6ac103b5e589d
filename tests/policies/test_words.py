"""Where a word of a rule stands as a word, in scripts with spaces between words and without."""

from __future__ import annotations

import pytest

from policies.matcher import Matcher, Scannable
from policies.scanner import Plan
from policies.target import Target
from policies.words import word_pattern

FOUND = [
    ("机密", "这是机密文件"),
    ("機密情報", "この機密情報を送る"),
    ("パスワード", "これはパスワードです"),
    ("รหัสผ่าน", "นี่คือรหัสผ่านของฉัน"),
    ("기밀", "회사기밀을 보내"),
    ("production", "请把production删除"),
    ("机密件", "看 机 密 件。"),
    ("секрет", "это секрет!"),
]
OTHERS = [
    ("production", "请把reproduction删除"),
    ("секрет", "засекречено секретно"),
    ("secret", "secretсекрет"),
]


def _found(word: str, text: str) -> tuple[bool, bool]:
    """Tell whether a word is found, in a request and in a stream."""
    target = Target("own", word_pattern(word), words=word)
    whole = Matcher([target]).find(Scannable(text), {0})
    return bool(whole), bool(Plan([target]).find(text))


@pytest.mark.parametrize(("word", "text"), FOUND)
def test_a_word_is_found_where_a_reader_sees_one(word: str, text: str) -> None:
    assert _found(word, text) == (True, True)


@pytest.mark.parametrize(("word", "text"), OTHERS)
def test_a_part_of_a_longer_word_is_none(word: str, text: str) -> None:
    assert _found(word, text) == (False, False)
