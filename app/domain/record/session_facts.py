"""What a session knows beside its request, its verdict and its answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as its sender says so. Secrets are masked."""

    address: str = ""
    """Of the client: see `ABEYANCE_PROXIES` and `ABEYANCE_TRUSTED_PROXIES`."""
    user_agent: str = ""
    client: str = ""
    """The program that the user agent names."""
    reason: str = ""
    """What the requester says that it is for, also where nothing was held."""


@dataclass(frozen=True, slots=True)
class UpstreamFacts:
    """Where a connection led when a request came, since a connection can be changed."""

    base_url: str
    credential: str
    """The id of the credential that it had: see `Connection.credential_id`."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What groups the sessions of one person; others may use the same `id`.

    >>> Conversation("3f9a…", "0198d2c4-…", "x-claude-code-session-id", agent="a1", parent="main")
    """

    id: str
    """A keyed digest of what names it."""
    name: str
    """What names it, masked."""
    source: str
    """What said so: a header, a field of the body, the CI platform, or the history."""
    agent: str = ""
    """The agent within the conversation, and the one that started it."""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What was said in a conversation that nothing names, as keyed digests."""

    said: str
    """Of all messages of a request."""
    earlier: str = ""
    """Of those before what the model said last: of the request before. Empty in the first one."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an answer says that it took; None where it does not say.

    `input` includes what was read from a cache or written to one, `output` includes reasoning.
    """

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    total: int | None = None
    cache_written: int | None = None
    """How much of the input was written to a cache."""
    cache_written_1h: int | None = None
    """How much of that to one which lasts for an hour."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer cost by list price, in millionths of a US dollar."""

    micros: int
    as_of: str
    """The date of the price."""

    @property
    def dollars(self) -> str:
        """Return it as people read it: $0.0042, $1.20."""
        places = 2 if self.micros >= 1_000_000 else 4 if self.micros >= 100 else 6
        return f"${self.micros / 1_000_000:,.{places}f}"


@dataclass(frozen=True, slots=True)
class Spent:
    """What an answer took, as far as that is known."""

    tokens: Tokens | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """In milliseconds since the session began; None where it did not come to that."""

    sent: int | None = None
    """The request went to the model API: what comes before is ours, and people's."""
    headed: int | None = None
    """The head of its answer came."""
    first: int | None = None
    """The first byte went to the client."""
    last: int | None = None
    """So did the last one."""

    @property
    def upstream(self) -> int | None:
        """How long the model API took until it began to answer."""
        if self.sent is None or self.headed is None:
            return None
        return self.headed - self.sent
