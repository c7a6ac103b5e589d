"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class IdentityKind(StrEnum):
    PERSON = "person"
    WORKLOAD = "workload"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a request comes from, as the issuer of a workload token vouches for it.

    `verified` is false where the client said it itself; such a fact is shown as *claimed*.
    """

    repository: str
    repository_id: str = ""
    commit: str = ""
    ref: str = ""
    workflow: str = ""
    run: str = ""
    actor: str = ""
    verified: bool = True

    @property
    def proven(self) -> Provenance | None:
        """Itself where the issuer vouches for it: only that may decide anything."""
        return self if self.verified else None


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated caller; `(issuer, subject)` is its key, the rest is for people to read."""

    issuer: str
    subject: str
    kind: IdentityKind
    name: str
    email: str = ""
    groups: frozenset[str] = frozenset()
    provenance: Provenance | None = None
    manager: str = ""
    """The address of whom they report to, where the issuer says so."""
    credential: str = field(default="", compare=False)
    """The id of the issued credential that a request came with, if it came with one."""
    token_id: str = field(default="", compare=False)
    """The id (`jti`) of the issuer's token, where it has one."""

    @property
    def key(self) -> str:
        return f"{self.issuer} {self.subject}"

    @property
    def proven(self) -> Provenance | None:
        """Where the request is proven to come from: what rules, grants and routes go by."""
        return self.provenance.proven if self.provenance is not None else None
