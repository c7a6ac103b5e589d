"""Master keys in a key service: the Transit engine of HashiCorp Vault, or of OpenBao.

The service wraps and unwraps data keys, and gives no key of its own out. Its key has versions; each
counts as a master key of its own, so that `abeyance record rotate` finds what an older version
wrapped. `rewrap` of the API is not used for that: as it is documented, it takes no associated data,
to which each wrapped key is bound.

https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from typing import TYPE_CHECKING, Any

import httpx

from app.errors import BadSettings, KeysUnavailable
from app.sealing.data_key import KEY_BYTES
from app.sealing.master import Wrapped, missing

if TYPE_CHECKING:
    from pathlib import Path

    from app.settings import Settings

_SECONDS = 4.0
_CIPHERTEXT = re.compile(r"vault:v([1-9][0-9]*):[A-Za-z0-9+/]+={0,2}")
_BINDING = ("aes128-gcm96", "aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305")
"""The types of keys that bind associated data."""
_WHY = {
    403: "it refuses the token: see whether it has expired, and whether its policy allows the path",
    404: "it has no such key: see ABEYANCE_TRANSIT_KEY and ABEYANCE_TRANSIT_MOUNT",
    503: "it is sealed or in maintenance",
}
# What the engine says with a 400; it is never passed on, since it may quote what it was sent.
_NO_VERSION = re.compile(r"disallowed by policy|version is too new")
_CHANGED = re.compile(r"invalid ciphertext|message authentication failed")
_WHY_REFUSED = {
    "missing client token": "it got no token: see ABEYANCE_TRANSIT_TOKEN_FILE",
    "key not found": _WHY[404],
}


class TransitMasterKeys:
    """MasterKeys of one key of the service.

    Every call has a connection of its own: calls are rare, since an unwrapped data key is kept in
    memory for a while, and come from several event loops.
    """

    def __init__(
        self, mount_url: str, key: str, token_file: Path, namespace: str, tls: ssl.SSLContext | None
    ) -> None:
        """`mount_url` is where the engine is, such as `https://vault.example.com:8200/v1/transit`.

        The token is read for each call, so it may be renewed in its file.
        """
        self._mount_url = mount_url
        self._key = key
        self._token_file = token_file
        self._namespace = namespace
        self._tls = tls

    async def wrap(self, data_key: bytes, context: str) -> Wrapped:
        given = {"plaintext": _base64(data_key), "associated_data": _base64(context.encode())}
        ciphertext = (await self._ask("POST", "encrypt", given)).get("ciphertext")
        version = _CIPHERTEXT.fullmatch(ciphertext) if isinstance(ciphertext, str) else None
        if version is None:
            raise self._unavailable("its answer has no ciphertext")
        return Wrapped(self._id(int(version[1])), version[0].encode())

    async def unwrap(self, wrapped: Wrapped, context: str) -> bytes:
        if not wrapped.master.startswith(self._id("")):
            raise missing(wrapped.master)
        given = {
            "ciphertext": wrapped.data.decode(errors="replace"),
            "associated_data": _base64(context.encode()),
        }
        answer = await self._ask("POST", "decrypt", given, refused=wrapped.master)
        data_key = _decoded(answer.get("plaintext"))
        if len(data_key) != KEY_BYTES:
            raise self._unavailable("its answer has no data key")
        return data_key

    async def ids(self) -> tuple[str, ...]:
        """Return a name for each version of the key that may still be used, the newest first."""
        known = await self._ask("GET", "keys")
        if not isinstance(known.get("keys"), dict):
            raise self._unavailable("its answer names no versions of the key")
        if known.get("type") not in _BINDING or known.get("derived"):
            raise BadSettings(
                f"ABEYANCE_TRANSIT_KEY: the key “{self._key}” has to be of the type aes256-gcm96, "
                "and not a derived one."
            )
        try:
            oldest = int(known.get("min_decryption_version", 1))
            versions = sorted((int(version) for version in known["keys"]), reverse=True)
        except (TypeError, ValueError):
            raise self._unavailable("its answer names no versions of the key") from None
        usable = tuple(self._id(version) for version in versions if version >= oldest)
        if not usable:
            raise self._unavailable("no version of its key may be used")
        return usable

    def _id(self, version: int | str) -> str:
        return f"transit:{self._key}:v{version}"

    async def _ask(
        self, method: str, what: str, given: dict[str, str] | None = None, refused: str = ""
    ) -> dict[str, Any]:
        """Return `data` of the answer; `refused` is the master key that a 400 is about."""
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        if self._namespace:
            headers["X-Vault-Namespace"] = self._namespace
        url = f"{self._mount_url}/{what}/{self._key}"
        try:
            async with (
                asyncio.timeout(_SECONDS),
                httpx.AsyncClient(
                    verify=self._tls or False, timeout=_SECONDS, trust_env=False
                ) as http,
            ):
                answer = await http.request(method, url, headers=headers, json=given)
        except (httpx.HTTPError, OSError) as error:
            raise self._unavailable(f"no answer ({type(error).__name__})") from None
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise self._refused(_errors(answer), refused)
        if answer.status_code != httpx.codes.OK:
            why = _WHY.get(answer.status_code, "it cannot do what is asked")
            raise self._unavailable(f"{why} (status {answer.status_code})")
        try:
            data = answer.json()["data"]
        except (ValueError, KeyError, TypeError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise self._unavailable("what answers is no Transit engine")
        return data

    def _refused(self, said: str, master: str) -> BadSettings | KeysUnavailable:
        """Return what a 400 means; only what says that a wrapped key was changed counts as that."""
        if _NO_VERSION.search(said) and master:
            return missing(master)
        if _CHANGED.search(said) and master:
            return BadSettings(
                f"The record does not open with the master key “{master}”: the key service has "
                "another key of this name, or the wrapped key in the database was changed."
            )
        why = next((why for words, why in _WHY_REFUSED.items() if words in said), "")
        return self._unavailable(f"{why or 'it cannot do what is asked'} (status 400)")

    def _token(self) -> str:
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise self._unavailable(
                f"ABEYANCE_TRANSIT_TOKEN_FILE: {self._token_file} cannot be read "
                f"({type(error).__name__})"
            ) from None
        if not token:
            raise self._unavailable(f"ABEYANCE_TRANSIT_TOKEN_FILE: {self._token_file} is empty")
        return token

    def _unavailable(self, why: str) -> KeysUnavailable:
        return KeysUnavailable(f"The key service at {self._mount_url} cannot be used: {why}.")


def transit_keys(settings: Settings) -> TransitMasterKeys:
    """Return the keys of the service that the settings name. Raises BadSettings."""
    if settings.transit_token_file is None:
        raise BadSettings(
            "missing ABEYANCE_TRANSIT_TOKEN_FILE: the file with the token for the key service."
        )
    return TransitMasterKeys(
        f"{settings.transit_url}/v1/{settings.transit_mount}",
        settings.transit_key,
        settings.transit_token_file,
        settings.transit_namespace,
        _tls(settings),
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.transit_url.startswith("https:"):
        return None
    if settings.transit_ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=settings.transit_ca_file)
    except OSError as error:
        raise BadSettings(
            f"ABEYANCE_TRANSIT_CA_FILE: {settings.transit_ca_file} cannot be read "
            f"({type(error).__name__})."
        ) from None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _errors(answer: httpx.Response) -> str:
    """Return what the service says in `errors`, in small letters and one text."""
    try:
        return " ".join(map(str, answer.json()["errors"])).lower()
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _decoded(given: object) -> bytes:
    """Return what is in base64, or nothing where it is none."""
    try:
        return base64.b64decode(given, validate=True) if isinstance(given, str) else b""
    except ValueError:
        return b""
