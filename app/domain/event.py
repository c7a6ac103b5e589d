"""Facts for the ledger, and their places in its chains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What the ledger tells of."""

    SESSION_OPENED = "session.opened"
    SESSION_ENDED = "session.ended"
    """It ended without an answer, and was not refused; `reason` says why."""
    SESSION_SWEPT = "session.swept"
    HOLD_OPENED = "hold.opened"
    VOTE_CAST = "vote.cast"
    """Written before the vote is taken, so that no vote counts without a record."""
    HOLD_MOVING = "hold.moving"
    """Written before a hold moves without a vote: by the clock, or given back."""
    HOLD_MOVED = "hold.moved"
    VOTE_REFUSED = "vote.refused"
    REQUESTER_ASKED = "hold.asked"
    """Written before an approver's question counts, and so the answer to it."""
    REQUESTER_ANSWERED = "hold.answered"
    HOLD_ESCALATED = "hold.escalated"
    BREAK_GLASS = "hold.break_glass"
    """Written before somebody releases a hold alone; a vote stands beside it."""
    REQUEST_FORWARDING = "request.forwarding"
    """Written before a request that was held goes out, while its approval is claimed: where the
    claim fails, it is refused."""
    REQUEST_FORWARDED = "request.forwarded"
    """Written before a request that was not held goes out, and while one that was held does."""
    REQUEST_REFUSED = "request.refused"
    CALL_RELEASING = "call.releasing"
    """As REQUEST_FORWARDING, of a tool call of an answer that was held."""
    CALL_DECIDED = "call.decided"
    """Written before a tool call of an answer on which a rule fired goes on, or is replaced."""
    HOOK_ALLOWING = "hook.allowing"
    """As REQUEST_FORWARDING, of what a hook asked about. That it obeys is not known."""
    HOOK_ALLOWED = "hook.allowed"
    """Written before a hook is told that the action is allowed."""
    HOOK_DENIED = "hook.denied"
    """Written before a hook is told that a tool call is denied."""
    ANSWER_ENDED = "answer.ended"
    TOOL_CHANGED = "tool.changed"
    """What an MCP server says of a tool is not what is trusted."""
    TOOL_TRUSTED = "tool.trusted"
    """Written before it is: when a tool was first seen, or when people approved a change of it."""
    SERVER_ASK_REFUSED = "server_ask.refused"
    """An MCP server asked its client for what its connection does not allow."""
    REPLAY_SHOWN = "replay.shown"
    REPLAY_REFUSED = "replay.refused"
    ORIGINAL_OPENED = "original.opened"
    """Written before what a rule masked is shown to a member of the group that it is kept for."""
    RULE_MARKED = "rule.marked"
    """Somebody said that it should not have fired, or took that back."""
    GRANT_GIVEN = "grant.given"
    GRANT_USED = "grant.used"
    GRANT_REVOKED = "grant.revoked"
    GRANTS_PURGED = "grants.purged"
    """The tombstone of ended grants; written before they are removed."""
    CATALOG_STORED = "catalog.stored"
    """A catalog is in force in a process; `digest` is over its files."""
    CONNECTION_CHANGED = "connection.changed"
    ACCOUNT_LINKED = "account.linked"
    """A Slack account to a sign-in; written before it counts."""
    ACCOUNT_DISOWNED = "account.disowned"
    """The person who signed in said that the Slack account is not theirs."""
    CREDENTIAL_ISSUED = "credential.issued"
    """A key or a session of the gateway's own; written before it works."""
    CONTENT_PURGED = "content.purged"
    """The tombstone of a session; written before its content is removed."""
    PERSON_ERASED = "person.erased"
    """The tombstone of what data keys sealed; written before they are destroyed."""
    LEGAL_HOLD_PLACED = "legal_hold.placed"
    """Written before it is, as of one that is lifted."""
    LEGAL_HOLD_LIFTED = "legal_hold.lifted"
    RECORD_KEYS_ROTATED = "record_keys.rotated"
    CREDENTIAL_ENDED = "credential.ended"
    """Written before it is, where that can be written; it ends even so."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact for the ledger; `data` holds short strings and whole numbers, never a secret."""

    kind: EventKind
    at: datetime
    session_id: str
    data: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in its place in a chain; `hash` covers everything else."""

    chain: str
    seq: int
    event: Event
    previous: str
    """The hash of the entry before. In the first of a chain it is that of the last entry which the
    same writer wrote in another one, or empty where it knew of none."""
    hash: str

    @property
    def place(self) -> str:
        return place(self.chain, self.seq)


def place(chain: str, seq: int) -> str:
    """Return what names an entry; the names of a chain are in its order."""
    return f"{chain}:{seq:012}"
