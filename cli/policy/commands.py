"""`abeyance policy`: try the catalog before it decides about anybody."""

from __future__ import annotations

import json
import random
import sys
from contextlib import suppress
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.errors import BadRequest
from cli.policy import explaining, rehearsing
from cli.policy.folders import catalog_in
from policies.loader import SHIPPED
from policies.matching.findings import Inspected
from policies.matching.masker import Masker
from policies.matching.plan import Plan
from policies.patterns.effort import TooDense
from policies.rehearse import check as rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.compiled_catalog import Catalog

app = typer.Typer(help="Check, try and rehearse the rules.", no_args_is_help=True)

app.command()(explaining.explain)
app.command()(rehearsing.backtest)
app.command()(rehearsing.stats)

_LARGEST_PIECE = 12


@app.command()
def check(
    path: Annotated[
        Path | None, typer.Argument(help="A folder of policies; default: the one in force.")
    ] = None,
) -> None:
    """Validate the catalog and run the examples in it; exit code 1 where one fails."""
    console = Console(highlight=False)
    catalog = catalog_in(path)
    faults = rehearse(catalog)
    for fault in faults:
        console.print(f"[red]✗[/] {fault}", markup=True)
    if faults:
        raise typer.Exit(1)
    console.print(
        f"[green]✓[/] {len(catalog.rules)} rules and {len(catalog.detectors)} detectors are valid, "
        f"and every example does what it says (revision {catalog.revision})"
    )


@app.command(name="compile")
def compile_(
    path: Annotated[
        Path | None, typer.Argument(help="A folder of policies; default: the one in force.")
    ] = None,
) -> None:
    """Compile a catalog's patterns, for an image whose file system is read-only."""
    catalog = catalog_in(path)
    catalog.warm()
    catalog.warm_answers()
    Console(highlight=False).print(
        f"[green]✓[/] the patterns of {len(catalog.rules)} rules are compiled"
    )


@app.command()
def schema() -> None:
    """Print the JSON Schema of the catalog's files, for editors."""
    sys.stdout.write((SHIPPED / "catalog.schema.json").read_text(encoding="utf-8"))


@app.command()
def mask(
    *,
    jsonl: Annotated[
        bool, typer.Option(help='One {"text": …} a line in, and out, with its findings.')
    ] = False,
    chunks: Annotated[
        int | None, typer.Option(help="Feed it through the stream masker, cut at random.")
    ] = None,
) -> None:
    """Mask text from standard input with all detectors."""
    cuts = random.Random(chunks) if chunks is not None else None  # noqa: S311 - a repeatable cut
    catalog = catalog_in(None)
    plan = Plan(catalog.everything.targets) if cuts else None
    if not jsonl:
        sys.stdout.write(_masked(catalog, sys.stdin.read(), plan, cuts)[0])
        return
    bad = 0
    for number, line in enumerate(sys.stdin, start=1):
        text = _text_of(line)
        if text is None:
            bad += 1
            row: dict[str, object] = {"error": f'line {number} is not {{"text": "…"}}'}
            sys.stderr.write(f"{row['error']}\n")
        else:
            masked, findings = _masked(catalog, text, plan, cuts)
            row = {"text": masked, "findings": findings}
        sys.stdout.write(json.dumps(row) + "\n")
    if bad:
        raise BadRequest(f"{bad} of the lines could not be read; each has an error in its place.")


def _text_of(line: str) -> str | None:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError):
        return None
    return text if isinstance(text, str) else None


def _masked(
    catalog: Catalog, text: str, plan: Plan | None, cuts: random.Random | None
) -> tuple[str, list[dict[str, str | int]]]:
    findings: list[dict[str, str | int]] = []
    with suppress(TooDense):  # what is too dense to check is withheld, and the text says so
        findings = [
            {"detector": found.target.id, "start": found.start, "end": found.end}
            for found in catalog.everything.find(Inspected(text))
        ]
    if plan is None or cuts is None:
        return catalog.mask(text), findings
    masker = Masker(plan, lambda target: catalog.label(plan.targets[target]))
    pieces = [masker.feed(piece) for piece in _cut(text, cuts)]
    return "".join([*pieces, masker.finish()]), findings


def _cut(text: str, cuts: random.Random) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = start + cuts.randint(1, _LARGEST_PIECE)
        yield text[start:end]
        start = end
