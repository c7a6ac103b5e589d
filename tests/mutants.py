"""`make mutants`: breaks the deciding modules one change at a time, and runs their tests on each.

Cosmic Ray makes the mutants. Two processes try them, each in a fork of its own, where an import
hook puts the mutant in the place of its module. What takes long to import is imported once for all
forks: other people's code, and as much of ours as does not import the module. A mutant that its
tests do not notice must be explained in `mutants.toml`, and each explanation there must still be of
a survivor.

What was found is kept in `.mutants` until a file changes that the tests load, or a file of the
catalog: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import ast
import contextlib
import gc
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
from typing import TYPE_CHECKING

import pytest
from cosmic_ray.mutating import mutate_code  # type: ignore[import-untyped]  # it carries no types
from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from types import CodeType

ROOT = Path(__file__).parents[1]
EXPLAINED = Path(__file__).with_suffix(".toml")
KNOWN = ROOT / ".mutants"
AT_ONCE = 2
IDENTITY = {"Is", "IsNot"}
SLOW = (
    "aiohttp",
    "authlib.integrations.httpx_client",
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


def _tells(operator: str) -> bool:
    """Whether a test can tell what the operator does.

    What `is` compares here are members of enums, booleans and None: `==` is the same, and their
    order says nothing. Whether two equal strings or numbers are one object is up to Python.
    """
    _, _, change = operator.partition("ReplaceComparisonOperator_")
    return operator != "core/NoOp" and len(IDENTITY.intersection(change.split("_"))) != 1


def mutants(module: str) -> Iterator[Mutant]:
    original = (ROOT / module).read_text()
    seen = {_meaning(original)}
    for name in sorted(filter(_tells, operator_names())):
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


def _dotted(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


class _InPlace(SourceFileLoader):
    """Finds one module, and loads the code of a mutant for it."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(_dotted(mutant.module), str(ROOT / mutant.module))
        self._code = mutant.code

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - always the same module
        return compile(self._code, self.path, "exec", dont_inherit=True)


class _NotYet(ImportError):
    """The module that is broken would be imported, or what imports it."""


class _Without:
    """Lets one module not be imported."""

    def __init__(self, module: str) -> None:
        self._name = _dotted(module)

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == self._name:
            raise _NotYet(fullname)


def _warm(module: str, tests: Sequence[str]) -> None:
    """Import what the tests need, as far as it does not import the module."""
    hook = _Without(module)
    sys.meta_path.insert(0, hook)
    folders = sorted({str(parent) for test in tests for parent in Path(test).parents})
    files = [test.partition("::")[0] for test in tests]
    for name in (*(f"{folder}/conftest.py" for folder in folders), *files):
        if (ROOT / name).exists():
            with contextlib.suppress(_NotYet):
                importlib.import_module(_dotted(name))
    sys.meta_path.remove(hook)
    gc.freeze()


class _First:
    """Ends the process at the first test that fails, without tidying up."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(1)


def _run(mutant: Mutant, tests: Sequence[str], loaded: int) -> None:
    """Run the tests with the mutant in the place of its module, and end this process."""
    os.setpgid(0, 0)
    sys.meta_path.insert(0, _InPlace(mutant))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    # Assertions are not rewritten to explain themselves: nobody reads what the tests say.
    options = ["-q", "--assert=plain", "-p", "no:cacheprovider"]
    code = pytest.main([*options, *tests], plugins=[_First()])
    files = {str(getattr(module, "__file__", "")) for module in sys.modules.values()}
    os.write(loaded, "\n".join(sorted(files)).encode())
    os._exit(code)


def _tried(mutant: Mutant, tests: Sequence[str], seconds: int) -> list[Path] | None:
    """Try a mutant. Return which files of ours the tests loaded; None where they did not pass."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _run(mutant, tests, writing)
    os.close(writing)
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(seconds)
    try:
        with os.fdopen(reading) as pipe:
            loaded = [Path(name) for name in pipe.read().splitlines()]
        _, status = os.waitpid(child, 0)
    except TimeoutError:
        return None
    finally:
        signal.alarm(0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # with the database server that its tests started
    if os.waitstatus_to_exitcode(status) != 0:
        return None
    return [file for file in loaded if file.is_relative_to(ROOT) and ".venv" not in file.parts]


def _passed(mutant: Mutant, tests: Sequence[str], seconds: int, tries: int) -> bool:
    return any(_tried(mutant, tests, seconds) is not None for _ in range(tries))


def _out_of_time(_signal: int, _frame: object) -> None:
    raise TimeoutError


class Known:
    """What earlier runs found with the same code, tests and catalog."""

    def __init__(self, loaded: Iterable[Path]) -> None:
        tree = hashlib.sha256()
        for file in sorted({*loaded, *(ROOT / "policies").rglob("*.yaml")}):
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


def survivors(module: str, tests: Sequence[str], explained: Container[str]) -> list[Mutant]:
    """Return the mutants that the tests do not notice. Exits where they fail without one.

    One that is explained gets a second try: on a busy machine a test may fail for want of time.
    """
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(AT_ONCE, fork, _warm, (module, tests)) as pool:
        began = time.monotonic()
        whole = Mutant(module, (ROOT / module).read_text(), "")
        loaded = pool.submit(_tried, whole, tests, 600).result()
        if loaded is None:
            sys.exit(f"The tests of {module} fail without any mutant: {' '.join(tests)}")
        patience = 20 + 5 * int(time.monotonic() - began)
        known, made = Known(loaded), list(mutants(module))
        found, trying = [], {}
        for mutant in made:
            passed, tries = known.get(mutant, tests), 1 + (mutant.change in explained)
            if passed:
                found.append(mutant)
            elif passed is None or tries > 1:
                trying[pool.submit(_passed, mutant, tests, patience, tries)] = mutant
        for done in as_completed(trying):
            passed = done.result()
            known.add(trying[done], tests, passed=passed)
            if passed:
                found.append(trying[done])
    minutes = (time.monotonic() - began) / 60
    print(f"{module}: {len(made)} mutants, {len(found)} survive, {minutes:.1f} min", flush=True)  # noqa: T201
    return found


def unexplained(found: Iterable[Mutant], explained: set[str], module: str) -> list[str]:
    """Return what is wrong of it: a survivor without a reason, a reason without a survivor."""
    alive = {mutant.change for mutant in found}
    return [
        *(f"survives: {module}\n{change}" for change in sorted(alive - explained)),
        *(f"does not survive: {module}\n{change}" for change in sorted(explained - alive)),
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
    chosen = wanted or list(modules)
    wrong = 0
    for name in chosen:
        reasons = [each for each in listed["explained"] if each["module"] == name]
        explained = {each["change"].strip() for each in reasons}
        for fault in unexplained(survivors(name, modules[name], explained), explained, name):
            print(fault, end="\n\n", flush=True)  # noqa: T201
            wrong += 1
    if wrong:
        sys.exit(f"{wrong} to test better, or to explain in {EXPLAINED.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
