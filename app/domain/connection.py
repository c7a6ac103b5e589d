"""A registered upstream."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlsplit


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


class ConnectionKind(StrEnum):
    """Whose API a connection speaks: which tools can use it."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    GEMINI = "gemini"
    CURSOR = "cursor"
    MCP = "mcp"
    OTHER = "other"


_ID_CHARS = 12
_HOSTS = {
    "anthropic.com": ConnectionKind.ANTHROPIC,
    "openai.com": ConnectionKind.OPENAI,
    "openai.azure.com": ConnectionKind.OPENAI,
    "googleapis.com": ConnectionKind.GEMINI,
    "cursor.com": ConnectionKind.CURSOR,
}


@dataclass(frozen=True, slots=True)
class Connection:
    """`base_url` has no trailing slash; `/{name}/{path}` goes to `base_url/path`.

    `wire` is the name of the wire format to read bodies with, or `auto` to tell by path.
    `sealed_credential` opens only with the vault's key. `patience` is for how many seconds a
    caller waits in silence at the most; 0: to the end. `open_lists` lets every caller list what the
    upstream account holds of everyone, and `open_endpoints` names what else of it is open, though
    it gives out credentials or administers the account.

    The last three are for Cursor's cloud agents: the groups whose members share theirs, whether
    agents that were made elsewhere are everyone's, and whether artifacts come through the gateway.

    Those before are for servers of MCP: globs of the tools that callers may see and call (empty:
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
    open_endpoints: tuple[str, ...] = ()
    allow_tools: tuple[str, ...] = ()
    deny_tools: tuple[str, ...] = ()
    allow_sampling: bool = False
    allow_elicitation: bool = False
    share_agents: tuple[str, ...] = ()
    open_agents: bool = False
    fetch_artifacts: bool = False
    retention_days: int = 0
    """How long what is recorded of it is kept; 0: as the settings say."""

    @property
    def credential_id(self) -> str:
        """Another one after each change of the credential; tells nothing about its value."""
        return sha256(self.sealed_credential).hexdigest()[:_ID_CHARS]

    @property
    def kind(self) -> ConnectionKind:
        """Its kind by wire format, or else by the host of its upstream, or else by its name."""
        if self.wire != "auto":
            return next((k for k in ConnectionKind if k == self.wire), ConnectionKind.OTHER)
        host = urlsplit(self.base_url).hostname or ""
        for domain, kind in _HOSTS.items():
            if host == domain or host.endswith(f".{domain}"):
                return kind
        words = self.name.split("-")
        return next((kind for kind in ConnectionKind if kind in words), ConnectionKind.OTHER)
