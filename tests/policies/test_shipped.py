"""The shipped detectors, which are kept: as they are in their files, whatever became of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policies.detectors import make_target
from policies.matching.target import LateTarget, Target
from policies.patterns.pattern import parse
from policies.shipped import read_shipped

if TYPE_CHECKING:
    from pathlib import Path

    from policies.shipped import ShippedDetectors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def first(folder: Path) -> ShippedDetectors:
    return read_shipped(folder)


def test_what_is_kept_is_what_the_files_say(folder: Path, first: ShippedDetectors) -> None:
    [file] = folder.iterdir()
    kept = read_shipped(folder)
    assert kept.contents == first.contents
    assert [each.spec for each in kept.made] == [each.spec for each in first.made]
    for each in kept.made:
        late, made = each.detector.target, make_target(each.spec, each.kind)
        assert isinstance(late, LateTarget)
        for name in ("openings", "not_before", "held", "checked", "nodes", "not_after", "words"):
            assert getattr(late, name) == getattr(made, name), (each.spec.id, name)
        assert (late.context is None) == (made.context is None) == (not each.spec.in_context)
    assert list(folder.iterdir()) == [file]


@pytest.mark.usefixtures("first")
def test_openings_that_are_kept_are_not_looked_for_again(folder: Path) -> None:
    for late in [each.detector.target for each in read_shipped(folder).made]:
        kept = late.openings
        assert late.value
        assert late.openings is kept


def test_what_is_damaged_is_read_from_the_files(folder: Path, first: ShippedDetectors) -> None:
    [file] = folder.iterdir()
    content = file.read_bytes()
    file.write_bytes(content.replace(b"AKIA", b"BKIA", 1))
    assert read_shipped(folder).contents == first.contents
    assert file.read_bytes() == content


def test_a_late_target_is_made_once_and_only_for_what_a_target_has() -> None:
    made: list[Target] = []

    def make() -> Target:
        made.append(Target("own", parse("abc[0-9]{3}")))
        return made[-1]

    sets = Target("own", parse("abc[0-9]{3}"))
    late = LateTarget(
        "own", "x", make, openings=sets.openings, not_before=sets.not_before, held=sets.held
    )
    assert not hasattr(late, "__setstate__")
    assert not made
    assert late.value is late.value
    assert len(made) == 1
    assert (late.id, late.source) == ("own", "x")
