from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from app.errors import BadCatalog
from policies.reload import CatalogKeeper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

RULE = """
- id: {id}
  title: A rule
  on: request
  when: {{prompt: {{words: [kites]}}}}
  then: deny
  risk: low
  explain: No kites.
  examples: {{match: [kites], skip: [boats]}}
"""
NEVER = 3600.0


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "rules.yaml").write_text(RULE.format(id="first"))
    return tmp_path


@asynccontextmanager
async def running(keeper: CatalogKeeper) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(keeper.run())
        yield
        task.cancel()


async def until(keeper: CatalogKeeper, revision: str) -> None:
    async with asyncio.timeout(20):
        while keeper.state.revision == revision and not keeper.state.fault:
            await asyncio.to_thread(lambda: None)


async def test_a_changed_file_takes_effect_by_itself(directory: Path) -> None:
    keeper = CatalogKeeper(directory, look_seconds=0.05)
    before = keeper.current
    async with running(keeper):
        (directory / "catalog" / "rules.yaml").write_text(RULE.format(id="second-rule"))
        await until(keeper, before.revision)
    assert [rule.id for rule in keeper.current.rules] == ["second-rule"]
    assert keeper.state.revision == keeper.current.revision != before.revision


async def test_the_collector_does_not_go_through_the_catalog_but_lets_a_former_one_go(
    directory: Path,
) -> None:
    gc.unfreeze()
    keeper = CatalogKeeper(directory, look_seconds=NEVER)
    assert gc.get_freeze_count() > 0
    former = weakref.ref(keeper.current.requests)
    async with running(keeper):
        (directory / "catalog" / "rules.yaml").write_text(RULE.format(id="second-rule"))
        keeper.reload()
        await until(keeper, keeper.state.revision)
    assert former() is None
    assert gc.get_freeze_count() > 0


async def test_a_bad_file_leaves_the_former_catalog_in_force_and_says_where_it_is_bad(
    directory: Path,
) -> None:
    keeper = CatalogKeeper(directory, look_seconds=NEVER)
    before = keeper.current
    async with running(keeper):
        broken = RULE.format(id="second").replace("then: deny", "then: perhaps")
        (directory / "catalog" / "rules.yaml").write_text(broken)
        keeper.reload()
        await until(keeper, before.revision)
        assert keeper.current is before
        assert "rules.yaml:6" in keeper.state.fault
        (directory / "catalog" / "rules.yaml").write_text(RULE.format(id="third"))
        keeper.reload()
        async with asyncio.timeout(20):
            while keeper.state.fault:
                await asyncio.to_thread(lambda: None)
    assert [rule.id for rule in keeper.current.rules] == ["third"]


def test_without_a_first_catalog_nothing_starts(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "rules.yaml").write_text("- id: 7")
    with pytest.raises(BadCatalog):
        CatalogKeeper(tmp_path)
