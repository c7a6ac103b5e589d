"""The WebSocket that apps.connections.open hands out."""

import asyncio
import json

from quart import Blueprint, websocket

from sandbox.slack.sockets import Connection
from sandbox.slack.workspace import Workspace


def socket_mode(workspace: Workspace) -> Blueprint:
    link = Blueprint("socket_mode", __name__)

    @link.websocket("/link/")
    async def connect() -> tuple[str, int] | None:
        if workspace.faults.refuse_connections:
            return "connections are refused", 503
        if not workspace.links.redeem(websocket.args.get("ticket", "")):
            return "this link is used or expired", 404
        await websocket.accept()
        await _serve(workspace)
        return None

    return link


async def _serve(workspace: Workspace) -> None:
    connection = await workspace.sockets.join()
    try:
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(workspace))
            await _write(connection)
            reading.cancel()
    finally:
        await workspace.sockets.leave(connection)


async def _write(connection: Connection) -> None:
    while (frame := await connection.outbox.get()) is not None:
        await websocket.send(frame)
    await websocket.close(1000)


async def _read(workspace: Workspace) -> None:
    while True:
        try:
            frame = json.loads(await websocket.receive())
        except ValueError:
            continue
        if isinstance(frame, dict):
            workspace.sockets.acknowledge(frame)
