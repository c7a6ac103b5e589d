"""Issued credentials as requests bring them: whose they are, while the sign-in behind one holds.

Theory of operation. A credential is as good as its person is known to be. The groups that count are
at most 15 minutes old: a request that finds them older has them read again first, with the person's
refresh token. Where the issuer refuses that token, the credential ends. Where the issuer does not
answer, the groups of before count until they are an hour old, and then nothing goes on.

An issuer may end a sign-in of which one refresh token is used twice, so at any time one call of one
gateway has the turn to use it (`take_turn`). Who does not get the turn goes on with the groups of
before, or waits for what is read where they are too old.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from app.domain.issued import USE_NOTED, EndReason, Freshness, Issued, IssuedKind
from app.errors import (
    AbeyanceError,
    CredentialEnded,
    IssuerUnavailable,
    NotAuthenticated,
    StorageUnavailable,
)
from app.ids import new_token

if TYPE_CHECKING:
    from datetime import datetime

    from app.clock import Clock
    from app.storage.credentials.issued import IssuedStore
    from proxy.browser.signing_in import SignedIn
    from proxy.keys.minting import Secrets
    from proxy.keys.register import Register
    from proxy.keys.sign_ins import SignIns

_TURN = timedelta(seconds=90)
"""Longer than an issuer is waited for, and a storage that is away is tried again."""
_PAUSE = timedelta(seconds=30)
"""Before an issuer that did not answer is asked again for the same credential."""
_WRITES = 60
_POLLS = 50
_POLL_SECONDS = 0.2
_log = structlog.get_logger(__name__)


class Credentials:
    def __init__(
        self,
        store: IssuedStore,
        secrets: Secrets,
        sign_ins: SignIns,
        register: Register,
        clock: Clock,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._sign_ins = sign_ins
        self._register = register
        self._clock = clock
        self._reading: dict[str, asyncio.Future[Issued]] = {}

    async def find(self, secret: str) -> Issued:
        """Return the credential of a secret, with groups that count.

        Raises NotAuthenticated where there is none, CredentialEnded where it is over,
        IssuerUnavailable where its groups are too old and cannot be read, StorageUnavailable.
        """
        digest, now = self._secrets.digest(secret), self._clock.now()
        issued = await self._store.by_digest(digest)
        if issued is None:
            raise NotAuthenticated("No credential has this secret.")
        if not issued.opens(digest, now):
            raise CredentialEnded(_why_over(issued, now))
        issued = await self._fresh(issued, now)
        if issued.last_used_at is None or now - issued.last_used_at >= USE_NOTED:
            await self._store.note_use(issued.id, now)
        return issued

    async def current(self, seen: Issued) -> Issued:
        """Return a credential as it is by now, with groups that count. Raises as `find`."""
        return await self._fresh(await self._current(seen), self._clock.now())

    async def check(self, issued_id: str) -> None:
        """Raise CredentialEnded where a credential has ended meanwhile."""
        issued, now = await self._store.get(issued_id), self._clock.now()
        if issued is None:
            raise CredentialEnded("The key of this request has ended.")
        if not issued.live(now):
            raise CredentialEnded(_why_over(issued, now))

    async def run(self) -> None:
        """Have what is being read written down before the process ends."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._reading:
                await asyncio.wait(self._reading.values(), timeout=_POLLS * _POLL_SECONDS)

    async def _fresh(self, issued: Issued, now: datetime) -> Issued:
        if issued.freshness(now) is Freshness.FRESH:
            return issued
        return await self._read_once(issued)

    async def _read_once(self, seen: Issued) -> Issued:
        """Read the groups once for all requests of this gateway that want them."""
        reading = self._reading.get(seen.id)
        if reading is None:
            reading = asyncio.ensure_future(self._read(seen))
            self._reading[seen.id] = reading
            reading.add_done_callback(partial(self._read_done, seen.id))
        # Who asked may leave: what the issuer has given must still be written down.
        return await asyncio.shield(reading)

    def _read_done(self, issued_id: str, reading: asyncio.Future[Issued]) -> None:
        del self._reading[issued_id]
        if not reading.cancelled():
            # Who asked may have left: then nobody else takes note of it.
            reading.exception()

    async def _read(self, seen: Issued) -> Issued:
        turn, now = new_token(), self._clock.now()
        if not await self._store.take_turn(seen, by=turn, now=now, until=now + _TURN):
            return await self._read_elsewhere(seen)
        try:
            renewed = await self._renew(seen)
        except NotAuthenticated:
            await self._register.end(seen, EndReason.REFUSED)
            raise CredentialEnded(_ended(seen, EndReason.REFUSED)) from None
        except AbeyanceError as error:
            _log.warning("groups not read", credential=seen.id, reason=str(error))
            await self._store.pass_turn(seen.id, by=turn, until=self._clock.now() + _PAUSE)
            return self._as_known(seen)
        return await self._written(seen, renewed, turn, now)

    async def _renew(self, seen: Issued) -> SignedIn:
        token = self._secrets.unseal(seen)
        renewed = await self._sign_ins.renew(seen.identity.issuer, seen.client_id, token)
        if renewed.identity.key != seen.identity.key:
            raise NotAuthenticated("The refresh token is somebody else's.")
        return renewed

    async def _written(self, seen: Issued, renewed: SignedIn, turn: str, at: datetime) -> Issued:
        sealed = self._secrets.seal(seen.id, renewed.refresh_token)
        identity = renewed.identity
        for tries in range(_WRITES):
            try:
                kept = await self._store.refresh(
                    seen.id, by=turn, identity=identity, sealed=sealed, at=at
                )
            except StorageUnavailable:
                # The old token is used up: with the new one lost, so is the sign-in.
                if tries == _WRITES - 1:
                    raise
                await asyncio.sleep(1)
            else:
                break
        if not kept:
            return await self._current(seen)
        return replace(seen, identity=identity, sealed_refresh=sealed, groups_read_at=at)

    async def _read_elsewhere(self, seen: Issued) -> Issued:
        """Return what another call has read, or reads by now."""
        for _ in range(_POLLS):
            current = await self._current(seen)
            if current.freshness(self._clock.now()) is not Freshness.STALE:
                return current
            if not current.turn:
                break
            await asyncio.sleep(_POLL_SECONDS)
        return self._as_known(seen)

    async def _current(self, seen: Issued) -> Issued:
        current = await self._store.get(seen.id)
        if current is None or not current.live(self._clock.now()):
            raise CredentialEnded(_why_over(current or seen, self._clock.now()))
        return current

    def _as_known(self, seen: Issued) -> Issued:
        if seen.freshness(self._clock.now()) is not Freshness.STALE:
            return seen
        raise IssuerUnavailable(
            f"Your groups must be read again before the {_called(seen)} can be used, and your "
            "identity provider does not answer. Try again in a minute."
        )


def _why_over(issued: Issued, now: datetime) -> str:
    if issued.revoked_why is not None:
        return _ended(issued, issued.revoked_why)
    if now < issued.expires_at:
        return (
            f"This token of the {_called(issued)} has expired: use a newer one, or sign in again."
        )
    return f"The {_called(issued)} expired on {issued.expires_at:%Y-%m-%d}. {_again(issued)}"


def _ended(issued: Issued, why: EndReason) -> str:
    said = {
        EndReason.REVOKED: "was revoked",
        EndReason.REVOKED_BY_OPERATOR: "was revoked by an administrator",
        EndReason.REFUSED: "has ended, because your identity provider does not renew your sign-in",
        EndReason.REUSED: "has ended, because an old token of it was used on another machine",
    }
    return f"The {_called(issued)} {said[why]}. {_again(issued)}"


def _called(issued: Issued) -> str:
    what = "key" if issued.kind is IssuedKind.KEY else "session"
    return f"{what} “{issued.name}”"


def _again(issued: Issued) -> str:
    if issued.kind is IssuedKind.SESSION:
        return "Sign in again."
    return "Make a new one with `abeyance key create`."
