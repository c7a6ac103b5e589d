"""A request is masked alike whether all its texts are searched or those with a finding."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.segment import Facts, Prompt, Role, Segment
from policies.decide import examine
from policies.evidence import Evidence
from policies.matching.findings import Finder, Inspected
from policies.matching.matcher import Matcher
from policies.matching.target import Target
from policies.passages.names import UNKEYED
from policies.patterns.pattern import parse
from policies.request_mask import RequestMask
from tests.policies.made import ALICE

if TYPE_CHECKING:
    import pytest

    from policies.compiled_catalog import Catalog

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
PARTS = [
    "deploy ",
    "password = 'Xk93!!mmPq0zT'",
    " Xk93!!mmPq0zT ",
    "AKIAIOSFODNN7EXAMPLE",
    "AKIA\u200bIOSFODNN7EXAMPLE",
    "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=",
    "maria@acme.example ",
    "to production\n",
]
texts = st.lists(st.lists(st.sampled_from(PARTS), max_size=4).map("".join), max_size=6)
roles = st.sampled_from(Role)


@settings(max_examples=200, deadline=None)
@given(said=texts, role=roles)
def test_what_is_masked_does_not_depend_on_where_it_was_looked_for(
    shipped: Catalog, said: list[str], role: Role
) -> None:
    segments = tuple(Segment(text, role, f"/messages/{at}") for at, text in enumerate(said))
    facts = Facts("openai", "POST", "v1/chat/completions", "", Prompt(segments), 1)
    verdict, mask = examine(facts, ALICE, shipped, NOW, UNKEYED)
    everywhere = shipped.request_mask(verdict, facts)
    for text in said:
        assert (mask or str)(text) == everywhere(text)
    assert (mask.known.labels if mask else ()) == everywhere.known.labels


def test_only_texts_in_which_something_was_found_are_searched_again() -> None:
    found, harmless = "key AKIAIOSFODNN7EXAMPLE", "hello"
    target = Target("key", parse("AKIA[0-9A-Z]{16}"))
    finder = Finder([Matcher([target])], [target])
    searched: list[str] = []

    def inspect(*texts: str) -> Inspected:
        searched.extend(texts)
        return Inspected(*texts)

    mask = RequestMask(finder, lambda _: "[key]", (harmless, found), {found}, inspect)
    assert searched == [found]
    assert (mask(found), mask(harmless)) == ("key [key]", harmless)


def test_a_catalog_searches_no_text_again_in_which_nothing_was_found(
    shipped: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, harmless = "key AKIAIOSFODNN7EXAMPLE", [f"hello {number}" for number in range(9)]
    searched: list[str] = []

    class Counted(Evidence):
        def inspected(self, *texts: str) -> Inspected:
            searched.extend(texts)
            return super().inspected(*texts)

    monkeypatch.setattr("policies.decide.Evidence", Counted)
    said = (*harmless, found, *harmless)
    segments = tuple(Segment(text, Role.USER, f"/messages/{at}") for at, text in enumerate(said))
    facts = Facts("openai", "POST", "v1/chat/completions", "", Prompt(segments), 1)
    _, mask = examine(facts, ALICE, shipped, NOW, UNKEYED)
    assert mask is not None
    assert searched == [found]
