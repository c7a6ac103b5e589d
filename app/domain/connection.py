"""A registered upstream."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CredentialScheme(StrEnum):
    """How the upstream wants its credential."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Connection:
    """`base_url` has no trailing slash; `/{name}/{path}` goes to `base_url/path`.

    `wire` is the name of the wire format to read bodies with, or `auto` to tell by path.
    `sealed_credential` opens only with the vault's key.
    """

    name: str
    base_url: str
    scheme: CredentialScheme
    sealed_credential: bytes
    wire: str = "auto"
