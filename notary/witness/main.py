"""The composition root of a witness."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import structlog
from hypercorn.asyncio import serve
from hypercorn.config import Config

from app.audit.proof.notes import COSIGNER, BadNote, PrivateKey, PublicKey
from app.clock import SystemClock
from app.errors import BadSettings
from notary.book import read_key, write_key
from notary.witness.memory import Memory
from notary.witness.server import witness_app

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from app.notary_settings import WitnessSettings

_log = structlog.get_logger(__name__)


async def run_witness(
    own: WitnessSettings, stop: asyncio.Event, announce: Callable[[str], None]
) -> None:
    """Run until `stop` is set. Raises BadSettings or OSError."""
    key, ledgers, memory = key_of(own), ledgers_of(own), Memory(own.witness_folder)
    try:
        listener = _listening(own)
        host, port = listener.getsockname()[:2]
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        config.include_server_header = False
        config.accesslog = None
        config.errorlog = logging.getLogger("hypercorn.error")
        announce(f"http://{host}:{port}")
        _log.info("witnessing", key=str(key.public), ledgers=[each.short for each in ledgers])
        app = witness_app(key, ledgers, memory, SystemClock())
        await serve(app, config, shutdown_trigger=stop.wait)
    finally:
        memory.close()


def _listening(own: WitnessSettings) -> socket.socket:
    try:
        return socket.create_server((own.witness_host, own.witness_port))
    except OSError as error:
        raise BadSettings(
            f"ABEYANCE_WITNESS_HOST={own.witness_host} ABEYANCE_WITNESS_PORT={own.witness_port}: "
            f"cannot listen there ({error.strerror})."
        ) from error


def key_of(own: WitnessSettings) -> PrivateKey:
    """Return the witness's key; made at the first start. Raises BadSettings."""
    folder = own.witness_folder
    path = own.witness_key_file or folder.with_name(f"{folder.name}.key")
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise BadSettings(
                f"The witness's key is not at {path}: give it back, or set "
                "ABEYANCE_WITNESS_KEY_FILE."
            )
        write_key(path, PrivateKey.new(own.witness_name, COSIGNER))
    return read_key(path, COSIGNER)


def ledgers_of(own: WitnessSettings) -> tuple[PublicKey, ...]:
    """Return the keys of the ledgers whose heads are signed. Raises BadSettings."""
    path = own.witness_ledgers_file
    if path is None:
        raise BadSettings(
            "missing ABEYANCE_WITNESS_LEDGERS_FILE: the keys of the notaries whose heads are "
            "signed (`abeyance notary key`), one a line"
        )
    try:
        lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
        found = tuple(PublicKey.parse(line) for line in lines if line)
    except (OSError, UnicodeError, BadNote) as error:
        raise BadSettings(f"{path} cannot be read: {error}.") from error
    if not found:
        raise BadSettings(f"There is no key in {path}.")
    return found
