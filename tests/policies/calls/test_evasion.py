"""What docs/evasion.md says of tool calls: each of its commands is tried."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.policies.calls.made import judged

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog

PAGE = (Path(__file__).parents[3] / "docs" / "evasion.md").read_text(encoding="utf-8")


def examples(heading: str) -> list[str]:
    """Return the second column of the table with this heading."""
    _, table = PAGE.split(f"| {heading} | for example |\n|---|---|\n")
    cells = re.findall(r"^\|.*?[^\\]\| `(.+)` \|$", table.split("\n\n")[0], re.MULTILINE)
    return [cell.replace("\\|", "|") for cell in cells]


def fires(catalog: Catalog, command: str) -> bool:
    verdict = judged(catalog, "Bash", {"command": command}).verdict
    return "destructive-commands" in {fired.rule for fired in verdict.fired}


@pytest.mark.parametrize("command", examples("seen in a command"))
def test_what_the_page_says_is_seen_fires(shipped: Catalog, command: str) -> None:
    assert fires(shipped, command)


@pytest.mark.parametrize("command", examples("not seen in a command"))
def test_what_the_page_says_is_not_seen_does_not_fire(shipped: Catalog, command: str) -> None:
    assert not fires(shipped, command)


def test_the_tables_are_read_whole() -> None:
    assert len(examples("seen in a command")) == 9
    assert len(examples("not seen in a command")) == 6
