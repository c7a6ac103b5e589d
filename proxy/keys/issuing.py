"""Issues credentials to people who have just signed in, and ends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.identity import Identity, IdentityKind
from app.domain.issued import KEY_PREFIX, EndReason, Issued, IssuedKind, Scope, Secret
from app.errors import BadRequest, NotFound, NotPermitted
from app.ids import new_id
from proxy.keys.sign_ins import Offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.domain.connection import Connection
    from app.storage.credentials.issued import IssuedStore
    from app.storage.ports import ConnectionStore
    from proxy.keys.minting import Secrets
    from proxy.keys.register import Register
    from proxy.keys.sign_ins import SignIns

MOST_KEYS = 20
MOST_DAYS = 90
DEFAULT_DAYS = 30
_NAME = 60
_NOT_OFFLINE = (
    "This sign-in has no refresh token, without which a key cannot know whether you still work "
    "here. Have your identity provider allow `offline_access` for this client."
)
_NOT_RENEWED = (
    "Your identity provider does not take the refresh token of this sign-in. Sign in again, and "
    "create the key then."
)
_SCOPED = 20
_SCOPE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A key that somebody asks for, and the sign-in that is to stand behind it."""

    name: str
    scope: Scope
    days: int
    refresh_token: str = field(repr=False)
    client_id: str


class Issuing:
    """Every method may raise StorageUnavailable."""

    def __init__(
        self,
        store: IssuedStore,
        connections: ConnectionStore,
        secrets: Secrets,
        sign_ins: SignIns,
        register: Register,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        """`mask` takes secrets out of what a person gives as a name."""
        self._store = store
        self._connections = connections
        self._secrets = secrets
        self._sign_ins = sign_ins
        self._register = register
        self._clock = clock
        self._mask = mask

    async def keys(self, identity: Identity) -> tuple[Issued, ...]:
        """Return the keys and sessions of a person, newest first, those that ended lately too."""
        found = await self._store.of_person(identity.key)
        return tuple(reversed(found))

    async def create(self, identity: Identity, wanted: KeyRequest) -> tuple[Issued, str]:
        """Return a new key of a person and its secret, which is not to be had again.

        Raises BadRequest, NotPermitted, IssuerUnavailable.
        """
        await self.check(identity, wanted)
        if not wanted.refresh_token:
            raise BadRequest(_NOT_OFFLINE)
        offered = Offered(identity, wanted.refresh_token, wanted.client_id)
        renewed = await self._sign_ins.take_over(offered, _NOT_RENEWED)
        now = self._clock.now()
        issued_id = new_id(now)
        secret, digest = self._secrets.mint(KEY_PREFIX)
        until = now + timedelta(days=wanted.days)
        issued = Issued(
            id=issued_id,
            kind=IssuedKind.KEY,
            name=self._mask(wanted.name),
            identity=renewed.identity,
            secrets=(Secret(digest, until),),
            created_at=now,
            expires_at=until,
            groups_read_at=now,
            sealed_refresh=self._secrets.seal(issued_id, renewed.refresh_token),
            client_id=wanted.client_id,
            scope=wanted.scope,
        )
        await self._register.enter(issued)
        return issued, secret

    async def revoke(self, identity: Identity, issued_id: str) -> Issued:
        """End a credential of a person. Raises NotFound where it is not theirs, or over."""
        issued = await self.one(identity, issued_id)
        if not issued.live(self._clock.now()):
            raise NotFound(f"The key “{issued.name}” has ended before.")
        await self._register.end(issued, EndReason.REVOKED, identity.key)
        return issued

    async def connections(self) -> tuple[Connection, ...]:
        """Return all that a key can be for."""
        return await self._connections.all()

    async def one(self, identity: Identity, issued_id: str) -> Issued:
        """Return a credential of a person. Raises NotFound."""
        issued = await self._store.get(issued_id)
        if issued is None or issued.identity.key != identity.key:
            raise NotFound(f"You have no key {issued_id}.")
        return issued

    async def check(self, identity: Identity, wanted: KeyRequest) -> None:
        """Raise BadRequest or NotPermitted where somebody cannot have such a key."""
        if identity.kind is not IdentityKind.PERSON:
            raise NotPermitted("Only a person can have a key; a job has a token of its own.")
        _check_wanted(wanted)
        known = {connection.name for connection in await self._connections.all()}
        if missing := set(wanted.scope.connections) - known:
            raise BadRequest(
                f"There is no connection {min(missing)}. Choose of: {', '.join(sorted(known))}."
            )
        now = self._clock.now()
        live = [
            one for one in await self.keys(identity) if one.kind is IssuedKind.KEY and one.live(now)
        ]
        if len(live) >= MOST_KEYS:
            raise NotPermitted(
                f"You have {MOST_KEYS} keys, which is the most. Revoke one you don't need."
            )
        if any(one.name == wanted.name for one in live):
            raise BadRequest(f"You have a key “{wanted.name}”: choose another name, or revoke it.")


def _check_wanted(wanted: KeyRequest) -> None:
    if not wanted.name.strip() or len(wanted.name) > _NAME or not wanted.name.isprintable():
        raise BadRequest(f"Give the key a name of 1 to {_NAME} characters.")
    if not 1 <= wanted.days <= MOST_DAYS:
        raise BadRequest(f"A key lasts 1 to {MOST_DAYS} days.")
    for limits in (wanted.scope.connections, wanted.scope.models):
        if len(limits) > _SCOPED or any(not 0 < len(one) <= _SCOPE_LENGTH for one in limits):
            raise BadRequest(f"A key is limited to at most {_SCOPED} connections and models.")
