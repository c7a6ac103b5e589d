"""Credentials that the gateway itself issues to people, for tools that can hold nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.identity import Identity

KEY_PREFIX = "aby_"
ACCESS_PREFIX = "abs_"
RENEWAL_PREFIX = "abr_"

GROUPS_FRESH = timedelta(minutes=15)
"""For how long a person's groups count without being read again."""
GROUPS_USABLE = timedelta(minutes=60)
"""For how long they count where the identity provider does not answer."""
USE_NOTED = timedelta(minutes=1)
"""A later use is written only after so long."""
KEPT_AFTER_END = timedelta(days=7)
"""How long an ended credential is still listed."""


class IssuedKind(StrEnum):
    KEY = "key"
    """One secret, `aby_…`, for as long as the credential lasts."""
    SESSION = "session"
    """Of a tool that signs in by itself: short access tokens `abs_…`, renewed with an `abr_…`."""


class EndReason(StrEnum):
    REVOKED = "revoked"
    """By the person it belongs to."""
    REVOKED_BY_OPERATOR = "revoked_by_operator"
    REFUSED = "refused"
    """The identity provider refuses to renew the person's sign-in: somebody has left, say."""
    REUSED = "reused"
    """A refresh token of it that was used before came again from elsewhere: it may be stolen."""


class Freshness(StrEnum):
    """How old the groups of a credential are."""

    FRESH = "fresh"
    DUE = "due"
    """Read them again; where the identity provider does not answer, these still count."""
    STALE = "stale"
    """Without reading them again, nothing goes on."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a credential is limited to; what is empty is not limited."""

    connections: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """As requests name them; globs."""

    def allows(self, connection: str) -> bool:
        return not self.connections or connection in self.connections


@dataclass(frozen=True, slots=True)
class Secret:
    """`digest` is a keyed hash: the secret itself is shown once and kept nowhere."""

    digest: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential of a person, and the sign-in behind it.

    `identity` has the groups as they were read at `groups_read_at`, with the refresh token that is
    sealed in `sealed_refresh` and was given to `client_id`. `secrets` are what may be sent with a
    request, the newest last; a session's refresh token is in `renewal`, as a keyed hash, too.
    `turn` names the gateway call that reads the groups until `turn_until`, or read them last.
    """

    id: str
    kind: IssuedKind
    name: str
    identity: Identity
    secrets: tuple[Secret, ...]
    created_at: datetime
    expires_at: datetime
    groups_read_at: datetime
    sealed_refresh: bytes
    client_id: str
    scope: Scope = Scope()
    renewal: str = ""
    address: str = ""
    """Where a session was last renewed from."""
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_why: EndReason | None = None
    turn: str = ""
    turn_until: datetime | None = None

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def opens(self, digest: str, now: datetime) -> bool:
        """Whether the secret of this digest may be sent with a request at that time."""
        return self.live(now) and any(
            secret.digest == digest and now < secret.until for secret in self.secrets
        )

    def freshness(self, now: datetime) -> Freshness:
        """Say how old the groups are."""
        age = now - self.groups_read_at
        if age < GROUPS_FRESH:
            return Freshness.FRESH
        return Freshness.DUE if age < GROUPS_USABLE else Freshness.STALE
