"""`abeyance up`: everything on this machine, with stand-ins for whatever is not given."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import sys
import traceback
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console

from app.domain.connection import Connection, CredentialScheme
from app.errors import AbeyanceError, BadSettings, Fault
from app.settings import LocalSettings, Settings, SlackMode, load_local_settings, load_settings
from app.storage.embedded import embedded_server, embedded_uri
from app.storage.store import MongoStorage
from app.vault import Vault
from cli.here import LOCK, keep_settings
from cli.processes.panel import Places, Steps, show_panel
from cli.processes.running import STOPPING, run_until_stopped
from cli.processes.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Addresses: TypeAlias = "dict[str, dict[str, str]]"
_LOOPBACK = "127.0.0.1"
_DRAIN_SECONDS = 2.0
_USUAL_PORT, _LAST_PORT = 8470, 65535
# Beside this package, in a checkout as where both are installed.
_SANDBOX = Path(__file__).resolve().parents[2] / "sandbox"
_SANDBOX_CONNECTIONS = {
    "openai": CredentialScheme.BEARER,
    "anthropic": CredentialScheme.X_API_KEY,
    "cursor": CredentialScheme.BASIC,
    "gemini": CredentialScheme.X_GOOG_API_KEY,
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which parts are given in the settings, and which we stand in for."""

    settings: Settings
    local: LocalSettings

    @property
    def stand_in_mongodb(self) -> bool:
        return not self.settings.mongodb_uri.get_secret_value()

    @property
    def stand_in_slack(self) -> bool:
        return not self.settings.slack_bot_token.get_secret_value()

    @property
    def stand_in_issuers(self) -> bool:
        return not self.settings.issuers

    @property
    def drain_seconds(self) -> float:
        """Return a moment unless more is asked for: whoever presses Ctrl-C is waiting."""
        given = "drain_seconds" in self.settings.model_fields_set
        return self.settings.drain_seconds if given else _DRAIN_SECONDS

    @property
    def slack_port(self) -> int:
        return self.local.sandbox_slack_port or self._after(1)

    @property
    def idp_port(self) -> int:
        return self.local.sandbox_idp_port or self._after(2)

    @property
    def model_port(self) -> int:
        return self.local.sandbox_model_port or self._after(3)

    @property
    def mongodb_port(self) -> int:
        return self.local.embedded_mongodb_port or self._after(4)

    def _after(self, number: int) -> int:
        """Return a port that follows the gateway's; with any free one for that, fixed ones."""
        return (self.settings.port or _USUAL_PORT) + number

    def ports(self) -> dict[str, int]:
        """Return each port that must be free, by the setting that changes it."""
        wanted = {
            "ABEYANCE_PORT": (True, self.settings.port),
            "ABEYANCE_SANDBOX_SLACK_PORT": (self.stand_in_slack, self.slack_port),
            "ABEYANCE_SANDBOX_IDP_PORT": (self.stand_in_issuers, self.idp_port),
            "ABEYANCE_SANDBOX_MODEL_PORT": (True, self.model_port),
            "ABEYANCE_EMBEDDED_MONGODB_PORT": (self.stand_in_mongodb, self.mongodb_port),
        }
        return {name: port for name, (needed, port) in wanted.items() if needed}


def up() -> None:
    """Start everything on this machine and say what to try; Ctrl-C stops it."""
    if not _SANDBOX.is_dir():
        raise BadSettings(
            "`abeyance up` needs the sandbox, which is not installed here: install it with pip "
            "install abeyance-sandbox, or use `make run` in a clone of the repository. For "
            "production there are `abeyance gateway` and `abeyance bot`."
        )
    plan = _Plan(load_settings(), load_local_settings())
    try:
        # A terminal that closes hangs up: nothing may go on behind its back.
        run_until_stopped(lambda stop: _up(plan, stop), (*STOPPING, signal.SIGHUP))
    except AbeyanceError:
        raise
    except Exception as error:
        log = plan.local.data.resolve() / "logs" / "up.log"
        log.write_text("".join(traceback.format_exception(error)))
        raise Fault(
            f"a fault of Abeyance's own ended it ({type(error).__name__}). Its log is {log}"
        ) from error


