"""What it takes to cut a request into passages grows with its size, whatever it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.dense import SHAPES, dense
from policies.evidence import Evidence
from policies.passages.cutter import Cutter
from policies.passages.names import PassageNames

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.passage import PassageKind
    from app.domain.segment import Role
    from policies.compiled_catalog import Catalog

SIZE = 60_000
MOST = 4


class CountingNames(PassageNames):
    """Names that count the characters that they are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def of(self, kind: PassageKind, role: Role, texts: Iterable[str]) -> str:
        given = tuple(texts)
        self.read += sum(map(len, given))
        return super().of(kind, role, given)


@pytest.mark.parametrize("work_by_text", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_character_is_named_a_few_times_at_most(
    production: Catalog, shape: str, *, work_by_text: bool
) -> None:
    [rule] = production.rules
    names = CountingNames()
    facts = dense(shape, SIZE)
    evidence = Evidence(facts, production)
    hits = evidence.all_of(rule)
    cutter = Cutter(facts.prompt, str, names)
    found = cutter.passages(hits, evidence.excerpt, work_by_text=work_by_text)
    assert bool(found) is (shape != "tags that open")
    assert names.read <= MOST * SIZE
