"""The shipped catalog, and small ones written for a test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from policies.loader import SHIPPED, load_catalog
from tests.policies.made import RULE_HEAD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.compiled_catalog import Catalog


@pytest.fixture(scope="session")
def shipped() -> Catalog:
    return load_catalog(SHIPPED)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a catalog directory; the text of its one rule file is given whole, or by its fields."""

    def _write(rules: str, **files: str) -> Path:
        (tmp_path / "catalog").mkdir(exist_ok=True)
        (tmp_path / "detectors").mkdir(exist_ok=True)
        head = "" if rules.lstrip().startswith("-") else RULE_HEAD
        (tmp_path / "catalog" / "own.yaml").write_text(head + rules, encoding="utf-8")
        for name, text in files.items():
            place = {"detectors": "detectors/own.yaml", "approvers": "approvers.yaml"}[name]
            (tmp_path / place).write_text(text, encoding="utf-8")
        return tmp_path

    return _write
