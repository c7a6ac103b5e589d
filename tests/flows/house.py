"""The whole product as its users meet it: separate processes, real sockets, a company's sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from app.domain.connection import Connection, CredentialScheme, Waiting
from app.sealing.local import LocalMasterKeys, keys_of_vault
from app.settings import POLICIES
from app.storage.store import MongoStorage
from app.vault import Vault
from sandbox.idp.driver import IdpDriver
from sandbox.model.driver import ModelDriver
from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser
from tests.ledger_order import out_of_order

if TYPE_CHECKING:
    from collections.abc import Iterator

STOP_SECONDS = 20


class Process:
    """One process of the product. It has announced itself when the constructor returns."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        env: dict[str, str],
        log: Path,
        program: tuple[str, ...] = (sys.executable, "-m"),
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*program, *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **env},
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.communicate()
            raise RuntimeError(f"{name} did not start:\n{log.read_text()}")
        self.addresses = json.loads(line)

    def kill(self) -> None:
        """Kill it as the power does: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout:
                self.process.stdout.close()


@dataclass
class House:
    """One company: a sandbox, a database, a gateway and a bot; more of the latter on demand."""

    data: Path
    mongodb_uri: str
    catalog: Path = POLICIES
    database: str = field(default_factory=lambda: f"flow-{uuid4().hex[:12]}")
    vault_key: str = field(default_factory=Vault.new_key)
    processes: list[Process] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    """Further settings of gateway and bot."""
    tells_reasons: bool = False
    """Whether its ledger is looked at in the end, for the reasons of all that went out."""
    has_bot: bool = True
    """Whether it has a bot from the beginning."""
    program: str = "cli"
    """The module that gateway and bot are started from."""

    def open(self) -> None:
        sandbox = self._start("sandbox", ["sandbox", "--data", str(self.data / "sandbox")])
        self.sandbox = sandbox.addresses
        asyncio.run(self._register_connections())
        self.gateway = self.start_gateway()
        if self.has_bot:
            self.bot = self.start_bot()

    def close(self) -> None:
        codes = {process.name: process.stop() for process in reversed(self.processes)}
        died = {name: code for name, code in codes.items() if code not in (0, -signal.SIGKILL)}
        assert not died, f"processes ended badly: {died}\n{self.logs()}"
        if self.tells_reasons:
            assert not (told := asyncio.run(self._out_of_order())), told

    async def _out_of_order(self) -> list[str]:
        storage = self.storage()
        try:
            return await out_of_order(storage)
        finally:
            storage.close()

    def logs(self) -> str:
        return "\n".join(f"--- {p.name}\n{p.log.read_text()[-4000:]}" for p in self.processes)

    def start_gateway(self) -> Process:
        return self._start("gateway", [self.program, "gateway"])

    def start_bot(self) -> Process:
        return self._start("bot", [self.program, "bot"])

    @property
    def env(self) -> dict[str, str]:
        """The settings of production, pointed at the sandbox."""
        slack, idp = self.sandbox["slack"], self.sandbox["idp"]
        issuers = [
            {"issuer": idp["issuer"], "kind": "person"},
            {"issuer": idp["ci_issuer"], "kind": "workload", "repositories": ["acme/*"]},
        ]
        return {
            "MONGODB_URI": self.mongodb_uri,
            "ABEYANCE_MONGODB_DATABASE": self.database,
            "ABEYANCE_VAULT_KEY": self.vault_key,
            "ABEYANCE_ISSUERS": json.dumps(issuers),
            "ABEYANCE_CATALOG": str(self.catalog),
            "ABEYANCE_PORT": "0",
            "ABEYANCE_KEEP_ALIVE_SECONDS": "0.2",
            "ABEYANCE_DRAIN_SECONDS": "1",
            "ABEYANCE_CONNECTIONS_SECONDS": "0",
            "ABEYANCE_SLACK_API_URL": slack["api"],
            "ABEYANCE_SLACK_BOT_TOKEN": slack["bot_token"],
            "ABEYANCE_SLACK_APP_TOKEN": slack["app_token"],
            **self.settings,
        }

    @property
    def url(self) -> str:
        return str(self.gateway.addresses["gateway"]["url"])

    def slack(self) -> SlackDriver:
        return SlackDriver(self.sandbox["slack"]["url"])

    def idp(self) -> IdpDriver:
        return IdpDriver(self.sandbox["idp"]["url"])

    def model(self) -> ModelDriver:
        return ModelDriver(self.sandbox["model"]["url"])

    def openai(self, token: str, **options: object) -> AsyncOpenAI:
        return AsyncOpenAI(base_url=f"{self.url}/openai/v1", api_key=token, **options)

    def anthropic(self, token: str, **options: object) -> AsyncAnthropic:
        return AsyncAnthropic(base_url=f"{self.url}/anthropic", api_key=token, **options)

    def http(self, token: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=120)

    def storage(self) -> MongoStorage:
        master = LocalMasterKeys(keys_of_vault(self.vault_key))
        return MongoStorage.connect(self.mongodb_uri, self.database, master)

    def _start(self, name: str, arguments: list[str]) -> Process:
        env = self.env if name != "sandbox" else {}
        process = Process(name, arguments, env, self.data / f"{name}.log")
        self.processes.append(process)
        return process

    async def register(
        self,
        name: str,
        base_url: str,
        credential: str,
        scheme: CredentialScheme = CredentialScheme.BEARER,
        waiting: Waiting = Waiting.AUTO,
        **options: Any,  # noqa: ANN401 - further fields of a connection
    ) -> None:
        """Add a connection, as an administrator does."""
        storage, sealed = self.storage(), Vault(self.vault_key).seal(name, credential)
        added = Connection(name, base_url, scheme, sealed, waiting=waiting, **options)
        await storage.connections.put(added)
        storage.close()

    async def _register_connections(self) -> None:
        model, vault, storage = self.sandbox["model"], Vault(self.vault_key), self.storage()
        for name, scheme in (
            ("openai", CredentialScheme.BEARER),
            ("anthropic", CredentialScheme.X_API_KEY),
            ("cursor", CredentialScheme.BASIC),
        ):
            sealed = vault.seal(name, model["credential"])
            base_url = f"{model['url']}/{name}"
            await storage.connections.put(Connection(name, base_url, scheme, sealed))
        storage.close()


@contextmanager
def open_house(
    data: Path, mongodb_uri: str, catalog: Path = POLICIES, **settings: str
) -> Iterator[House]:
    house = House(data, mongodb_uri, catalog, settings=settings)
    try:
        house.open()
        yield house
    finally:
        house.close()


def send_all_then_read(url: str, path: str, token: str, size: int) -> bytes:
    """Send a request of `size` bytes whole before its answer is read; return that answer.

    Raises ConnectionError where the connection is reset.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {size}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode() + b" " * size)
        return b"".join(iter(lambda: connection.recv(65536), b""))


async def only_this_request(manager: SlackUser, card: SeenMessage) -> None:
    """Approve one request or call by its card, so that nothing else is covered."""
    options = card.element("hold_more").raw["options"]
    [option] = [o for o in options if o["text"]["text"].startswith("Approve only this ")]
    await manager.click(card, "hold_more", choose=option["value"])
