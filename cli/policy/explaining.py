"""`abeyance policy explain`: what the catalog says of a request, rule by rule, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.clock import SystemClock
from app.domain.connection import Connection, CredentialScheme
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.passage import PassageKind
from app.domain.tool_call import ToolCall
from app.domain.verdict import Action
from app.errors import BadRequest
from app.wire.registry import WIRES
from bot.views.durations import duration
from cli.policy.folders import catalog_in
from policies.calls.judge import judge_call
from policies.decide import decide
from policies.explain import RuleOutcome, explain_call
from policies.explain import explain as stories_of
from policies.passages.names import UNKEYED
from proxy.facts import read_inquiry
from proxy.front import check_front

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.passage import Excerpt
    from app.domain.segment import Facts
    from app.domain.verdict import Question, Verdict
    from policies.explain import RuleStory

_COLOURS = {Action.ALLOW: "green", Action.MASK: "cyan", Action.HOLD: "yellow", Action.DENY: "red"}
_MARKS = {RuleOutcome.FIRED: "●", RuleOutcome.NEARLY: "◐", RuleOutcome.NOT: "○"}
_WHAT = {
    PassageKind.TYPED: "a turn that a person typed",
    PassageKind.WORK: "what tools returned and the model said for one ask",
    PassageKind.TEXT: "fixed text that comes with the agent or the repository",
    PassageKind.FRAME: "the agent's frame around a repeated prompt",
    PassageKind.CALL: "the tool and its exact arguments",
}
_PATHS = {
    "anthropic": "v1/messages",
    "cursor": "v0/agents",
    "gemini": "v1beta/models/gemini:generateContent",
    "mcp": "mcp",
}
_CHAT = "v1/chat/completions"
_OF_A_JOB = ("ref", "workflow", "commit", "actor")


def explain(  # noqa: PLR0913 - each is an option of the command
    *,
    file: Annotated[
        Path | None, typer.Option(help="The body of the request; default: none.")
    ] = None,
    connection: Annotated[str, typer.Option(help="The connection that it goes to.")] = "openai",
    method: Annotated[str, typer.Option(help="Such as GET.")] = "POST",
    path: Annotated[
        str,
        typer.Option(help="The path of the API, with its query; default: the usual one."),
    ] = "",
    wire: Annotated[str, typer.Option(help="The wire format of the connection.")] = "auto",
    model: Annotated[str, typer.Option(help="In place of the model that the body names.")] = "",
    at: Annotated[str, typer.Option(help="When, such as 2026-11-27T22:00+01:00.")] = "",
    as_: Annotated[str, typer.Option("--as", help="The e-mail address of who asks.")] = "",
    subject: Annotated[str, typer.Option(help="Their subject at the issuer.")] = "",
    issuer: Annotated[str, typer.Option(help="The issuer of their token.")] = "",
    group: Annotated[list[str] | None, typer.Option(help="A group of theirs; repeat it.")] = None,
    repository: Annotated[str, typer.Option(help="Of a CI job, such as acme/payments.")] = "",
    ref: Annotated[str, typer.Option(help="Of the job, such as refs/heads/main.")] = "",
    workflow: Annotated[str, typer.Option(help="Of the job, as its issuer names it.")] = "",
    commit: Annotated[str, typer.Option(help="Of the job.")] = "",
    actor: Annotated[str, typer.Option(help="Who started the job.")] = "",
    tool: Annotated[
        str, typer.Option(help="A tool that the answer calls: explain what becomes of the call.")
    ] = "",
    arguments: Annotated[str, typer.Option(help="What it calls the tool with, as JSON.")] = "",
    catalog: Annotated[
        Path | None, typer.Option(help="A folder of policies; default: the one in force.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show the other rules, too.")] = False,
) -> None:
    """Say how a request or a tool call would be decided: each rule that fired or nearly did."""
    if arguments and not tool:
        raise BadRequest("--arguments are of a tool: name the --tool, too.")
    rules = catalog_in(catalog)
    target = path or _PATHS.get(connection, _CHAT)
    now = _moment(at)
    job = Provenance(repository, ref=ref, workflow=workflow, commit=commit, actor=actor)
    origin = _provenance(job)
    name = as_ or (origin.repository if origin else "somebody")
    kind = IdentityKind.WORKLOAD if origin else IdentityKind.PERSON
    groups = frozenset(group or ())
    identity = Identity(issuer, subject or name, kind, name, as_, groups, origin)
    facts = _facts(_connection(connection, wire), method.upper(), target, _body(file))
    if model:
        facts = replace(facts, prompt=replace(facts.prompt, model=model))
    console = Console(highlight=False)
    if tool:
        call = ToolCall(tool, arguments)
        judged = judge_call(call, facts, identity, now, UNKEYED, rules)
        told = _headline(judged.verdict, f"{connection} · {tool} {judged.shown}")
        console.print(told, soft_wrap=True)
        stories = explain_call(call, facts, identity, rules, now)
        _tell(console, judged.verdict, stories, every=every)
        if judged.changed is not None:
            console.print(
                f"\nsent on as: {rules.mask(judged.changed)}", soft_wrap=True, markup=False
            )
        return
    verdict = decide(facts, identity, rules, now)
    console.print(_headline(verdict, _summary(facts)))
    _tell(console, verdict, stories_of(facts, identity, rules, now), every=every)


def _headline(verdict: Verdict, summary: str) -> Text:
    told = Text(f"{verdict.action.value.upper()}", style=f"bold {_COLOURS[verdict.action]}")
    return told.append(f"  {summary}", style="default not bold")


def _tell(console: Console, verdict: Verdict, stories: Iterable[RuleStory], *, every: bool) -> None:
    questions = {fired.rule: fired.question for fired in verdict.holding}
    for story in stories:
        if every or story.outcome is not RuleOutcome.NOT:
            console.print(_told(story), soft_wrap=True, end="")
        if question := questions.get(story.rule):
            console.print(_asked(question), soft_wrap=True, end="")


def _connection(name: str, wire: str) -> Connection:
    if wire not in WIRES:
        raise BadRequest(f"There is no wire format {wire}: use one of {', '.join(sorted(WIRES))}.")
    return Connection(name, "", CredentialScheme.BEARER, b"", wire)


def _body(file: Path | None) -> bytes:
    if file is None:
        return b""
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read ({error.strerror}).") from error


def _facts(connection: Connection, method: str, target: str, body: bytes) -> Facts:
    """Read the request as the gateway does. Raises BadRequest for what it would refuse."""
    path, _, query = target.lstrip("/").partition("?")
    headers = (("content-type", "application/json"),) if body else ()
    check_front(method, f"/{path}", query, headers)
    return read_inquiry(connection, method, path, query, headers, body).facts


def _moment(at: str) -> datetime:
    if not at:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadRequest(
            f"--at {at}: write date, time and zone, such as 2026-11-27T22:00+01:00 or …T21:00Z."
        )
    return moment


def _provenance(job: Provenance) -> Provenance | None:
    if job.repository:
        return job
    if given := [name for name in _OF_A_JOB if getattr(job, name)]:
        raise BadRequest(f"--{given[0]} is of a CI job: name its --repository, too.")
    return None


def _summary(facts: Facts) -> str:
    prompt = facts.prompt
    texts = len(prompt.segments)
    parts = [facts.connection, prompt.model or "no model", f"{texts} text{'s'[: texts != 1]}"]
    if prompt.uninspected:
        parts.append(f"{len(prompt.uninspected)} parts that no rule can read")
    return " · ".join(parts)


def _told(story: RuleStory) -> Text:
    colour = _COLOURS[story.action] if story.outcome is RuleOutcome.FIRED else "default"
    told = Text(f"\n{_MARKS[story.outcome]} ", style=colour)
    told.append(story.rule, style="bold")
    shadow = "" if story.enforced else ", in shadow"
    told.append(f" ({story.action.value}{shadow})  {story.title}\n")
    verb = {
        RuleOutcome.FIRED: "fired",
        RuleOutcome.NEARLY: "nearly fired",
        RuleOutcome.NOT: "did not fire",
    }
    told.append(f"  {verb[story.outcome]}: {story.why}\n")
    for line in story.conditions:
        told.append(f"    {'✓' if line.holds else '✗'} {line.says}\n")
    for excerpt in story.excerpts:
        _quote(told, excerpt)
    return told


def _asked(question: Question) -> Text:
    """Say what people would decide on, and for how long that would count."""
    cover, passages = question.cover, question.passages
    if cover is None:
        what = "call" if passages else "request"
        return Text(f"  decided on: this {what} alone; an approval covers nothing else\n")
    what = "this passage" if len(passages) == 1 else f"these {len(passages)} passages"
    idle, most = duration(cover.idle), duration(cover.most)
    told = Text(f"  decided on: {what}, covered until unused for {idle}, {most} at most\n")
    for passage in passages:
        told.append(f"    {passage.place}: ", style="dim")
        told.append(f"{_WHAT[passage.kind]}\n")
    return told


def _quote(told: Text, excerpt: Excerpt) -> None:
    told.append(f"    {excerpt.place}: ", style="dim")
    told.append(excerpt.before)
    told.append(f"«{excerpt.words}»", style="bold reverse")
    told.append(f"{excerpt.after}\n")
