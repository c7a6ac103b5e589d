"""What was given out: refresh tokens, and access tokens that can be introspected."""

import time
from dataclasses import dataclass, field
from secrets import token_urlsafe

from authlib.oauth2.rfc6749 import ClientMixin

from sandbox.idp.claims import ACCESS_LIFETIME_S, Claims
from sandbox.people import Person


@dataclass(slots=True)
class Minting:
    """How tokens are made from now on."""

    seconds: int = ACCESS_LIFETIME_S
    opaque: bool = False
    """Access tokens are random text, as some providers give where no audience is asked for."""
    away: bool = False
    """Everything but the sandbox's own routes answers 503."""
    rotate: bool = True
    """A refresh token is good once."""


@dataclass(slots=True)
class Family:
    """All refresh tokens of one sign-in, of which the last is good."""

    client_id: str
    person: str
    scope: str
    auth_time: int
    audience: str
    last: str = ""
    revoked: bool = False

    def check_client(self, client: ClientMixin) -> bool:
        return client.get_client_id() == self.client_id

    def get_scope(self) -> str:
        return self.scope


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with how they came: what tokens say besides who it is."""

    person: Person
    auth_time: int
    audience: str
    family: Family | None = None


@dataclass(slots=True)
class Access:
    """An access token that was given out."""

    client_id: str
    claims: Claims
    revoked: bool = False

    def check_client(self, client: ClientMixin) -> bool:
        return client.get_client_id() == self.client_id

    def is_expired(self) -> bool:
        return time.time() >= float(str(self.claims.get("exp", "inf")))

    def is_revoked(self) -> bool:
        return self.revoked


@dataclass(slots=True)
class Given:
    """In memory: a restart of the sandbox ends all sign-ins."""

    minting: Minting = field(default_factory=Minting)
    _families: dict[str, Family] = field(default_factory=dict)
    _access: dict[str, Access] = field(default_factory=dict)

    def renewal(self, family: Family) -> str:
        """Make the next refresh token of a family."""
        if not family.last or self.minting.rotate:
            family.last = f"rt-{token_urlsafe(24)}"
            self._families[family.last] = family
        return family.last

    def family(self, token: str) -> Family | None:
        """Find the family whose good token this is. One shown twice ends it (RFC 9700, 4.14.2)."""
        found = self._families.get(token)
        if found is not None and found.last != token:
            found.revoked = True
        return None if found is None or found.revoked else found

    def keep_access(self, token: str, client_id: str, claims: Claims) -> None:
        self._access[token] = Access(client_id, claims)

    def access(self, token: str) -> Access | None:
        return self._access.get(token)
