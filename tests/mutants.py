"""`make mutants`: breaks the deciding modules a line at a time, and asks their tests about each.

Cosmic Ray makes the mutants; each is tried in a copy of the tree. One that its tests do not notice
must be explained in `mutants.toml`, and each explanation there must still be of a survivor.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import ndiff
from itertools import count
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
EXPLAINED = Path(__file__).with_suffix(".toml")
COPIED = ("app", "bot", "cli", "policies", "proxy", "sandbox", "tests", "pyproject.toml")
COPIES = 2
LONGEST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Mutant:
    module: str
    code: str
    change: str
    """Each changed line, as `- before` or `+ after`."""


class _Unannotated(ast.NodeTransformer):
    """Leaves out annotations, which are not evaluated here."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node


def _meaning(code: str) -> str:
    """Return what the code says, without its annotations; nothing where it is no Python."""
    try:
        return ast.dump(_Unannotated().visit(ast.parse(code)))
    except SyntaxError:
        return ""


def mutants(module: str) -> Iterator[Mutant]:
    original = (ROOT / module).read_text()
    seen = {_meaning(original)}
    for name in sorted(operator_names()):
        kind = get_operator(name)
        if kind.arguments():
            continue
        for occurrence in count():
            code = mutate_code(original, kind(), occurrence)
            if code is None:
                break
            if (meaning := _meaning(code)) and meaning not in seen:
                seen.add(meaning)
                yield Mutant(module, code, _change(original, code))


def _change(before: str, after: str) -> str:
    lines = ndiff(before.splitlines(), after.splitlines())
    changed = (line for line in lines if line[0] in "-+")
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed)


def _copy(parent: Path) -> Path:
    copy = Path(tempfile.mkdtemp(dir=parent))
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name)
        else:
            shutil.copy2(source, copy / name)
    return copy


def _green(copy: Path, mutant: Mutant, tests: Iterable[str]) -> bool:
    """Return whether the tests pass with the mutant in the place of its module."""
    module = copy / mutant.module
    module.write_text(mutant.code)
    # Two mutants of one second and size would share their compiled code.
    for compiled in (module.parent / "__pycache__").glob(f"{module.stem}.*.pyc"):
        compiled.unlink()
    command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *tests]
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(
            command, cwd=copy, env=env, capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0


def survivors(module: str, tests: list[str], copies: Queue[Path]) -> list[Mutant]:
    """Return the mutants that the tests do not notice. Exits where they fail without one."""
    original = (ROOT / module).read_text()

    def survives(mutant: Mutant) -> bool:
        copy = copies.get()
        try:
            return _green(copy, mutant, tests)
        finally:
            (copy / module).write_text(original)
            copies.put(copy)

    if not survives(Mutant(module, original, "")):
        sys.exit(f"The tests of {module} fail without any mutant: {' '.join(tests)}")
    made = list(mutants(module))
    with ThreadPoolExecutor(COPIES) as pool:
        found = [mutant for mutant, lives in zip(made, pool.map(survives, made)) if lives]  # noqa: B905
    print(f"{module}: {len(made)} mutants, {len(found)} survive", flush=True)  # noqa: T201
    return found


def unexplained(found: list[Mutant], explained: list[dict[str, Any]], done: set[str]) -> list[str]:
    """Return what is wrong: a survivor without a reason, a reason without a survivor."""
    alive = {(mutant.module, mutant.change) for mutant in found}
    reasons = {
        (each["module"], each["change"].strip()) for each in explained if each["module"] in done
    }
    return [
        *(f"survives: {module}\n{change}" for module, change in sorted(alive - reasons)),
        *(f"does not survive: {module}\n{change}" for module, change in sorted(reasons - alive)),
    ]


def main(wanted: list[str]) -> None:
    """Try the modules of `mutants.toml`, or those of them that are named."""
    listed = tomllib.loads(EXPLAINED.read_text())
    modules: dict[str, list[str]] = listed["modules"]
    if unknown := set(wanted) - set(modules):
        sys.exit(f"{EXPLAINED.name} lists no tests for: {', '.join(sorted(unknown))}")
    chosen = wanted or list(modules)
    with tempfile.TemporaryDirectory() as parent:
        copies: Queue[Path] = Queue()
        for _ in range(COPIES):
            copies.put(_copy(Path(parent)))
        found = [mutant for name in chosen for mutant in survivors(name, modules[name], copies)]
    wrong = unexplained(found, listed.get("explained", []), set(chosen))
    if wrong:
        sys.exit("\n\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1:])
