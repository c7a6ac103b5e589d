"""`abeyance hold`: see and decide on held requests in a terminal, for when Slack is down."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.text import Text

from bot.slack.text import clean, one_line
from cli.gateway import GatewayUrl  # noqa: TC001 - Typer reads it at run time
from cli.holds import held_calls as calls
from cli.login import Audience, ClientId, Issuer  # noqa: TC001 - Typer reads them at run time
from cli.signed_in import SigningIn, Token

Json: TypeAlias = dict[str, Any]
_HOLDS = "/-/holds"
Name = Annotated[str, typer.Argument(help="As `abeyance hold list` shows it.", metavar="ID")]
app = typer.Typer(
    help="See and decide on held requests, for when Slack is down. You sign in as with "
    "`abeyance login`; rights, quorum and record are the same as in Slack.",
    no_args_is_help=True,
)


@app.callback()
def signing_in(
    context: typer.Context,
    gateway: GatewayUrl = "",
    issuer: Issuer = "",
    client_id: ClientId = "",
    audience: Audience = "",
    token: Token = "",
) -> None:
    context.obj = SigningIn(gateway, issuer, client_id, audience, token)


@app.command(name="list")
def list_pending(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """List the requests that you can decide on, and your own."""
    found = context.obj.ask("GET", _HOLDS)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    console = _console()
    for hold in found["holds"]:
        console.print(_entry(hold))
    if not found["holds"]:
        console.print(
            "No request is waiting that you can decide on here."
            if found["unknown"]
            else "You're all caught up: no request is waiting for you."
        )
    for other in found["unknown"]:
        count = other["count"]
        others = "1 other request is" if count == 1 else f"{count} other requests are"
        console.print(f"\n{others} waiting. {_line(other['why'])}")


@app.command()
def show(
    context: typer.Context,
    name: Name,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Show what a request asks for: who, where, which rule, and the words that it found."""
    hold = context.obj.ask("GET", _path(name))
    if as_json:
        typer.echo(json.dumps(hold, indent=2, ensure_ascii=False))
    else:
        _console().print(_card(hold))


@app.command()
def approve(
    context: typer.Context,
    name: Name,
    only: Annotated[  # noqa: FBT002
        bool, typer.Option("--only-this-request", help="Let nothing else be covered by it.")
    ] = False,
    for_task: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--for-task",
            help="Of a tool call: let others of its tool pass too, under the same rule in the same "
            "conversation.",
        ),
    ] = False,
    change: Annotated[
        typer.FileText | None,
        typer.Option(
            help="Of a tool call: let it run with this in the place of its command, or of its "
            "arguments as JSON. A file, or - to type it."
        ),
    ] = None,
) -> None:
    """Approve a request, and what [Approve] in Slack covers besides."""
    vote: Json = {"approve": True, "only_this_request": only, "for_task": for_task}
    if change:
        vote["change"] = calls.changed_by(context.obj.ask("GET", _path(name)), change.read())
    _console().print(_after(context.obj.ask("POST", f"{_path(name)}/votes", vote)))


@app.command()
def deny(
    context: typer.Context,
    name: Name,
    reason: Annotated[str, typer.Option(help="Why. The requester reads it.")],
) -> None:
    """Deny a request, with a reason."""
    vote = {"approve": False, "reason": reason}
    _console().print(_after(context.obj.ask("POST", f"{_path(name)}/votes", vote)))


def _path(name: str) -> str:
    if not name.isalnum() or not name.isascii():
        raise typer.BadParameter("An ID has letters and digits only: see `abeyance hold list`.")
    return f"{_HOLDS}/{name}"


def _entry(hold: Json) -> Text:
    told = Text(f"{hold['name']}  ", style="bold")
    target = calls.brief(hold) or _target(hold)
    told.append(f"{_line(_who(hold))} → {_line(target)}\n", style="not bold")
    facts = (
        _line(", ".join(rule["rule"] for rule in hold["rules"])),
        f"expires {_time(hold['expires_at'])}",
        f"{hold['approvals']} of {hold['quorum']} approvals",
        _you(hold),
    )
    return told.append(f"        {' · '.join(facts)}", style="not bold dim")


def _you(hold: Json) -> str:
    if hold["own"]:
        return "your own"
    return "you have voted" if hold["why_not"] else "you can decide"


