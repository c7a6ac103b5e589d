"""What docs/evasion.md says of tool calls: each of its examples is tried."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policies.loader import load_catalog
from tests.policies.calls.made import judged, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.compiled_catalog import Catalog

PAGE = (Path(__file__).parents[3] / "docs" / "evasion.md").read_text(encoding="utf-8")
COMMAND, FILE = "in a command", "in a file that is written"
ROWS = {COMMAND: {"seen": 12, "not seen": 7}, FILE: {"seen": 8, "not seen": 2}}
ANYWHERE = rule(
    '{name: ["@shell", "@write"], arguments: {regex: [\'\\brm\\s{1,4}-rf\\s{1,4}/home\\b\']}}',
    more='  examples: {match: ["rm -rf /home"], skip: ["rm home"]}\n',
)


def examples(heading: str) -> list[str]:
    """Return the second column of the table with this heading."""
    _, table = PAGE.split(f"| {heading} | for example |\n|---|---|\n")
    cells = re.findall(r"^\|.*?[^\\]\| `(.+)` \|$", table.split("\n\n")[0], re.MULTILINE)
    return [cell.replace("\\|", "|") for cell in cells]


CASES = [
    pytest.param(place, seen == "seen", example, id=f"{seen} {place}: {example}")
    for place, counts in ROWS.items()
    for seen in counts
    for example in examples(f"{seen} {place}")
]


@pytest.fixture
def anywhere(write: Callable[..., Path]) -> Catalog:
    """A rule that looks at all texts of a call."""
    return load_catalog(write(ANYWHERE))


@pytest.mark.parametrize(("place", "is_seen", "example"), CASES)
def test_what_the_page_says_of_a_call_is_so(
    shipped: Catalog, anywhere: Catalog, place: str, *, is_seen: bool, example: str
) -> None:
    if place == COMMAND:
        fired = judged(shipped, "Bash", {"command": example}).verdict.fired
        assert ("destructive-commands" in {one.rule for one in fired}) == is_seen
    else:
        tool, _, arguments = example.partition(" ")
        fired = judged(anywhere, tool, json.loads(arguments)).verdict.fired
        assert bool(fired) == is_seen


@pytest.mark.parametrize("place", ROWS)
def test_the_tables_are_read_whole(place: str) -> None:
    assert {seen: len(examples(f"{seen} {place}")) for seen in ROWS[place]} == ROWS[place]
