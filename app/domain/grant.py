"""A standing approval: for somebody, under one rule and over one connection, for a stated time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.hold import Person
from app.domain.trust import Reach

if TYPE_CHECKING:
    from app.domain.identity import Identity


EVERYONE = "everyone"
OF_REPOSITORY = "repository "
"""Prefix of a repository's key. No caller's key has it: those begin with an issuer's address."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a grant covers, and never more; `repository` is empty for people.

    All that a rule would hold, for a while; or, under one law of the rule (see `Question`) and in
    one kind of call, passages that people have approved, or lines of fixed text that they trust.
    """

    identity_key: str
    """Whose requests: a caller's key, or what stands for a repository or for everyone."""
    rule: str
    connection: str
    repository: str = ""
    call: str = ""
    law: str = ""
    passages: tuple[str, ...] = ()
    """Names; none where it covers all that the rule would hold."""
    lines: tuple[str, ...] = ()
    """Names of the lines of a text that is trusted, see `Passage.lines`."""
    tool: str = ""
    """The tool whose calls it covers in one conversation, whatever their arguments."""
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """`uses` counts the requests that it let pass; each of them names it in its session.

    With `idle_seconds` each use prolongs it by so much, until `most_until`.
    """

    id: str
    covers: Coverage
    requester_name: str
    by: Person
    hold_id: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""
    uses: int = 0
    used_at: datetime | None = None
    idle_seconds: int = 0
    most_until: datetime | None = None

    @property
    def is_trust(self) -> bool:
        """Whether it says that nobody is asked about a text again."""
        return bool(self.covers.lines)

    def prolonged(self, now: datetime) -> datetime:
        """Return when it ends if it is used now."""
        if not self.idle_seconds:
            return self.expires_at
        slid = max(self.expires_at, now + timedelta(seconds=self.idle_seconds))
        return min(slid, self.most_until) if self.most_until else slid

    def active(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


def coverage(identity: Identity, connection: str, rule: str) -> Coverage:
    """Return the coverage that lets this caller pass this rule with every request.

    A repository that the caller only claims is no part of it.
    """
    repository = identity.proven.repository if identity.proven else ""
    return Coverage(identity.key, rule, connection, repository)


def reaching(identity: Identity, connection: str, rule: str) -> dict[Reach, Coverage]:
    """Return for each reach that a caller has what covers them among others.

    A repository counts where the token proves it: by its issuer, and by its id where it has one,
    so that another of the same name is another repository.
    """
    whole = coverage(identity, connection, rule)
    found = {Reach.PERSON: whole}
    if key := repository_key(identity):
        found[Reach.REPOSITORY] = replace(whole, identity_key=key)
    return found | {Reach.EVERYONE: Coverage(EVERYONE, rule, connection)}


def repository_key(identity: Identity) -> str:
    """Return the key under which grants for a caller's proven repository are kept; or nothing."""
    origin = identity.proven
    if origin is None or not origin.repository:
        return ""
    return f"{OF_REPOSITORY}{identity.issuer} {origin.repository_id} {origin.repository}"


def holders(identity: Identity) -> tuple[str, ...]:
    """Return the keys under which grants are kept that may let a caller pass."""
    return tuple(covers.identity_key for covers in reaching(identity, "", "").values())
