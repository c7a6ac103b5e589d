"""A registered upstream."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CredentialScheme(StrEnum):
    """How the upstream wants its credential."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    X_GOOG_API_KEY = "x-goog-api-key"
    """Google's Gemini API."""
    API_KEY = "api-key"
    """Azure OpenAI."""
    BASIC = "basic"


class Waiting(StrEnum):
    """How callers of a connection wait while their request is held, if they prefer nothing else."""

    AUTO = "auto"
    """Streams are kept alive by comments, the rest waits in silence."""
    VISIBLE = "visible"
    """As `auto`; and where a person's agent can show it, a line says what she is waiting for."""
    SILENT = "silent"
    """Nothing is sent before it is decided, for clients that take no comments in a stream."""
    ASYNC = "async"
    """Nobody waits: 202 at once."""


@dataclass(frozen=True, slots=True)
class Connection:
    """`base_url` has no trailing slash; `/{name}/{path}` goes to `base_url/path`.

    `wire` is the name of the wire format to read bodies with, or `auto` to tell by path.
    `sealed_credential` opens only with the vault's key. `patience` is for how many seconds a
    caller waits in silence at the most; 0: to the end. `open_lists` lets every caller list what the
    upstream account holds of everyone.

    The last four are for servers of MCP: globs of the tools that callers may see and call (empty:
    all of them; what is denied is denied though it is allowed too), and whether the server may ask
    the caller's model or the caller something.
    """

    name: str
    base_url: str
    scheme: CredentialScheme
    sealed_credential: bytes
    wire: str = "auto"
    waiting: Waiting = Waiting.AUTO
    patience: float = 0.0
    open_lists: bool = False
    allow_tools: tuple[str, ...] = ()
    deny_tools: tuple[str, ...] = ()
    allow_sampling: bool = False
    allow_elicitation: bool = False
