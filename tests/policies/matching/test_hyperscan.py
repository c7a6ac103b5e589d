"""Compiled expressions that are kept: found again, never trusted when they are not whole."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

import pytest

from policies.matching import lookups
from policies.matching.hyperscan import PatternDatabase
from policies.matching.matcher import Matcher, Scannable
from policies.matching.target import exact_target
from policies.patterns.words import literal_pattern

EXPRESSIONS = [(at, b"word%d[0-9]{4}" % at) for at in range(40)]
DATA = b"word7123499 word39 0000"


def test_what_was_compiled_once_is_taken_from_the_folder(tmp_path: Path) -> None:
    PatternDatabase(EXPRESSIONS, tmp_path)
    [file] = tmp_path.iterdir()
    other = tmp_path / "other"
    PatternDatabase([(at, b"nothing%d" % at) for at in range(40)], other)
    [of_other] = other.iterdir()
    assert PatternDatabase(EXPRESSIONS, tmp_path).hits(DATA) == [7]
    of_other.replace(file)
    assert PatternDatabase(EXPRESSIONS, tmp_path).hits(DATA) == []


def test_other_expressions_or_numbers_are_another_database(tmp_path: Path) -> None:
    PatternDatabase(EXPRESSIONS, tmp_path)
    renumbered = [(at + 1, expression) for at, expression in EXPRESSIONS]
    assert PatternDatabase(renumbered, tmp_path).hits(DATA) == [8]
    assert len(list(tmp_path.iterdir())) == 2


def test_few_expressions_are_kept_only_under_the_name_of_their_sources(tmp_path: Path) -> None:
    PatternDatabase(EXPRESSIONS[:7], tmp_path / "unnamed")
    assert not (tmp_path / "unnamed").exists()
    PatternDatabase(lambda: EXPRESSIONS[:4], tmp_path, sources=["few"])
    assert len(list(tmp_path.glob("*.db"))) == 1


def test_what_finds_a_secret_value_is_never_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PatternDatabase(EXPRESSIONS, tmp_path / "secret", secret=True)
    assert not (tmp_path / "secret").exists()
    monkeypatch.setattr(lookups, "PatternDatabase", partial(PatternDatabase, kept=tmp_path))
    values = [literal_pattern(f"s3cret-value-{at}") for at in range(40)]
    matcher = Matcher([exact_target("known", value) for value in values])
    assert matcher.hits(Scannable("is s3cret-value-7 here")) == (7,)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 4000])
def test_what_is_not_whole_is_compiled_again(tmp_path: Path, damage: bytes) -> None:
    PatternDatabase(EXPRESSIONS, tmp_path)
    [file] = tmp_path.iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-4000] + damage)
    assert PatternDatabase(EXPRESSIONS, tmp_path).hits(DATA) == [7]
    assert file.read_bytes() == content


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_one_user_compiled_another_takes_from_a_folder_that_it_cannot_write() -> None:
    nobody = 65534
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder)
        kept.chmod(0o755)
        PatternDatabase([(at, b"nothing%d" % at) for at in range(40)], kept / "other")
        PatternDatabase(EXPRESSIONS, kept)
        [of_other] = (kept / "other").iterdir()
        of_other.replace(next(kept.glob("*.db")))
        os.seteuid(nobody)
        try:
            assert PatternDatabase(EXPRESSIONS, kept).hits(DATA) == []
        finally:
            os.seteuid(0)


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert PatternDatabase(EXPRESSIONS, tmp_path / "file").hits(DATA) == [7]


def test_only_some_are_kept_the_oldest_go_first(tmp_path: Path) -> None:
    for at in range(20):
        PatternDatabase([*EXPRESSIONS, (40, b"other%d" % at)], tmp_path)
    assert len(list(tmp_path.iterdir())) == 16


def test_expressions_are_not_made_where_what_they_are_made_of_was_compiled(tmp_path: Path) -> None:
    made: list[str] = []

    def make(word: str) -> list[tuple[int, bytes]]:
        made.append(word)
        return [(at, b"%s%d" % (word.encode(), at)) for at in range(40)]

    for word in ("some", "some", "other"):
        database = PatternDatabase(partial(make, word), tmp_path, [word])
        assert database.hits(word.encode() + b"39")
    assert made == ["some", "other"]
    for file in tmp_path.glob("*.name"):
        file.write_bytes(b"damaged")
    assert PatternDatabase(partial(make, "some"), tmp_path, ["some"]).hits(b"some39")
    assert made == ["some", "other", "some"]