async def _up(plan: _Plan, stop: asyncio.Event) -> None:
    data = plan.local.data.resolve()
    console = Console(highlight=False)
    with _only_one(data):
        _check_ports(plan.ports())
        async with AsyncExitStack() as stack:
            starting = asyncio.ensure_future(_start(plan, data, stack, Steps(console)))
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                family, places = starting.result()
                show_panel(console, places)
                await family.wait(stop)
            console.print("\nstopping …")
            starting.cancel()
            stopping.cancel()
            await asyncio.wait((starting, stopping))
        console.print(f"stopped; the data stay in {data}", soft_wrap=True)


async def _start(
    plan: _Plan, data: Path, stack: AsyncExitStack, steps: Steps
) -> tuple[Supervisor, Places]:
    """Start all that is needed, in the order of who needs whom."""
    logs = data / "logs"
    settings = _given(plan, data)
    family = Supervisor(logs, os.environ, plan.drain_seconds)
    if plan.stand_in_mongodb:
        log = logs / "mongodb.log"
        server = embedded_server(plan.mongodb_port, data / "mongodb", log)
        async with steps.step("the database"):
            family.adopt("mongodb", await stack.enter_async_context(server), log)
    await stack.enter_async_context(family)
    async with steps.step("the sandbox"):
        command = _sandbox(plan, data)
        sandbox = json.loads(await family.start("sandbox", command, {}, _SANDBOX.parent))
        await _register_sandbox(plan, settings, sandbox["model"])
    settings |= _stand_ins(plan, sandbox)
    async with steps.step("the gateway (the first time it compiles the rules)"):
        gateway = json.loads(await family.start("gateway", _abeyance("gateway"), settings))
    async with steps.step("the Slack bot"):
        await family.start("bot", _abeyance("bot"), settings)
    keep_settings(data, _not_of_the_environment(plan, settings))
    return family, _places(plan, sandbox | gateway, data)


def _not_of_the_environment(plan: _Plan, settings: Mapping[str, str]) -> dict[str, str]:
    """Leave out what was given in the environment: such secrets are not for a file of ours."""
    given = {
        "MONGODB_URI": not plan.stand_in_mongodb,
        "ABEYANCE_VAULT_KEY": bool(plan.settings.vault_key.get_secret_value()),
    }
    return {name: value for name, value in settings.items() if not given.get(name)}


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the data folder. Raises BadSettings where another `abeyance up` has it."""
    try:
        (data / "logs").mkdir(parents=True, exist_ok=True)
        lock_file = (data / LOCK).open("w")
    except OSError as error:
        raise BadSettings(
            f"{data} cannot be written ({error.strerror}): set ABEYANCE_DATA to another folder."
        ) from error
    with lock_file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadSettings(
                f"{data} is in use: Abeyance is already running here. Stop it, or give this one "
                "a folder and ports of its own (ABEYANCE_DATA, ABEYANCE_PORT)."
            ) from None
        yield


def _check_ports(ports: Mapping[str, int]) -> None:
    if max(ports.values()) > _LAST_PORT:
        raise BadSettings(
            f"the ports that follow ABEYANCE_PORT={ports['ABEYANCE_PORT']} end above {_LAST_PORT}: "
            "set a lower one, such as 18470"
        )
    taken = [f"{name}={port} is taken" for name, port in ports.items() if not _free(port)]
    if taken:
        raise BadSettings(
            "\n".join(taken) + "\nset ABEYANCE_PORT, which the other ports follow, such as "
            "`ABEYANCE_PORT=18470 make run`, or stop what listens there"
        )


def _free(port: int) -> bool:
    if port == 0:
        return True
    try:
        socket.create_server((_LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def _given(plan: _Plan, data: Path) -> dict[str, str]:
    """Return the settings that need no stand-in to run first."""
    uri = plan.settings.mongodb_uri.get_secret_value()
    key = plan.settings.vault_key.get_secret_value()
    return {
        "MONGODB_URI": uri or embedded_uri(plan.mongodb_port),
        "ABEYANCE_VAULT_KEY": key or _kept_key(data / "vault.key"),
        "ABEYANCE_DRAIN_SECONDS": str(plan.drain_seconds),
    }


def _kept_key(path: Path) -> str:
    """Return this machine's own vault key, made at the first start."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(Vault.new_key())
    return path.read_text().strip()


