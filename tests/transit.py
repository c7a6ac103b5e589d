"""A key service on a real socket, as far as the product asks it: the Transit engine of Vault.

It seals with AES-256-GCM, keeps its keys to itself, and can be stopped and started on its port.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_NONCE_BYTES = 12
_PREFIX = "/v1/transit/"
_TOO_OLD = "ciphertext or signature version is disallowed by policy (too old)"


class Refused(Exception):
    """A status, and what the service says."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass
class Transit:
    """The engine with one key, `abeyance`, in versions."""

    token_file: Path
    token: str = "hvs.given"
    port: int = 0
    versions: dict[int, bytes] = field(default_factory=lambda: {1: os.urandom(32)})
    oldest: int = 1
    """`min_decryption_version`."""
    kind: str = "aes256-gcm96"
    instead: dict[str, str] = field(default_factory=dict)
    """What answers `encrypt`, `decrypt` or `keys` with status 200, in place of the engine."""
    refuses: str = ""
    """What it says to everything, with status 400."""
    asked: list[str] = field(default_factory=list)
    """What was asked for: `encrypt`, `decrypt` or `keys`."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a process that uses it."""
        url = f"http://127.0.0.1:{self.port}"
        return {"transit_url": url, "transit_token_file": self.token_file}

    def rotate(self) -> None:
        self.versions[max(self.versions) + 1] = os.urandom(32)

    def settings_of(self, uri: str, database: str) -> Settings:
        given: dict[str, Any] = {"mongodb_uri": uri, "mongodb_database": database}
        return Settings(**given, **self.settings)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer on its port until the block ends; on the first port that is free at first."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, method: str, path: str, token: str, body: dict[str, str]) -> dict[str, Any]:
        """Return `data`. Raises Refused."""
        if not token:
            raise Refused(400, "missing client token")
        if token != self.token:
            raise Refused(403, "permission denied")
        what, _, key = path.removeprefix(_PREFIX).partition("/")
        if key != "abeyance" or not path.startswith(_PREFIX):
            raise Refused(404, "no handler for route")
        self.asked.append(what)
        if self.refuses:
            raise Refused(400, self.refuses)
        match method, what:
            case "POST", "encrypt":
                return self._encrypted(body)
            case "POST", "decrypt":
                return self._decrypted(body)
            case "GET", "keys":
                return {
                    "type": self.kind,
                    "derived": False,
                    "keys": {str(version): 1442851412 for version in self.versions},
                    "latest_version": max(self.versions),
                    "min_decryption_version": self.oldest,
                    "name": key,
                }
        raise Refused(405, "unsupported operation")

    def _encrypted(self, body: dict[str, str]) -> dict[str, Any]:
        version, nonce = max(self.versions), os.urandom(_NONCE_BYTES)
        bound = base64.b64decode(body["associated_data"])
        sealed = AESGCM(self.versions[version]).encrypt(
            nonce, base64.b64decode(body["plaintext"]), bound
        )
        text = base64.b64encode(nonce + sealed).decode()
        return {"ciphertext": f"vault:v{version}:{text}", "key_version": version}

    def _decrypted(self, body: dict[str, str]) -> dict[str, Any]:
        try:
            _, version, text = body["ciphertext"].split(":")
            number, sealed = int(version.removeprefix("v")), base64.b64decode(text)
            if number < self.oldest:
                raise Refused(400, _TOO_OLD)
            if number > max(self.versions):
                raise Refused(400, "invalid ciphertext: version is too new")
            plain = AESGCM(self.versions[number]).decrypt(
                sealed[:_NONCE_BYTES],
                sealed[_NONCE_BYTES:],
                base64.b64decode(body["associated_data"]),
            )
        except (InvalidTag, KeyError, ValueError, binascii.Error):
            raise Refused(400, "cipher: message authentication failed") from None
        return {"plaintext": base64.b64encode(plain).decode()}


def a_transit(folder: Path) -> Transit:
    """Return a service whose token is in a file in this folder."""
    transit = Transit(folder / "token")
    transit.token_file.write_text(f"{transit.token}\n")
    return transit


def _handler(transit: Transit) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            self._answer(json.loads(self.rfile.read(size)))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self, body: dict[str, str]) -> None:
            token = self.headers.get("x-vault-token", "")
            try:
                status, told = 200, {"data": transit.answer(self.command, self.path, token, body)}
            except Refused as refused:
                status, told = refused.status, {"errors": [str(refused)]}
            what = self.path.removeprefix(_PREFIX).partition("/")[0]
            data = transit.instead.get(what, json.dumps(told)).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
