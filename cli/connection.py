"""`abeyance connection`: the upstreams that the gateway may call, and their credentials."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from app.domain.connection import Connection, CredentialScheme
from app.errors import BadRequest, NotFound
from app.settings import load_settings, require
from app.storage.store import MongoStorage
from app.vault import Vault
from app.wire.registry import WIRES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

app = typer.Typer(help="Manage the upstreams that the gateway may call.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The first part of the gateway's path, such as openai.")]
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
) -> None:
    """Register an upstream; its credential is read from the terminal or from standard input."""
    _check(name, base_url, wire)
    vault = _vault()
    _refuse_known(name)
    credential = _read_credential()

    async def put(storage: MongoStorage) -> None:
        sealed = vault.seal(name, credential)
        url = base_url.rstrip("/")
        await storage.connections.put(Connection(name, url, scheme, sealed, wire))

    _with_storage(put)
    Console().print(f"Connection [bold]{name}[/] is registered: /{name}/… goes to {base_url}")


@app.command(name="list")
def list_all() -> None:
    """List the connections; credentials are never shown."""

    async def show(storage: MongoStorage) -> None:
        table = Table("name", "base URL", "credential as", "wire")
        for known in await storage.connections.all():
            table.add_row(known.name, known.base_url, known.scheme.value, known.wire)
        Console().print(table)

    _with_storage(show)


@app.command()
def rotate(name: Name) -> None:
    """Replace the credential of a connection."""
    vault = _vault()
    credential = _read_credential()

    async def put(storage: MongoStorage) -> None:
        known = await _known(storage, name)
        sealed = vault.seal(name, credential)
        await storage.connections.put(replace(known, sealed_credential=sealed))

    _with_storage(put)
    Console().print(f"The next request of connection [bold]{name}[/] uses the new credential.")


@app.command()
def remove(name: Name) -> None:
    """Forget a connection and its credential."""

    async def drop(storage: MongoStorage) -> None:
        await _known(storage, name)
        await storage.connections.remove(name)

    _with_storage(drop)
    Console().print(f"Connection [bold]{name}[/] is gone.")


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

    _with_storage(look)


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


def _with_storage(work: Callable[[MongoStorage], Coroutine[None, None, None]]) -> None:
    settings = load_settings()
    require(settings, "mongodb")

    async def run() -> None:
        uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
        storage = MongoStorage.connect(uri, database)
        try:
            await work(storage)
        finally:
            storage.close()

    asyncio.run(run())
