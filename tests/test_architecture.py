"""The floors of the house: who may import whom, and no circle anywhere."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("app", "bot", "cli", "notary", "policies", "proxy", "sandbox", "workstation")
# Each package may import itself and what stands here.
MAY_IMPORT = {
    "app": set(),
    "policies": {"app.domain", "app.errors", "app.storage.ports"},
    # Beside what is of the server: the hooks that it hands out are those that a command writes.
    "proxy": {"app", "policies", "workstation.hook.documents"},
    "bot": {"app", "policies"},
    "notary": {"app"},
    "cli": {"app", "policies", "proxy", "bot", "notary", "workstation"},
    "sandbox": set(),
    # It is installed without the server.
    "workstation": {"app.errors"},
}
# Each of these drivers is used in one place, so that a swap is a change of that place.
ONE_PLACE = {
    "motor": {"app.storage.driver", "app.storage.mongo"},
    "pymongo": {"app.storage.driver", "app.storage.mongo"},
    "secantusdb": set(),
    "hyperscan": {"policies.matching.hyperscan"},
}


def modules() -> dict[str, Path]:
    found = {}
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports_of(path: Path, *, at_run_time_only: bool = False) -> set[str]:
    """Every module that a file names in an import, `from` names resolved to modules."""
    tree = ast.parse(path.read_text())
    skipped = _type_checking_nodes(tree) if at_run_time_only else set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(
                full if (full := f"{node.module}.{alias.name}") in MODULES else node.module
                for alias in node.names
            )
    return found


def _type_checking_nodes(tree: ast.Module) -> set[int]:
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {id(inner) for block in blocks for part in block.body for inner in ast.walk(part)}


def _within(module: str, allowed: str) -> bool:
    return module == allowed or module.startswith(f"{allowed}.")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_its_own_floor_and_those_below(name: str) -> None:
    floor = name.partition(".")[0]
    ours = {module for module in imports_of(MODULES[name]) if module.partition(".")[0] in FLOORS}
    strangers = {
        module
        for module in ours
        if not any(_within(module, allowed) for allowed in MAY_IMPORT[floor] | {floor})
    }
    assert not strangers, f"{name} may not import {strangers}"


def test_no_module_imports_in_a_circle() -> None:
    graph = {
        name: {module for module in imports_of(path, at_run_time_only=True) if module in MODULES}
        - {name}
        for name, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"imports go in a circle: {' → '.join(circle.args[1])}")


@pytest.mark.parametrize("driver", ONE_PLACE)
def test_a_driver_is_imported_in_one_place_only(driver: str) -> None:
    users = {
        name
        for name, path in MODULES.items()
        if any(_within(module, driver) for module in imports_of(path))
    }
    assert users <= ONE_PLACE[driver]


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        name
        for name, path in MODULES.items()
        if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    # The driver's pool is sized by a variable that it reads at import; `up` hands on its own.
    assert readers <= {"app.storage.driver", "cli.processes.up", "workstation.environment"}


@pytest.mark.parametrize("name", MODULES)
def test_a_file_fits_on_a_few_screens(name: str) -> None:
    assert len(MODULES[name].read_text().splitlines()) <= 350
