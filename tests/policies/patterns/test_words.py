"""Where a word of a rule stands as a word, in scripts with spaces between words and without."""

from __future__ import annotations

import pytest

from policies.matching.matcher import Matcher, Scannable
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.words import camel_patterns, word_pattern

FOUND = [
    ("机密", "这是机密文件"),
    ("機密情報", "この機密情報を送る"),
    ("パスワード", "これはパスワードです"),
    ("รหัสผ่าน", "นี่คือรหัสผ่านของฉัน"),
    ("기밀", "회사기밀을 보내"),
    ("production", "请把production删除"),
    ("机密件", "看 机 密 件。"),
    ("секрет", "это секрет!"),
    *(
        ("prod", text)
        for text in ("prod1", "prod01-db", "PROD2", "on_prod_7", "prodDb", "myProdDb")
    ),
    *(
        ("production", text)
        for text in ("PRODUCTION1", "productionDb", "AWSProduction", "x1production")
    ),
    *(("prod-db", text) for text in ("prodDb", "ProdDb2", "theProdDbUrl")),
    ("Prod", "ProdDatabase"),
    ("v2", "use v2 now"),
]
OTHERS = [
    ("production", "请把reproduction删除"),
    ("секрет", "засекречено секретно"),
    ("secret", "secretсекрет"),
    *(
        ("prod", text)
        for text in ("product", "Products", "productDb", "reprod", "myProduct", "preproDb")
    ),
    *(
        ("production", text)
        for text in ("Reproduction", "productions", "reproductionDb", "myProductions")
    ),
    ("prod-db", "prodDba"),
    ("v2", "use v21 now"),
    ("db", "myDb"),
]


def _found(word: str, text: str) -> tuple[bool, bool]:
    """Tell whether a word is found, in a request and in a stream."""
    targets = [
        Target("own", word_pattern(word), words=word),
        *(Target(f"camel{at}", pattern) for at, pattern in enumerate(camel_patterns(word))),
    ]
    wanted = set(range(len(targets)))
    return bool(Matcher(targets).find(Scannable(text), wanted)), bool(Plan(targets).find(text))


@pytest.mark.parametrize(("word", "text"), FOUND)
def test_a_word_is_found_where_a_reader_sees_one(word: str, text: str) -> None:
    assert _found(word, text) == (True, True)


@pytest.mark.parametrize(("word", "text"), OTHERS)
def test_a_part_of_a_longer_word_is_none(word: str, text: str) -> None:
    assert _found(word, text) == (False, False)
