"""The threat model names real tests, and leaves no promise out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "threat-model.md"
TEXT = DOCUMENT.read_text()
ROWS = re.findall(r"^\| (\d+) \|(.*)\|$", TEXT, re.MULTILINE)
PROOFS = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)


@cache
def defined_in(path: str) -> frozenset[str]:
    """Return the tests that a file defines; none where there is no such file."""
    if not (ROOT / path).is_file():
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = ast.parse((ROOT / path).read_text()).body
    return frozenset(node.name for node in defined if isinstance(node, functions))


@pytest.mark.parametrize(("path", "name"), sorted(set(PROOFS)))
def test_every_test_that_the_document_names_exists(path: str, name: str) -> None:
    assert name in defined_in(path)


def test_every_proof_is_written_so_that_it_is_checked() -> None:
    assert len(PROOFS) == TEXT.count("::")


def test_each_of_the_promises_stands_in_its_place() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) >= 43


@pytest.mark.parametrize(("number", "row"), ROWS)
def test_each_promise_names_threat_treatment_and_proof(number: str, row: str) -> None:
    threat, treatment, proof = (cell.strip() for cell in row.split(" | "))
    assert threat, number
    assert treatment, number
    assert re.search(r"`tests/.+::test_", proof), number


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_every_link_leads_somewhere(target: str) -> None:
    name, _, place = target.partition("#")
    text = (DOCUMENT.parent / (name or DOCUMENT.name)).read_text()
    assert not place or place in map(anchor, re.findall(r"^#+ (.+)$", text, re.MULTILINE))


def anchor(title: str) -> str:
    """Return the anchor that a heading gets: lower case, words joined by hyphens."""
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))
