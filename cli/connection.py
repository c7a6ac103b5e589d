"""`abeyance connection`: the upstreams that the gateway may call, and their credentials."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from app.clock import SystemClock
from app.domain.connection import Connection, CredentialScheme, Waiting
from app.errors import BadRequest, NotFound
from app.settings import load_settings, require
from app.storage.ports import Event, EventKind
from app.vault import Vault
from app.wire.registry import WIRES
from cli.storing import record, who, with_storage

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

app = typer.Typer(help="Manage the upstreams that the gateway may call.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The first part of the gateway's path, such as openai.")]
Waits = Annotated[
    Waiting | None,
    typer.Option("--waiting", help="How callers wait while a request of theirs is held."),
]
Patience = Annotated[
    float | None,
    typer.Option(min=0, help="For how many seconds they wait in silence; 0: to the end."),
]
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@app.command()
def add(
    name: Name,
    base_url: Annotated[str, typer.Argument(help="Such as https://api.openai.com")],
    scheme: Annotated[
        CredentialScheme, typer.Option(help="How the upstream wants its credential.")
    ] = CredentialScheme.BEARER,
    wire: Annotated[
        str, typer.Option(help=f"How it spells prompts: {', '.join(sorted(WIRES))}.")
    ] = "auto",
    waiting: Waits = None,
    patience: Patience = None,
) -> None:
    """Register an upstream; its credential is read from the terminal or from standard input."""
    _check(name, base_url, wire)
    vault = _vault()
    _refuse_known(name)
    credential = _read_credential()

    async def put(storage: MongoStorage) -> None:
        sealed = vault.seal(name, credential)
        url = base_url.rstrip("/")
        made = Connection(name, url, scheme, sealed, wire)
        await _note(storage, name, "add", base_url=url)
        await storage.connections.put(_with(made, waiting, patience))

    with_storage(put)
    Console().print(f"Connection [bold]{name}[/] is registered: /{name}/… goes to {base_url}")


@app.command(name="list")
def list_all() -> None:
    """List the connections; credentials are never shown."""

    async def show(storage: MongoStorage) -> None:
        table = Table("name", "base URL", "credential as", "wire", "callers wait")
        for known in await storage.connections.all():
            table.add_row(known.name, known.base_url, known.scheme.value, known.wire, _waits(known))
        Console().print(table)

    with_storage(show)


@app.command()
def change(name: Name, waiting: Waits = None, patience: Patience = None) -> None:
    """Change how callers of a connection wait."""
    if waiting is None and patience is None:
        raise BadRequest("Say what to change: --waiting, --patience or both.")

    async def put(storage: MongoStorage) -> None:
        changed = _with(await _known(storage, name), waiting, patience)
        await _note(storage, name, "change", waits=_waits(changed))
        await storage.connections.put(changed)
        Console().print(f"Callers of connection [bold]{name}[/] wait: {_waits(changed)}.")

    with_storage(put)


@app.command()
def rotate(name: Name) -> None:
    """Replace the credential of a connection."""
    vault = _vault()
    credential = _read_credential()

    async def put(storage: MongoStorage) -> None:
        known = await _known(storage, name)
        sealed = vault.seal(name, credential)
        await _note(storage, name, "rotate")
        await storage.connections.put(replace(known, sealed_credential=sealed))

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
                f"changes its credential; `abeyance connection remove {name}` makes room."
            )

    with_storage(look)


def _check(name: str, base_url: str, wire: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(f"“{name}” cannot name a connection: use a-z, 0-9 and dashes.")
    url = httpx.URL(base_url)
    if url.scheme not in ("https", "http") or not url.host or url.userinfo or url.query:
        raise BadRequest(f"“{base_url}” is no base URL: give scheme, host and path only.")
    if url.scheme == "http" and url.host not in _LOOPBACK:
        raise BadRequest(f"“{base_url}” would carry the credential in the clear: use https.")
    if wire not in WIRES:
        raise BadRequest(f"“{wire}” is no wire format: use one of {', '.join(sorted(WIRES))}.")


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
    settings = load_settings()
    require(settings, "mongodb", "vault")
    return Vault(settings.vault_key.get_secret_value())
