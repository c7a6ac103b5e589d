"""`abeyance policy explain`: what the catalog says of a request, rule by rule, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.clock import SystemClock
from app.domain.connection import Connection, CredentialScheme
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.verdict import Action
from app.errors import BadRequest
from app.wire.registry import WIRES
from cli.folders import catalog_in
from policies.decide import decide
from policies.explain import Outcome
from policies.explain import explain as stories_of
from proxy.facts import read_inquiry

if TYPE_CHECKING:
    from app.domain.segment import Facts
    from app.domain.verdict import Excerpt
    from policies.explain import RuleStory

_COLOURS = {Action.ALLOW: "green", Action.MASK: "cyan", Action.HOLD: "yellow", Action.DENY: "red"}
_MARKS = {Outcome.FIRED: "●", Outcome.NEARLY: "◐", Outcome.NOT: "○"}
_PATHS = {
    "anthropic": "v1/messages",
    "cursor": "v0/agents",
    "gemini": "v1beta/models/gemini:generateContent",
    "mcp": "mcp",
}
_CHAT = "v1/chat/completions"


def explain(  # noqa: PLR0913 - each is an option of the command
    *,
    file: Annotated[Path, typer.Option(help="The body of the request.")],
    connection: Annotated[str, typer.Option(help="The connection that it goes to.")] = "openai",
    path: Annotated[
        str, typer.Option(help="The path of the API; default: the connection's usual one.")
    ] = "",
    wire: Annotated[str, typer.Option(help="The wire format of the connection.")] = "auto",
    model: Annotated[str, typer.Option(help="In place of the model that the body names.")] = "",
    as_: Annotated[str, typer.Option("--as", help="The e-mail address of who asks.")] = "",
    group: Annotated[list[str] | None, typer.Option(help="A group of theirs; repeat it.")] = None,
    repository: Annotated[str, typer.Option(help="Of a CI job; then --ref, too.")] = "",
    ref: Annotated[str, typer.Option(help="Such as refs/heads/main.")] = "",
    catalog: Annotated[
        Path | None, typer.Option(help="A folder of policies; default: the one in force.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show the other rules, too.")] = False,
) -> None:
    """Say how a request would be decided: each rule that fired or nearly did, and why."""
    rules = catalog_in(catalog)
    target = path or _PATHS.get(connection, _CHAT)
    facts = _facts(file, _connection(connection, wire), target, model)
    identity = _identity(as_, group or [], repository, ref)
    now = SystemClock().now()
    verdict = decide(facts, identity, rules, now)
    console = Console(highlight=False)
    told = Text(f"{verdict.action.value.upper()}", style=f"bold {_COLOURS[verdict.action]}")
    told.append(f"  {_summary(facts)}", style="default not bold")
    console.print(told)
    for story in stories_of(facts, identity, rules, now):
        if every or story.outcome is not Outcome.NOT:
            console.print(_told(story), soft_wrap=True, end="")


def _connection(name: str, wire: str) -> Connection:
    if wire not in WIRES:
        raise BadRequest(f"There is no wire format {wire}: use one of {', '.join(sorted(WIRES))}.")
    return Connection(name, "", CredentialScheme.BEARER, b"", wire)


def _facts(file: Path, connection: Connection, path: str, model: str) -> Facts:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read ({error.strerror}).") from error
    headers = (("content-type", "application/json"),)
    facts = read_inquiry(connection, "POST", path.lstrip("/"), "", headers, raw).facts
    return replace(facts, prompt=replace(facts.prompt, model=model)) if model else facts


def _identity(email: str, groups: list[str], repository: str, ref: str) -> Identity:
    kind = IdentityKind.WORKLOAD if repository else IdentityKind.PERSON
    provenance = Provenance(repository, ref=ref) if repository else None
    name = repository or email or "somebody"
    return Identity("", name, kind, name, email, frozenset(groups), provenance)


def _summary(facts: Facts) -> str:
    prompt = facts.prompt
    parts = [facts.connection, prompt.model or "no model", f"{len(prompt.segments)} texts"]
    if prompt.uninspected:
        parts.append(f"{len(prompt.uninspected)} parts that no rule can read")
    return " · ".join(parts)


def _told(story: RuleStory) -> Text:
    colour = _COLOURS[story.action] if story.outcome is Outcome.FIRED else "default"
    told = Text(f"\n{_MARKS[story.outcome]} ", style=colour)
    told.append(story.rule, style="bold")
    shadow = "" if story.enforced else ", in shadow"
    told.append(f" ({story.action.value}{shadow})  {story.title}\n")
    verb = {Outcome.FIRED: "fired", Outcome.NEARLY: "nearly fired", Outcome.NOT: "did not fire"}
    told.append(f"  {verb[story.outcome]}: {story.why}\n")
    for line in story.conditions:
        told.append(f"    {'✓' if line.holds else '✗'} {line.says}\n")
    for excerpt in story.excerpts:
        _quote(told, excerpt)
    return told


def _quote(told: Text, excerpt: Excerpt) -> None:
    told.append(f"    {excerpt.place}: ", style="dim")
    told.append(f"…{excerpt.before}")
    told.append(f"«{excerpt.words}»", style="bold reverse")
    told.append(f"{excerpt.after}…\n")