def _card(hold: Json) -> Text:
    told = Text()
    told.append(f"{hold['name']} · {hold['state']}\n", style="bold")
    votes = f"{hold['approvals']} of {hold['quorum']}"
    facts = (
        *calls.facts(hold),
        ("who", _who(hold)),
        ("from", _origin(hold)),
        ("to", f"{_target(hold)} · {hold['call']} · {hold['bytes']} bytes"),
        ("sent", _time(hold["sent_at"])),
        ("expires", _time(hold["expires_at"]) if hold["state"] == "pending" else ""),
        ("reason", hold["reason"]),
        ("approvals", f"{votes} by {', '.join(hold['approvers'])}"),
        ("session", hold["session"]),
    )
    for name, value in facts:
        if value:
            told.append(f"  {name:<10}", style="dim").append(f"{_line(value)}\n")
    calls.add_call(told, hold)
    for rule in hold["rules"]:
        _add_rule(told, rule)
    for vote in hold["votes"]:
        word = "approved" if vote["approve"] else "denied"
        why = f": {_line(vote['reason'])}" if vote["reason"] else ""
        told.append(f"\n{_line(vote['by'])} {word} at {_time(vote['at'])}{why}")
    if hold["covers_until"] and hold["state"] == "pending":
        what = (
            "exactly the same call of this requester"
            if hold["tool"]
            else "the same text, and what tools return and the model says while working on it"
        )
        until = _time(hold["covers_until"])
        told.append(f"\nApproving also covers {what}, until {until} at the latest.")
    if hold["why_not"]:
        told.append(f"\n{_line(hold['why_not'])}", style="yellow")
    return told


def _origin(hold: Json) -> str:
    """Name where it comes from; what only the client says of itself is marked."""
    told = " ".join(filter(None, (hold["repository"], hold["ref"], hold["commit"])))
    return f"{told} (claimed)" if told and hold.get("claimed") else told


def _add_rule(told: Text, rule: Json) -> None:
    told.append(f"\n{_line(rule['title'])}", style="bold")
    told.append(f" ({_line(rule['rule'])}, {rule['risk']} risk)\n")
    if rule["explain"]:
        told.append(f"  {_line(rule['explain'])}\n")
    quoted = [one for one in rule["passages"] if "words" in one] or rule["excerpts"]
    for one in quoted:
        told.append("  > ").append(_line(one["before"], keep_ends=True))
        told.append(_line(one["words"]), style="bold reverse")
        told.append(_line(one["after"], keep_ends=True))
        whose = {"typed": "typed"}.get(one.get("kind", ""), one.get("role", one["place"]))
        told.append(f"  ({_line(whose)})\n", style="dim")
    all_there_is = len(rule["passages"]) or rule["findings"]
    if (more := all_there_is - len(quoted)) > 0:
        told.append(f"  and {more} more\n", style="dim")


def _after(hold: Json) -> str:
    """Say what a vote has done."""
    name = hold["name"]
    match hold["state"]:
        case "approved" | "released" if hold["is_call"]:
            changed = ", as you changed it" if hold["change"] else ""
            return f"{name} is approved: the call goes to the agent{changed}."
        case "approved" | "released":
            return f"{name} is approved: the request goes on."
        case "denied" if hold["is_call"]:
            return f"{name} is denied. The agent and the requester read your reason."
        case "denied":
            return f"{name} is denied. The requester reads your reason."
        case _ if hold["votes"] and not hold["votes"][-1]["approve"]:
            return f"Your vote counts, but {name} is not denied yet: its rule asks for a majority."
        case _:
            votes = f"{hold['approvals']} of {hold['quorum']}"
            return f"Your vote counts: {name} has {votes} approvals."


def _who(hold: Json) -> str:
    email = f" ({hold['email']})" if hold["email"] else ""
    started = f", started by {hold['actor']}" if hold["actor"] else ""
    return f"{hold['requester']}{email}{started}"


def _target(hold: Json) -> str:
    return f"{hold['model']} via {hold['connection']}".removeprefix(" via ")


def _time(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M}"


def _line(text: str, *, keep_ends: bool = False) -> str:
    """Return text from outside without what moves a cursor, colours or hides words."""
    return clean(text).replace("\n", " ") if keep_ends else one_line(text)


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)
