from __future__ import annotations

import hashlib

import pytest

from app.audit.passages import told, within

NAMES = [hashlib.sha256(bytes([number])).hexdigest() for number in range(80)]
FEW, MORE = NAMES[:3], NAMES[:64]
MANY, OTHERS = NAMES[:65], NAMES[1:66]


def test_the_same_passages_are_told_of_in_the_same_way() -> None:
    assert told([*FEW[::-1], FEW[0]]) == told(FEW)
    assert told([]) == ""
    assert len(told(MANY)) < len(told(FEW))


@pytest.mark.parametrize(
    ("used", "given", "found"),
    [
        (FEW, MORE, True),
        (MORE, FEW, False),
        (MANY, MANY, True),
        (MANY, MORE, False),
        (FEW, MANY, None),
        (MANY, OTHERS, None),
        ([], FEW, None),
        (FEW, [], None),
    ],
    ids=["few", "more", "same", "many of more", "few of many", "many", "nothing", "of nothing"],
)
def test_passages_are_among_others_where_that_can_be_seen(
    used: list[str], given: list[str], found: object
) -> None:
    assert within(told(used), told(given)) is found