async def _register_sandbox(
    plan: _Plan, settings: Mapping[str, str], model: Mapping[str, str]
) -> None:
    """Point the usual connections at the sandbox's model API, unless they point elsewhere."""
    vault = Vault(settings["ABEYANCE_VAULT_KEY"])
    storage = MongoStorage.connect(settings["MONGODB_URI"], plan.settings.mongodb_database)
    try:
        for name, scheme in _SANDBOX_CONNECTIONS.items():
            known = await storage.connections.get(name)
            if known is not None and not known.base_url.startswith(f"http://{_LOOPBACK}:"):
                continue
            sealed = vault.seal(name, model["credential"])
            await storage.connections.put(
                Connection(name, f"{model['url']}/{name}", scheme, sealed)
            )
    finally:
        storage.close()


def _abeyance(command: str) -> list[str]:
    return [sys.executable, "-m", "cli", command]


def _sandbox(plan: _Plan, data: Path) -> list[str]:
    parts = ["model"]
    parts += ["slack"] if plan.stand_in_slack else []
    parts += ["idp"] if plan.stand_in_issuers else []
    ports = {
        "--slack-port": plan.slack_port,
        "--idp-port": plan.idp_port,
        "--model-port": plan.model_port,
    }
    command = [sys.executable, "-m", "sandbox", "--only", ",".join(parts)]
    command += ["--data", str(data / "sandbox")]
    return command + [str(word) for pair in ports.items() for word in pair]


def _places(plan: _Plan, addresses: Addresses, data: Path) -> Places:
    return Places(
        gateway=addresses["gateway"]["url"],
        slack=addresses["slack"]["url"] if plan.stand_in_slack else "",
        idp=addresses["idp"]["url"] if plan.stand_in_issuers else "",
        model=addresses["model"]["url"],
        data=data,
    )


def _stand_ins(plan: _Plan, sandbox: Addresses) -> dict[str, str]:
    """Return the settings that point gateway and bot at the stand-ins."""
    settings: dict[str, str] = {}
    if plan.stand_in_issuers:
        issuers = [
            {"issuer": sandbox["idp"]["issuer"], "kind": "person"},
            {
                "issuer": sandbox["idp"]["ci_issuer"],
                "kind": "workload",
                "repositories": ["acme/*"],
            },
        ]
        settings["ABEYANCE_ISSUERS"] = json.dumps(issuers)
        settings |= {
            "ABEYANCE_PUBLIC_URL": plan.settings.public_url
            or f"http://{_LOOPBACK}:{plan.settings.port}",
            "ABEYANCE_LOGIN_ISSUER": sandbox["idp"]["issuer"],
            "ABEYANCE_LOGIN_CLIENT_ID": sandbox["idp"]["client_id"],
            "ABEYANCE_LOGIN_CLIENT_SECRET": sandbox["idp"]["client_secret"],
        }
    if plan.stand_in_slack:
        settings |= {
            "ABEYANCE_SLACK_API_URL": sandbox["slack"]["api"],
            "ABEYANCE_SLACK_BOT_TOKEN": sandbox["slack"]["bot_token"],
            "ABEYANCE_SLACK_APP_TOKEN": sandbox["slack"]["app_token"],
            "ABEYANCE_SLACK_MODE": SlackMode.SOCKET.value,
        }
    return settings
