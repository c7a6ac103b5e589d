"""A catalog of rules that look for production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policies.loader import load_catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.compiled_catalog import Catalog

RULE = """\
- id: {id}
  title: The prompt names production
  on: request
  when: {{prompt: {{words: [production, prod, prod-db, live database]}}}}
  then: hold
  approval: {{from: [managers]}}
  risk: high
  explain: Use the staging name.
  examples: {{match: [drop prod], skip: [a product]}}{knobs}
"""


@pytest.fixture(scope="session")
def catalog_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Catalog]:
    """Return what loads a catalog of one rule with these knobs, lines of YAML, and more rules."""

    def load(*knobs: str, rule: str = "production", more: str = "") -> Catalog:
        folder: Path = tmp_path_factory.mktemp("catalog")
        (folder / "catalog").mkdir()
        text = RULE.format(id=rule, knobs="".join(f"\n  {knob}" for knob in knobs))
        (folder / "catalog" / "own.yaml").write_text(text + more, encoding="utf-8")
        return load_catalog(folder)

    return load


@pytest.fixture(scope="session")
def production(catalog_of: Callable[..., Catalog]) -> Catalog:
    return catalog_of()
