"""Compiled expressions that are kept: found again, never trusted when they are not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policies.matching.hyperscan import Database

if TYPE_CHECKING:
    from pathlib import Path

EXPRESSIONS = [(at, b"word%d[0-9]{4}" % at) for at in range(40)]
DATA = b"word7123499 word39 0000"


def test_what_was_compiled_once_is_taken_from_the_folder(tmp_path: Path) -> None:
    Database(EXPRESSIONS, tmp_path)
    [file] = tmp_path.iterdir()
    other = tmp_path / "other"
    Database([(at, b"nothing%d" % at) for at in range(40)], other)
    [of_other] = other.iterdir()
    assert Database(EXPRESSIONS, tmp_path).hits(DATA) == [7]
    of_other.replace(file)
    assert Database(EXPRESSIONS, tmp_path).hits(DATA) == []


def test_other_expressions_or_numbers_are_another_database(tmp_path: Path) -> None:
    Database(EXPRESSIONS, tmp_path)
    renumbered = [(at + 1, expression) for at, expression in EXPRESSIONS]
    assert Database(renumbered, tmp_path).hits(DATA) == [8]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 4000])
def test_what_is_not_whole_is_compiled_again(tmp_path: Path, damage: bytes) -> None:
    Database(EXPRESSIONS, tmp_path)
    [file] = tmp_path.iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-4000] + damage)
    assert Database(EXPRESSIONS, tmp_path).hits(DATA) == [7]
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert Database(EXPRESSIONS, tmp_path / "file").hits(DATA) == [7]


def test_only_some_are_kept_the_oldest_go_first(tmp_path: Path) -> None:
    for at in range(20):
        Database([*EXPRESSIONS, (40, b"other%d" % at)], tmp_path)
    assert len(list(tmp_path.iterdir())) == 16
