"""The whole record of one request and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.hold import Hold
from app.domain.identity import Identity
from app.domain.verdict import Verdict


class Decision(StrEnum):
    """How a session went, in one word; also the value of the `Abeyance-Decision` header."""

    PENDING = "pending"
    ALLOWED = "allowed"
    MASKED = "masked"
    APPROVED = "approved"
    GRANTED = "granted"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class SessionState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    INDETERMINATE = "indeterminate"
    """The gateway died in the middle: what the upstream did is not known."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """The request as it is forwarded, less every credential."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    digest: str
    """SHA-256 in hex over connection, method, path, query, forwarded headers and body."""


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """The head and the end of the answer; its body stands in chunks beside it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    started_at: datetime
    ended_at: datetime | None = None
    body_bytes: int = 0
    masked: int = 0
    """How many findings were masked on the way."""
    rules: tuple[str, ...] = ()
    """Ids of the rules that fired on the answer."""
    error: str = ""
    """Why the answer ended early, if it did."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the answer as it was sent to the client (after masking).

    One that is `withheld` was not sent: a rule had forbidden the answer.
    """

    seq: int
    offset_ms: int
    """Since the session began."""
    data: bytes
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """`wire` is the connection's: path and body then tell the format, as they did at the gate."""

    id: str
    connection: str
    wire: str
    model: str
    identity: Identity
    request: RecordedRequest
    verdict: Verdict
    decision: Decision
    started_at: datetime
    state: SessionState = SessionState.OPEN
    gateway: str = ""
    """The process that has it in hand."""
    hold_id: str = ""
    grants: tuple[str, ...] = ()
    """Ids of the grants that let it pass without asking anybody."""
    answer: RecordedAnswer | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """A session with all that belongs to it, for whoever shows it."""

    session: Session
    hold: Hold | None
    chunks: tuple[Chunk, ...]
