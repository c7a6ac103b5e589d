"""Compiled expressions that are kept: found again, never trusted when they are not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hyperscan
import pytest

from policies.database import compiled

if TYPE_CHECKING:
    from pathlib import Path

EXPRESSIONS = [(at, b"word%d[0-9]{4}" % at) for at in range(40)]


def hits(found: hyperscan.Database, data: bytes = b"word7123499 word39 0000") -> list[int]:
    seen: list[int] = []

    def note(number: int, *_: object) -> None:
        seen.append(number)

    found.scan(data, match_event_handler=note, scratch=hyperscan.Scratch(found))
    return seen


def test_what_was_compiled_once_is_taken_from_the_folder(tmp_path: Path) -> None:
    compiled(EXPRESSIONS, tmp_path)
    [file] = tmp_path.iterdir()
    other = tmp_path / "other"
    compiled([(at, b"nothing%d" % at) for at in range(40)], other)
    [of_other] = other.iterdir()
    assert hits(compiled(EXPRESSIONS, tmp_path)) == [7]
    of_other.replace(file)
    assert hits(compiled(EXPRESSIONS, tmp_path)) == []


def test_other_expressions_or_numbers_are_another_database(tmp_path: Path) -> None:
    compiled(EXPRESSIONS, tmp_path)
    renumbered = [(at + 1, expression) for at, expression in EXPRESSIONS]
    assert hits(compiled(renumbered, tmp_path)) == [8]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 4000])
def test_what_is_not_whole_is_compiled_again(tmp_path: Path, damage: bytes) -> None:
    compiled(EXPRESSIONS, tmp_path)
    [file] = tmp_path.iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-4000] + damage)
    assert hits(compiled(EXPRESSIONS, tmp_path)) == [7]
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert hits(compiled(EXPRESSIONS, tmp_path / "file")) == [7]


def test_only_some_are_kept_the_oldest_go_first(tmp_path: Path) -> None:
    for at in range(20):
        compiled([*EXPRESSIONS, (40, b"other%d" % at)], tmp_path)
    assert len(list(tmp_path.iterdir())) == 16
