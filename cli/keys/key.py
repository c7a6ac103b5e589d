"""`abeyance key`: create, list and revoke your keys; as an administrator, everyone's."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app.errors import BadRequest, BadSettings, NotFound
from cli.gateway import Gateway, GatewayUrl, Json, signed_in
from workstation.sign_in.signing_in import sign_in_apart
from workstation.workplace import find_workplace

app = typer.Typer(help="Make keys for tools that can hold nothing else.", no_args_is_help=True)
_LASTS = re.compile(r"([1-9]\d{0,2})(d|w)")
_HIDDEN = "aby_…"
_DAYS = {"d": 1, "w": 7}
Name = Annotated[str, typer.Argument(help="The key's name, or its id.")]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What you will know it by, such as 'laptop'.")],
    connection: Annotated[
        list[str] | None,
        typer.Option(help="A connection it is for; without any, all. May be given several times."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="A model it is for, such as 'gpt-5*'; without any, all."),
    ] = None,
    expires: Annotated[str, typer.Option(help="When it ends, such as 7d or 12w.")] = "30d",
    gateway: GatewayUrl = "",
    device: Annotated[  # noqa: FBT002
        bool, typer.Option("--device", help="Sign in with a browser on another machine.")
    ] = False,
) -> None:
    """Sign in once for a new key, and print the key: it is shown this one time."""
    days = _days(expires)
    workplace = find_workplace(gateway)
    console = _console()
    grant = sign_in_apart(workplace, console.print, device=device)
    with Gateway(workplace.gateway, grant.access_token) as at:
        made = at.ask(
            "POST",
            "/-/keys",
            {
                "name": name,
                "connections": connection or [],
                "models": model or [],
                "days": days,
                "refresh_token": grant.refresh_token,
                "client_id": workplace.client_id,
            },
        )
    # Only the key goes to standard output, so that the shell can take it.
    typer.echo(made["key"])
    console.print(f"It is for {_scope(made)} and expires {_day(made['expires_at'])}. To use it:")
    for paste in made["paste"]:
        lines = "\n".join(f"  {line}" for line in paste["lines"])
        if not sys.stdout.isatty():
            # A key that goes into a variable or a file should not also be shown on the screen.
            lines = lines.replace(made["key"], _HIDDEN)
        console.print(f"\n{paste['place']}\n{lines}")


@app.command(name="list")
def list_all(gateway: GatewayUrl = "") -> None:
    """List your keys, when each was last used, and what it is for."""
    columns = ("for", "last used", "expires", "")
    # The id is what `revoke` takes: it is folded and not cut.
    table = Table(Column("id", overflow="fold"), "name", *columns)
    for key in _keys(gateway):
        used = key["last_used_at"]
        cells = (
            *(key["id"], key["name"], _scope(key)),
            *(used[:16].replace("T", " ") if used else "never", _day(key["expires_at"])),
            _state(key),
        )
        table.add_row(*(escape(_inert(cell)) for cell in cells))
    Console().print(table)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name, or its id.")] = "",
    person: Annotated[
        str,
        typer.Option(
            help="As an administrator, on the server: end all keys and sessions of the person with "
            "this e-mail address."
        ),
    ] = "",
    gateway: GatewayUrl = "",
) -> None:
    """End a key at once, at every gateway."""
    if bool(name) == bool(person):
        raise BadRequest("Name one of your keys, or a person with --person.")
    if person:
        _revoke_of(person)
        return
    found = [key for key in _keys(gateway) if key["live"] and name in (key["id"], key["name"])]
    if len(found) != 1:
        raise NotFound(f"You have no live key “{name}”: see `abeyance key list`.")
    workplace = find_workplace(gateway)
    with Gateway(workplace.gateway, signed_in(workplace)) as at:
        at.ask("DELETE", f"/-/keys/{found[0]['id']}")
    _console().print(f"The key “{_inert(found[0]['name'])}” has ended.")


def _revoke_of(person: str) -> None:
    try:
        server = import_module("cli.keys.of_person")
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"--person needs {error.name}, which is part of the server: run it where the gateway "
            "is installed, with pip install 'abeyance[server]'."
        ) from error
    count = server.revoke_all(person)
    _console().print(f"{count} keys and sessions of {person} have ended.")


def _keys(gateway: str) -> list[Json]:
    workplace = find_workplace(gateway)
    with Gateway(workplace.gateway, signed_in(workplace)) as at:
        return list(at.ask("GET", "/-/keys")["keys"])


def _days(expires: str) -> int:
    found = _LASTS.fullmatch(expires)
    if found is None:
        raise BadRequest(f"“{expires}” is no time for a key: give days or weeks, as 30d or 4w.")
    return int(found[1]) * _DAYS[found[2]]


def _scope(key: Json) -> str:
    connections = ", ".join(key["connections"]) or "all connections"
    return connections + (f", models {', '.join(key['models'])}" if key["models"] else "")


def _state(key: Json) -> str:
    if key["live"]:
        return ""
    return {
        "refused": "ended: your sign-in is not renewed any more",
        "revoked": "revoked",
        "revoked_by_operator": "revoked by an administrator",
    }.get(key["ended"], "expired")


def _day(moment: str) -> str:
    return moment[:10]


def _inert(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
