"""The whole record of one request and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from app.domain.hook import Hook
from app.domain.identity import Identity
from app.domain.record.session_facts import (
    Conversation,
    Cost,
    Origin,
    Timing,
    Tokens,
    UpstreamFacts,
)
from app.domain.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    """It may have been sent, and not all of what became of it is known; `reason` says why."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What a session says of its request; the body is stored in pieces beside it."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    digest: str
    """SHA-256 in hex over connection, method, path, query, body, and those of the forwarded headers
    that stay the same in each attempt."""
    body_bytes: int = 0
    pieces: tuple[str, ...] = ()
    """Names of the pieces of the body, in order."""
    received: str = ""
    """A keyed digest in hex over connection, method, path, query and body as they were received;
    empty where the body is forwarded as it was received. Keyed, so that no one can find out by it
    what was masked."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """The whole request as it is forwarded, less every credential."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    digest: str
    """As in the head."""

    def head(self, pieces: tuple[str, ...] = ()) -> RequestHead:
        return RequestHead(
            self.method,
            self.path,
            self.query,
            self.headers,
            self.digest,
            len(self.body),
            pieces,
        )


def whole(head: RequestHead, body: bytes) -> RecordedRequest:
    """Put a request together again from its head and its body."""
    return RecordedRequest(head.method, head.path, head.query, head.headers, body, head.digest)


class Side(StrEnum):
    """Which half of a session."""

    REQUEST = "request"
    ANSWER = "answer"


MOST_ARGUMENTS = 65_536
"""Characters of the arguments of a tool call that are kept beside the answer, and shown."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A tool call in the answer that a rule looked at, and what became of it."""

    tool: str
    arguments: str
    """As the model wrote them, with the keys in order and secrets masked."""
    decision: Decision
    rules: tuple[str, ...] = ()
    """Ids of the rules that fired on it, those in shadow too."""
    hold_id: str = ""
    by: str = ""
    """Who decided, where people did."""
    waited_ms: int = 0
    changed: str = ""
    """The arguments it went on with, where they are others."""
    by_provider: bool = False
    """Whether the provider ran it, so that it could not be held."""
    is_cut: bool = False
    """Whether `arguments` leave out a part of what the model wrote."""

    @property
    def change(self) -> str:
        """Say who changed the arguments, and whether the call was made with the others."""
        who = "Changed by the approver" if self.by else "Masked by a rule"
        ran = self.decision is not Decision.WITHDRAWN
        return f"{who}, it ran as" if ran else f"{who}, it would have run as"


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
    body_sha256: str = ""
    """Of what was sent to the client, in hex; empty where its end was not recorded."""
    calls: tuple[RecordedCall, ...] = ()
    """In the order of the answer."""
    tokens: Tokens | None = None
    timing: Timing | None = None
    cost: Cost | None = None
    """By list price, where there is one for the model."""

    @property
    def fired_rules(self) -> tuple[str, ...]:
        """The ids of all rules that fired on it, or on a call in it, each once."""
        of_calls = (rule for call in self.calls for rule in call.rules)
        return tuple(dict.fromkeys([*self.rules, *of_calls]))


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


def sent(chunks: Iterable[Chunk]) -> bytes:
    """Return what went to the client of an answer's chunks."""
    return b"".join(chunk.data for chunk in chunks if not chunk.withheld)


@dataclass(frozen=True, slots=True)
class CloudRun:
    """The agent in Cursor's cloud that a session is about, and the run of it."""

    agent: str
    run: str = ""
    started: bool = False
    """Whether the session started the run."""
    tokens: int | None = None
    """What the run took, once that was told."""


@dataclass(frozen=True, slots=True)
class Session:
    """`wire` is the connection's: path and body then tell the format, as they did at the gate."""

    id: str
    connection: str
    wire: str
    model: str
    identity: Identity
    request: RequestHead
    verdict: Verdict
    decision: Decision
    started_at: datetime
    state: SessionState = SessionState.OPEN
    gateway: str = ""
    """The process that has it in hand."""
    hold_id: str = ""
    joined: str = ""
    """The hold of another request that it waited on, since that asks about the same."""
    grants: tuple[str, ...] = ()
    """Ids of the grants that let it pass, or a part of it, without asking anybody."""
    answer: RecordedAnswer | None = None
    reason: str = ""
    """Why it ended as it did, where its answer does not tell."""
    hook: Hook | None = None
    """The hook that asked, where the session is its question and nothing went to a model."""
    cloud: CloudRun | None = None
    """Only where it is about a cloud agent."""
    origin: Origin | None = None
    upstream: UpstreamFacts | None = None
    conversation: Conversation | None = None
    said: str = ""
    """As in `History`: by it the next request finds its conversation, where nothing names that."""
    called: tuple[str, ...] = ()
    """Names of the tools that the request itself calls, over MCP."""
    unpaged: tuple[Side, ...] = ()
    """Sides too large to be read at once, whose pages are still to be written."""
    key: str = ""
    """The id of the data key that seals its request; empty where that is not sealed."""

    @property
    def hold_ids(self) -> frozenset[str]:
        """The ids of all holds in it: of the request, and of calls in its answer."""
        calls = self.answer.calls if self.answer else ()
        return frozenset({self.hold_id, *(call.hold_id for call in calls)} - {""})

    @property
    def fired_rules(self) -> tuple[str, ...]:
        """The ids of all rules that fired, on the request or on the answer, each once."""
        asked = (fired.rule for fired in self.verdict.fired)
        answered = self.answer.fired_rules if self.answer else ()
        return tuple(dict.fromkeys([*asked, *answered]))


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What is written on a session at one time; None, or nothing, leaves it as it is."""

    decision: Decision | None = None
    grants: tuple[str, ...] = ()
    answer: RecordedAnswer | None = None
    """The head of the answer, or its end over its head."""
    state: SessionState | None = None
    reason: str = ""
    unpaged: tuple[Side, ...] = ()
    """Sides whose pages are still to be written."""
    called: tuple[str, ...] = ()
    """The session's, where it ends: it is found by them and the decision."""
    said: tuple[str, ...] = ()
    """What a request that follows this one's answer calls what was said: see `History`."""
