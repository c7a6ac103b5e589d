"""Where each shipped detector comes from."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from policies.loader import SHIPPED, load_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from policies.compiled_catalog import Catalog

FILES = sorted(SHIPPED.glob("detectors/*.yaml"))
PAGE = r"https://[a-z0-9.-]+\.[a-z]+/[^\s/]\S+"
"""Below a front page, which tells no format."""
SENTENCE = r"[A-Z](?:(?!//)\S)*(?: (?:(?!//)\S)+){6,}\."
SOURCE = re.compile(f"{PAGE}|{SENTENCE}")
NO_SOURCE = [
    *("https://docs.acme.example", "https://docs.acme.example/", "docs.acme.example/keys"),
    *("A key of Acme.", "Keys of Acme, see https://docs.acme.example/ for what they are."),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_shipped_detector_names_a_page_or_a_reason(file: Path) -> None:
    detectors = yaml.safe_load(file.read_text(encoding="utf-8"))["detectors"]
    sources = {each["id"]: each.get("source", "") for each in detectors}
    assert {name: text for name, text in sources.items() if not SOURCE.fullmatch(text)} == {}


@pytest.mark.parametrize("text", NO_SOURCE)
def test_a_front_page_or_a_few_words_are_no_source(text: str) -> None:
    assert not SOURCE.fullmatch(text)


def test_a_copy_without_sources_is_still_the_shipped_catalog(
    tmp_path: Path, shipped: Catalog
) -> None:
    shutil.copytree(SHIPPED / "catalog", tmp_path / "catalog")
    (tmp_path / "detectors").mkdir()
    for file in FILES:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = "".join(line for line in lines if not line.startswith("    source: "))
        (tmp_path / "detectors" / file.name).write_text(kept, encoding="utf-8")
    copied = load_catalog(tmp_path)
    assert all(a is b for a, b in zip(copied.detectors, shipped.detectors, strict=True))
