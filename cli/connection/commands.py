"""`abeyance connection`: the upstreams that the gateway may call, and their credentials."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from app.clock import SystemClock
from app.domain.connection import Connection, CredentialScheme, Waiting
from app.domain.event import Event, EventKind
from app.errors import BadRequest, NotFound
from app.settings import require
from app.vault import Vault
from app.wire.registry import WIRES
from cli.connection.agent_options import (
    FetchArtifacts,
    OpenAgents,
    OwnAgents,
    ShareAgents,
    agent_changes,
    agents_of,
)
from cli.connection.base_urls import base_url
from cli.connection.open_endpoints import Close, Open, endpoint_changes
from cli.connection.retention import retain
from cli.connection.server_options import (
    AllowTool,
    AllTools,
    DenyTool,
    Elicitation,
    Sampling,
    asks_of,
    check_server,
    server_changes,
    tools_of,
)
from cli.connection.server_tools import accept_tool
from cli.here import settings_here
from cli.storing import record, who, with_storage

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

app = typer.Typer(help="Manage the upstreams that the gateway may call.", no_args_is_help=True)
app.command()(accept_tool)
app.command()(retain)

Name = Annotated[str, typer.Argument(help="The first part of the gateway's path, such as openai.")]
Waits = Annotated[
    Waiting | None,
    typer.Option("--waiting", help="How callers wait while a request of theirs is held."),
]
Patience = Annotated[
    float | None,
    typer.Option(min=0, help="For how many seconds they wait in silence; 0: to the end."),
]
_WIRE_HELP = f"How it spells prompts: {', '.join(sorted(WIRES))}."
_HEAD = (
    "name",
    "base URL",
    "credential as",
    "wire",
    "callers wait",
    "lists",
    "opened",
    "tools",
    "may ask",
)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@app.command()
def add(  # noqa: PLR0913 - each is an option of the command
    name: Name,
    url: Annotated[str, typer.Argument(metavar="BASE_URL", help="Such as https://api.openai.com")],
    *,
    scheme: Annotated[
        CredentialScheme, typer.Option(help="How the upstream wants its credential.")
    ] = CredentialScheme.BEARER,
    wire: Annotated[str, typer.Option(help=_WIRE_HELP)] = "auto",
    waiting: Waits = None,
    patience: Patience = None,
    allow_tool: AllowTool = None,
    deny_tool: DenyTool = None,
    sampling: Sampling = None,
    elicitation: Elicitation = None,
) -> None:
    """Register an upstream; its credential is read from the terminal or from standard input."""
    _check_name(name)
    _check_wire(wire)
    made = _with(Connection(name, base_url(url), scheme, b"", wire), waiting, patience)
    changes: dict[str, Any] = server_changes(allow_tool, deny_tool, sampling, elicitation)
    made = replace(made, **changes)
    check_server(made)
    vault = _vault()
    _refuse_known(name)
    credential = _read_credential()

    async def put(storage: MongoStorage) -> None:
        sealed = replace(made, sealed_credential=vault.seal(name, credential))
        told = {"base_url": sealed.base_url, "credential": sealed.credential_id}
        await _note(storage, name, "add", **told, **_server(sealed))
        await storage.connections.put(sealed)

    with_storage(put)
    _say(f"Connection [bold]{name}[/] is registered: /{name}/… goes to {escape(made.base_url)}")


@app.command(name="list")
def list_all(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """List the connections; credentials are never shown."""

    async def show(storage: MongoStorage) -> None:
        connections = await storage.connections.all()
        if as_json:
            described = [
                {"name": known.name, **_described(known), "patience": known.patience}
                for known in connections
            ]
            typer.echo(json.dumps(described, indent=2))
            return
        rows = [_HEAD, *(_row(known) for known in connections)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
        # No table: one that is narrower than its lines would cut or fold addresses.
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            typer.echo("  ".join(cells).rstrip())

    with_storage(show)


@app.command()
def change(  # noqa: PLR0913 - each is an option of the command
    name: Name,
    *,
    url: Annotated[
        str | None, typer.Option(help="Another base URL; the credential then goes there.")
    ] = None,
    scheme: Annotated[
        CredentialScheme | None, typer.Option(help="How the upstream wants its credential.")
    ] = None,
    wire: Annotated[str | None, typer.Option(help=_WIRE_HELP)] = None,
    waiting: Waits = None,
    patience: Patience = None,
    open_lists: Annotated[
        bool | None,
        typer.Option(
            "--open-lists/--closed-lists",
            help="Whether callers may list the files, batches and agents of everyone.",
        ),
    ] = None,
    opened: Open = None,
    closed: Close = None,
    allow_tool: AllowTool = None,
    deny_tool: DenyTool = None,
    all_tools: AllTools = False,
    sampling: Sampling = None,
    elicitation: Elicitation = None,
    share_agents: ShareAgents = None,
    own_agents: OwnAgents = False,
    open_agents: OpenAgents = None,
    fetch_artifacts: FetchArtifacts = None,
) -> None:
    """Change what is given of a connection; the rest, its credential too, stays as it is."""
    given = {
        "base_url": url if url is None else base_url(url),
        "scheme": scheme,
        "wire": wire if wire is None else _check_wire(wire),
        "waiting": waiting,
        "patience": patience,
        "open_lists": open_lists,
    }
    changes: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    changes |= server_changes(allow_tool, deny_tool, sampling, elicitation, all_tools=all_tools)
    changes |= agent_changes(share_agents, open_agents, fetch_artifacts, own=own_agents)
    if not changes and not opened and not closed:
        raise BadRequest(
            "Say what to change: --url, --scheme, --wire, --waiting, --patience, "
            "--open-lists, --closed-lists, --open, --close, --allow-tool, --deny-tool, "
            "--all-tools, --allow-sampling, --allow-elicitation, --share-agents, --own-agents, "
            "--open-agents or --fetch-artifacts."
        )

    async def put(storage: MongoStorage) -> None:
        known = await _known(storage, name)
        endpoints: dict[str, Any] = endpoint_changes(known, opened, closed)
        changed = replace(known, **changes, **endpoints)
        check_server(changed)
        await _note(storage, name, "change", **_described(changed), waits=_waits(changed))
        await storage.connections.put(changed)
        _say(f"Connection [bold]{name}[/] is changed: {escape(_sentence(changed))}")

    with_storage(put)


@app.command()
def rotate(name: Name) -> None:
    """Replace the credential of a connection."""
    vault = _vault()
    credential = _read_credential()

    async def put(storage: MongoStorage) -> None:
        known = await _known(storage, name)
        rotated = replace(known, sealed_credential=vault.seal(name, credential))
        await _note(storage, name, "rotate", credential=rotated.credential_id)
        await storage.connections.put(rotated)

    with_storage(put)
    Console().print(f"The next request of connection [bold]{name}[/] uses the new credential.")


@app.command()
def remove(name: Name) -> None:
    """Forget a connection and its credential."""

    async def drop(storage: MongoStorage) -> None:
        await _known(storage, name)
        await _note(storage, name, "remove")
        await storage.connections.remove(name)

    with_storage(drop)
    Console().print(f"Connection [bold]{name}[/] is gone.")


def _with(connection: Connection, waiting: Waiting | None, patience: float | None) -> Connection:
    return replace(
        connection,
        waiting=connection.waiting if waiting is None else waiting,
        patience=connection.patience if patience is None else patience,
    )


def _waits(connection: Connection) -> str:
    longest = f", {connection.patience:g} s at most" if connection.patience else ""
    return f"{connection.waiting.value}{longest}"


def _server(connection: Connection) -> dict[str, str]:
    return {"tools": tools_of(connection), "may_ask": asks_of(connection)}


def _described(connection: Connection) -> dict[str, str]:
    return {
        "base_url": connection.base_url,
        "credential": connection.credential_id,
        "scheme": connection.scheme.value,
        "wire": connection.wire,
        "waiting": connection.waiting.value,
        "lists": "open" if connection.open_lists else "closed",
        "opened": _opened(connection),
        **_server(connection),
        "agents": agents_of(connection),
    }


def _opened(connection: Connection) -> str:
    return ", ".join(connection.open_endpoints) or "nothing"


def _row(connection: Connection) -> tuple[str, ...]:
    described = _described(connection) | {"waiting": _waits(connection)}
    del described["agents"], described["credential"]  # too long for a table
    return connection.name, *described.values()


def _sentence(connection: Connection) -> str:
    return (
        f"it goes to {connection.base_url}, its credential as {connection.scheme.value}, its wire "
        f"is {connection.wire}, its callers wait {_waits(connection)}, and its "
        f"lists are {_described(connection)['lists']}."
        + (f" Open besides: {_opened(connection)}." if connection.open_endpoints else "")
        + (f" It offers these tools: {tools_of(connection)}." if connection.wire == "mcp" else "")
        + (f" Its agents: {agents_of(connection)}." if connection.wire == "cursor" else "")
    )


async def _note(storage: MongoStorage, name: str, what: str, **details: str) -> None:
    """Write down what is about to change, and who changes it."""
    said: dict[str, str | int] = {"connection": name, "what": what, "by": who(), **details}
    await record(storage, Event(EventKind.CONNECTION_CHANGED, SystemClock().now(), "", said))


async def _known(storage: MongoStorage, name: str) -> Connection:
    known = await storage.connections.get(name)
    if known is None:
        raise NotFound(f"There is no connection “{name}”; see `abeyance connection list`.")
    return known


def _refuse_known(name: str) -> None:
    async def look(storage: MongoStorage) -> None:
        if await storage.connections.get(name) is not None:
            raise BadRequest(
                f"There is a connection “{name}” already. `abeyance connection rotate {name}` "
                f"replaces its credential; `abeyance connection change {name}` changes the rest."
            )

    with_storage(look)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(f"“{name}” cannot name a connection: use a-z, 0-9 and dashes.")


def _check_wire(wire: str) -> str:
    if wire not in WIRES:
        raise BadRequest(f"“{wire}” is no wire format: use one of {', '.join(sorted(WIRES))}.")
    return wire


def _say(sentence: str) -> None:
    Console(highlight=False, soft_wrap=True).print(sentence)


def _read_credential() -> str:
    if sys.stdin.isatty():
        credential = typer.prompt("Credential of the upstream", hide_input=True)
    else:
        credential = sys.stdin.readline()
    credential = str(credential).strip()
    if not credential:
        raise BadRequest("The credential is empty: type it, or pipe it in.")
    if not credential.isascii() or not credential.isprintable():
        raise BadRequest("The credential has a character that no header can carry.")
    return credential


def _vault() -> Vault:
    settings = settings_here()
    require(settings, "mongodb", "vault")
    return Vault(settings.vault_key.get_secret_value())
