"""What other readings of a text see is redacted too, and changes nothing that the text shows."""

from __future__ import annotations

import pytest

from policies.matching.redactions import Redaction, extended, joined
from policies.matching.target import Target
from policies.patterns.pattern import parse

PLAIN = Target("plain", parse("plain"))
OTHER = Target("other", parse("other"))
TEXT = "0123456789 `~* 0123456789"


def shown(redactions: list[Redaction]) -> list[tuple[int, int, str]]:
    return [(redaction.start, redaction.end, redaction.target.id) for redaction in redactions]


def test_what_overlaps_is_one_by_the_name_of_the_first() -> None:
    redactions = [
        Redaction(0, 4, PLAIN),
        Redaction(2, 3, OTHER),
        Redaction(3, 6, OTHER),
        Redaction(6, 8, OTHER),
    ]
    assert shown(joined(redactions)) == [(0, 6, "plain"), (6, 8, "other")]


@pytest.mark.parametrize(
    ("plain", "other", "expected"),
    [
        pytest.param([(2, 6)], [(2, 6)], [(2, 6, "plain")], id="the same"),
        pytest.param([(2, 6)], [(3, 5)], [(2, 6, "plain")], id="within"),
        pytest.param([(2, 4), (4, 6)], [(2, 6)], [(2, 4, "plain"), (4, 6, "plain")], id="two"),
        pytest.param([(2, 6)], [(4, 9)], [(2, 9, "plain")], id="longer at the end"),
        pytest.param([(2, 6)], [(0, 4)], [(0, 6, "plain")], id="longer at the beginning"),
        pytest.param([(0, 2), (4, 6)], [(1, 5)], [(0, 6, "plain")], id="between two"),
        pytest.param([(0, 2)], [(6, 9)], [(0, 2, "plain"), (6, 9, "other")], id="elsewhere"),
        pytest.param([], [(5, 8), (7, 9)], [(5, 9, "other")], id="alone"),
        pytest.param([(2, 10)], [(5, 15)], [(2, 10, "plain")], id="only markup beyond it"),
        pytest.param([], [(10, 15)], [], id="only markup"),
    ],
)
def test_another_reading_adds_what_it_alone_sees(
    plain: list[tuple[int, int]],
    other: list[tuple[int, int]],
    expected: list[tuple[int, int, str]],
) -> None:
    redactions = [Redaction(start, end, PLAIN) for start, end in plain]
    others = [Redaction(start, end, OTHER) for start, end in other]
    assert shown(extended(redactions, others, TEXT)) == expected
