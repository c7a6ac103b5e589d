"""Places as numbers are those of RE2's own match objects."""

from __future__ import annotations

import random

import pytest
import re2  # type: ignore[import-untyped]

from policies.patterns.places import NOWHERE, first, places

EXPRESSIONS = [rb"a+", rb"(a)|(b+c?)|x(a|b)", rb"\b(?:ab|c)+", rb"a[^b]*b"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_places_are_those_of_match_objects(expression: bytes) -> None:
    compiled, chance = re2.compile(expression), random.Random(1)  # noqa: S311
    for _ in range(300):
        data = bytes(chance.choices(b"abcx \n\xff", k=chance.randrange(30)))
        at = chance.randrange(31)
        hits = list(compiled.finditer(data, at)) if at <= len(data) else []
        groups = range(compiled.groups + 1)
        assert list(places(compiled, data, at)) == [[h.span(each) for each in groups] for h in hits]
        assert first(compiled, data, at) == (hits[0].span() if hits else NOWHERE)
