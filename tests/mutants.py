"""`make mutants`: breaks the deciding modules one change at a time, and runs their tests on each.

Cosmic Ray makes the mutants. Each is tried in a fork of this process, where an import hook puts it
in the place of its module; so this process must import none of our own code, and imports what
takes long once for all forks. A mutant that its tests do not notice must be explained in
`mutants.toml`, and each explanation there must still be of a survivor.

What was found is kept in `.mutants`, for as long as no file of the code or the tests changes: a
run that was stopped goes on where it was.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import multiprocessing
import os
import signal
import sys
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from difflib import ndiff
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cosmic_ray.mutating import mutate_code  # type: ignore[import-untyped]  # it carries no types
from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import CodeType

ROOT = Path(__file__).parents[1]
EXPLAINED = Path(__file__).with_suffix(".toml")
KNOWN = ROOT / ".mutants"
READ = ("app", "bot", "cli", "policies", "proxy", "sandbox", "tests")
AT_ONCE = 2
SAME = ("core/ReplaceComparisonOperator_Is_Eq", "core/ReplaceComparisonOperator_IsNot_NotEq")
"""Not tried: what `is` compares here are members of enums, booleans and None."""
SLOW = (
    "hyperscan",
    "hypercorn.asyncio",
    "hypothesis.internal.conjecture.engine",
    "hypothesis.strategies",
    "joserfc.jwt",
    "motor.motor_asyncio",
    "pydantic_settings",
    "pytest_asyncio.plugin",
    "quart",
    "re2",
    "xdist.plugin",
)
"""What the tests import and takes long; none of it may import our own code."""


@dataclass(frozen=True, slots=True)
class Mutant:
    module: str
    """The file, as a path below the root."""
    code: str
    change: str
    """Each changed line, as `- before` or `+ after`."""


class _Meaning(ast.NodeTransformer):
    """Leaves out what mypy judges: annotations, imports for them, which arguments have to be named.

    None of them changes what a correctly typed caller sees.
    """

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        self.generic_visit(node)
        node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        node.defaults += [default for default in node.kw_defaults if default]
        node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        return node

    def visit_If(self, node: ast.If) -> ast.If | None:
        self.generic_visit(node)
        return None if "TYPE_CHECKING" in ast.unparse(node.test) else node

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
    """Return what the code does; nothing where it is no Python."""
    try:
        return ast.dump(_Meaning().visit(ast.parse(code)))
    except SyntaxError:
        return ""


def mutants(module: str) -> Iterator[Mutant]:
    original = (ROOT / module).read_text()
    seen = {_meaning(original)}
    for name in sorted(set(operator_names()) - set(SAME)):
        kind = get_operator(name)
        if kind.arguments():
            continue
        for occurrence in count():
            try:
                code = mutate_code(original, kind(), occurrence)
            except AttributeError:  # Cosmic Ray chokes on a dotted name behind `except`
                continue
            if code is None:
                break
            if (meaning := _meaning(code)) and meaning not in seen:
                seen.add(meaning)
                yield Mutant(module, code, _change(original, code))


def _change(before: str, after: str) -> str:
    lines = ndiff(before.splitlines(), after.splitlines())
    changed = (line for line in lines if line[0] in "-+")
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed)


class _InPlace(SourceFileLoader):
    """Finds one module, and loads the code of a mutant for it."""

    def __init__(self, mutant: Mutant) -> None:
        name = mutant.module.removesuffix(".py").replace("/", ".")
        super().__init__(name, str(ROOT / mutant.module))
        self._code = mutant.code

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - always the same module
        return compile(self._code, self.path, "exec", dont_inherit=True)


def _passes(mutant: Mutant, tests: Sequence[str], seconds: int) -> bool:
    """Return whether the tests pass in that time, with the mutant in the place of its module."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        sys.meta_path.insert(0, _InPlace(mutant))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        # Assertions are not rewritten to explain themselves: nobody reads what the tests say.
        os._exit(pytest.main(["-qx", "--assert=plain", "-p", "no:cacheprovider", *tests]))
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(seconds)
    try:
        _, status = os.waitpid(child, 0)
    except TimeoutError:
        return False
    finally:
        signal.alarm(0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # with the database server that its tests started
    return os.waitstatus_to_exitcode(status) == 0


def _out_of_time(_signal: int, _frame: object) -> None:
    raise TimeoutError


class Known:
    """What earlier runs found of the same code and tests."""

    def __init__(self) -> None:
        tree = hashlib.sha256()
        for file in sorted(file for name in READ for file in (ROOT / name).rglob("*.[py]*")):
            if file.suffix in {".py", ".yaml"}:
                tree.update(str(file).encode() + file.read_bytes())
        self._tree = tree.digest()
        lines = KNOWN.read_text().splitlines() if KNOWN.exists() else []
        self._passed = {name: outcome == "passed" for name, outcome in map(str.split, lines)}

    def _name(self, mutant: Mutant, tests: Sequence[str]) -> str:
        said = self._tree, mutant.module, mutant.code, tests
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def get(self, mutant: Mutant, tests: Sequence[str]) -> bool | None:
        return self._passed.get(self._name(mutant, tests))

    def add(self, mutant: Mutant, tests: Sequence[str], *, passed: bool) -> None:
        with KNOWN.open("a") as file:
            file.write(f"{self._name(mutant, tests)} {'passed' if passed else 'failed'}\n")


def survivors(module: str, tests: Sequence[str], known: Known) -> list[Mutant]:
    """Return the mutants that the tests do not notice. Exits where they fail without one."""
    began = time.monotonic()
    if not _passes(Mutant(module, (ROOT / module).read_text(), ""), tests, 600):
        sys.exit(f"The tests of {module} fail without any mutant: {' '.join(tests)}")
    patience = 20 + 5 * int(time.monotonic() - began)
    made = list(mutants(module))
    found = [mutant for mutant in made if known.get(mutant, tests)]
    left = [mutant for mutant in made if known.get(mutant, tests) is None]
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("fork")) as pool:
        trying = {pool.submit(_passes, mutant, tests, patience): mutant for mutant in left}
        for done in as_completed(trying):
            known.add(trying[done], tests, passed=done.result())
            if done.result():
                found.append(trying[done])
    print(f"{module}: {len(made)} mutants, {len(found)} survive", flush=True)  # noqa: T201
    return found


def unexplained(
    found: Iterable[Mutant], explained: list[dict[str, Any]], done: Iterable[str]
) -> list[str]:
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
    os.chdir(ROOT)
    sys.dont_write_bytecode = False
    for name in SLOW:
        importlib.import_module(name)
    known = Known()
    chosen = wanted or list(modules)
    found = [mutant for name in chosen for mutant in survivors(name, modules[name], known)]
    wrong = unexplained(found, listed.get("explained", []), chosen)
    if wrong:
        sys.exit("\n\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1:])
