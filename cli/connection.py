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

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

app = typer.Typer(help="Manage the upstreams that the gateway may call.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The first part of the gateway's path, such as openai.")]
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@app.command()
def add(
    name: Name,
    base_url: Annotated[str, typer.Argument(help="Such as https://api.openai.com")],
    scheme: Annotated[
        CredentialScheme, typer.Option(help="How the upstream wants its credential.")
    ] = CredentialScheme.BEARER,
    wire: Annotated[str, typer.Option(help="How it spells prompts; auto tells by path.")] = "auto",
) -> None:
    """Register an upstream; its credential is read from the terminal or from standard input."""
    _check(name, base_url)
    credential = _read_credential()

    async def put(storage: MongoStorage, vault: Vault) -> None:
        sealed = vault.seal(name, credential)
        url = base_url.rstrip("/")
        await storage.connections.put(Connection(name, url, scheme, sealed, wire))

    _with_storage(put)
    Console().print(f"Connection [bold]{name}[/] is registered: /{name}/… goes to {base_url}")


@app.command(name="list")
def list_all() -> None:
    """List the connections; credentials are never shown."""

    async def show(storage: MongoStorage, _vault: Vault) -> None:
        table = Table("name", "base URL", "credential as", "wire")
        for known in await storage.connections.all():
            table.add_row(known.name, known.base_url, known.scheme.value, known.wire)
        Console().print(table)

    _with_storage(show)


@app.command()
def rotate(name: Name) -> None:
    """Replace the credential of a connection."""
    credential = _read_credential()

    async def put(storage: MongoStorage, vault: Vault) -> None:
        known = await _known(storage, name)
        sealed = vault.seal(name, credential)
        await storage.connections.put(replace(known, sealed_credential=sealed))

    _with_storage(put)
    Console().print(f"The next request of connection [bold]{name}[/] uses the new credential.")


@app.command()
def remove(name: Name) -> None:
    """Forget a connection and its credential."""

    async def drop(storage: MongoStorage, _vault: Vault) -> None:
        await _known(storage, name)
        await storage.connections.remove(name)

    _with_storage(drop)
    Console().print(f"Connection [bold]{name}[/] is gone.")


async def _known(storage: MongoStorage, name: str) -> Connection:
    known = await storage.connections.get(name)
    if known is None:
        raise NotFound(f"there is no connection “{name}”; see `abeyance connection list`")
    return known


def _check(name: str, base_url: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(f"“{name}” cannot name a connection: use a-z, 0-9 and dashes")
    url = httpx.URL(base_url)
    if url.scheme not in ("https", "http") or not url.host or url.userinfo or url.query:
        raise BadRequest(f"“{base_url}” is no base URL: give scheme, host and path only")


def _read_credential() -> str:
    if sys.stdin.isatty():
        credential = typer.prompt("Credential of the upstream", hide_input=True)
    else:
        credential = sys.stdin.readline()
    credential = str(credential).strip()
    if not credential:
        raise BadRequest("the credential is empty: type it, or pipe it in")
    return credential


def _with_storage(work: Callable[[MongoStorage, Vault], Coroutine[None, None, None]]) -> None:
    settings = load_settings()
    require(settings, "mongodb", "vault")
    vault = Vault(settings.vault_key.get_secret_value())

    async def run() -> None:
        uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
        storage = MongoStorage.connect(uri, database)
        try:
            await work(storage, vault)
        finally:
            storage.close()

    asyncio.run(run())
