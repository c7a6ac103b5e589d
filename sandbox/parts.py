"""The stand-ins as parts of one process: each serves, and one that dies takes all with it."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sandbox.idp import server as idp
from sandbox.idp.clients import GATEWAY_CLIENT, GATEWAY_SECRET
from sandbox.model import server as model
from sandbox.model.intake import CREDENTIAL
from sandbox.serving import HOST, listen
from sandbox.slack.server import run_workspace
from sandbox.slack.state import seed
from sandbox.slack.workspace import Workspace

Addresses = dict[str, str]
Ready = Callable[[Addresses], None]
Serve = Callable[[asyncio.Event, Ready], Awaitable[None]]

PORT_TROUBLE = {errno.EADDRINUSE: "is taken", errno.EACCES: "is not allowed to this user"}


class PartFailed(Exception):
    """A part stopped by itself; the text says which."""


class PortRefused(PartFailed):
    """A port cannot be had; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stand-in: `serve` tells its addresses once it listens, and ends after the shutdown."""

    name: str
    port: int
    serve: Serve


async def run_parts(
    parts: list[Part], shutdown: asyncio.Event, announce: Callable[[dict[str, Addresses]], None]
) -> None:
    """Serve all parts until `shutdown`; `announce` is called once, when all listen.

    Raises an ExceptionGroup of whatever ended a part early, PartFailed among them.
    """
    addresses: dict[str, Addresses] = {}

    def ready(name: str, where: Addresses) -> None:
        addresses[name] = where
        if len(addresses) == len(parts):
            announce({part.name: addresses[part.name] for part in parts})

    async with asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(_run(part, shutdown, ready), name=part.name)


async def _run(
    part: Part, shutdown: asyncio.Event, ready: Callable[[str, Addresses], None]
) -> None:
    try:
        await part.serve(shutdown, lambda where: ready(part.name, where))
    except OSError as error:
        if error.errno not in PORT_TROUBLE:
            raise
        raise PortRefused(
            f"port {part.port} {PORT_TROUBLE[error.errno]}; "
            f"give --{part.name}-port another, or 0 for any free one."
        ) from error
    if not shutdown.is_set():
        raise PartFailed(f"the {part.name} stand-in stopped by itself, so all stop.")


def slack_part(port: int, data: Path, request_url: str | None) -> Part:
    """Make the workspace; with a `request_url` it posts there in place of Socket Mode."""

    async def serve(shutdown: asyncio.Event, ready: Ready) -> None:
        workspace = Workspace(data)
        workspace.delivery.request_url = request_url
        with closing(workspace):
            await run_workspace(workspace, port, shutdown, lambda bound: ready(_slack_at(bound)))

    return Part("slack", port, serve)


def _slack_at(port: int) -> Addresses:
    url = f"http://{HOST}:{port}"
    return {
        "url": url,
        "api": f"{url}/api/",
        "bot_token": seed.BOT_TOKEN,
        "app_token": seed.APP_TOKEN,
        "signing_secret": seed.SIGNING_SECRET,
    }


def idp_part(port: int, data: Path) -> Part:
    """Make the identity provider."""

    async def serve(shutdown: asyncio.Event, ready: Ready) -> None:
        listener = listen(port)
        url = listener.url
        ready(
            {
                "url": url,
                "issuer": url,
                "ci_issuer": f"{url}{idp.CI_PATH}",
                "client_id": GATEWAY_CLIENT,
                "client_secret": GATEWAY_SECRET,
            }
        )
        await idp.run(listener, data, shutdown)

    return Part("idp", port, serve)


def model_part(port: int) -> Part:
    """Make the model API."""

    async def serve(shutdown: asyncio.Event, ready: Ready) -> None:
        listener = listen(port)
        url = listener.url
        ready(
            {
                "url": url,
                "openai": f"{url}/openai/v1",
                "anthropic": f"{url}/anthropic",
                "cursor": f"{url}/cursor",
                "gemini": f"{url}/gemini",
                "credential": CREDENTIAL,
            }
        )
        await model.run(listener, shutdown)

    return Part("model", port, serve)
