"""The pinned files: what production installs is what is tested, by its digest."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PRODUCTION = (ROOT / "requirements.txt").read_text().replace("\\\n", "").splitlines()
TESTED = (ROOT / "constraints.txt").read_text().splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(lines: list[str]) -> dict[str, str]:
    found = [Requirement(line.partition("--hash")[0]) for line in lines]
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in found}


def test_production_installs_the_versions_that_are_tested() -> None:
    assert pins(PRODUCTION).items() <= pins(TESTED).items()
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["server"]]
    assert {canonicalize_name(Requirement(line).name) for line in needed} <= set(pins(PRODUCTION))


def test_each_is_pinned_by_version_and_digest_and_comes_from_nowhere_in_particular() -> None:
    for line in PRODUCTION:
        assert "==" in line
        assert "--hash=sha256:" in line
        assert "://" not in line


def test_each_dependency_has_a_lower_bound() -> None:
    every = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    assert [line for line in every if ">=" not in line] == []
