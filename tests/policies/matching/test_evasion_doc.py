"""The tables of docs/evasion.md say what is read and what is not: each example is tried."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.domain.verdict import Action
from policies.decide import decide
from tests.policies.made import ALICE, facts

if TYPE_CHECKING:
    from datetime import datetime

    from policies.compiled_catalog import Catalog

PAGE = (Path(__file__).parents[3] / "docs" / "evasion.md").read_text(encoding="utf-8")


def examples(heading: str) -> list[str]:
    """Return the second column of the table with this heading."""
    _, table = PAGE.split(f"| {heading} | for example |\n|---|---|\n")
    return re.findall(r"^\|.*\| `(.+)` \|$", table.split("\n\n")[0], re.MULTILINE)


READ, NOT_READ = examples("read"), examples("not read")


def action(catalog: Catalog, now: datetime, text: str) -> Action:
    return decide(facts(f"this is {text} then"), ALICE, catalog, now).action


@pytest.mark.parametrize("text", READ)
def test_what_the_page_says_is_read_is_held_or_masked(
    shipped: Catalog, now: datetime, text: str
) -> None:
    assert action(shipped, now, text) in {Action.HOLD, Action.MASK}


@pytest.mark.parametrize("text", NOT_READ)
def test_what_the_page_says_is_not_read_passes(shipped: Catalog, now: datetime, text: str) -> None:
    assert action(shipped, now, text) is Action.ALLOW


def test_each_row_of_both_tables_is_tried() -> None:
    tables = PAGE.split("### Examples")[1].split("\n## ")[0]
    rows = [line for line in tables.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) == len(READ) + len(NOT_READ) >= 45
