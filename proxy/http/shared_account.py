"""One upstream account, many people: what the provider gave to one of them is theirs alone.

Every id that an answer gives is written down for whoever receives it, before they do, under a name
that only we can make. A request that names an id somebody else received, or nobody, is refused as
if there were no such thing.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

from app.errors import NotFound, NotPermitted
from app.keys import derived_key
from app.wire.apis.cursor import CURSOR
from proxy.front import header
from proxy.http.account_ids import ids_given, is_account, lists, may_give

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.clock import Clock
    from app.domain.connection import Connection
    from app.domain.identity import Identity
    from app.storage.receipts import ReceiptStore
    from proxy.facts import Inquiry
    from proxy.front import Headers

_SESSION = "mcp-session-id"
_IDEMPOTENCY = "idempotency-key"


class SharedAccount:
    def __init__(self, receipts: ReceiptStore, vault_key: str, clock: Clock) -> None:
        self._receipts = receipts
        self._key = derived_key(vault_key, "abeyance names of received ids")
        self._clock = clock

    def personal(self, headers: Headers, identity: Identity) -> Headers:
        """Return the headers with idempotency keys that no two callers can share.

        A provider answers a key that it knows with what it answered before, to anyone.
        """
        return tuple(
            (
                name,
                self._named(_IDEMPOTENCY, identity.key, value) if name == _IDEMPOTENCY else value,
            )
            for name, value in headers
        )

    async def check(self, identity: Identity, inquiry: Inquiry) -> None:
        """Raise NotPermitted for a list of the account, NotFound for an id of somebody else's."""
        request, connection = inquiry.request, inquiry.connection
        sessions = frozenset(value for name, value in request.headers if name == _SESSION)
        filtered = inquiry.cloud is not None and inquiry.cloud.what == "list"
        if is_account(connection) and not filtered:
            _check_list(connection, lists(request.method, request.path))
        named = sessions | inquiry.use.named
        if not named <= await self.held(identity, connection, named):
            raise NotFound(
                "This request names a response, file, batch, agent or session that you did not "
                "receive through this gateway. Use your own, or make a new one."
            )

    async def held(
        self, identity: Identity, connection: Connection, ids: frozenset[str]
    ) -> frozenset[str]:
        """Return those of the ids that the caller may use. Raises StorageUnavailable."""
        if not ids:
            return ids
        holders = _holders(identity, connection)
        names = {
            self._named("id", holder, connection.name, one): one
            for holder in holders
            for one in ids
        }
        anyones = {self._named("given", connection.name, one): one for one in ids}
        known = await self._receipts.known([*names, *anyones])
        unknown = ids - {anyones[name] for name in known if name in anyones}
        may = frozenset(names[name] for name in known if name in names)
        return may | unknown if connection.open_agents else may

    async def note_cancelled(self, identity: Identity, inquiry: Inquiry) -> None:
        """Write down which calls the caller takes back. Raises StorageUnavailable."""
        names = self._calls(identity, inquiry, inquiry.cancels)
        if names:
            await self._receipts.renew(names, self._clock.now())

    async def cancelled(self, identity: Identity, inquiry: Inquiry, since: datetime) -> bool:
        """Whether the caller has taken a call back since then, here or at another gateway."""
        names = self._calls(identity, inquiry, inquiry.calls)
        return bool(names) and await self._receipts.any_since(names, since)

    def _calls(
        self, identity: Identity, inquiry: Inquiry, calls: Iterable[str | int]
    ) -> frozenset[str]:
        session = header(inquiry.request.headers, _SESSION)
        place = ("call", identity.key, inquiry.connection.name, session)
        return frozenset(self._named(*place, repr(call)) for call in calls)

    def giving(self, identity: Identity, inquiry: Inquiry) -> Giving:
        return Giving(self, identity, inquiry)

    async def received(self, identity: Identity, inquiry: Inquiry, ids: Iterable[str]) -> None:
        """Write down whose they are from now on. Raises StorageUnavailable."""
        connection = inquiry.connection
        names = {
            self._named("id", holder, connection.name, one)
            for holder in _holders(identity, connection)
            for one in ids
        }
        if inquiry.wire.name == CURSOR.name:
            names |= {self._named("given", connection.name, one) for one in ids}
        if names:
            await self._receipts.note(names, self._clock.now())

    def _named(self, *parts: str) -> str:
        return hmac.digest(self._key, "\0".join(parts).encode(), "sha256").hex()


class Giving:
    """Reads one answer on its way for the ids that it gives."""

    def __init__(self, account: SharedAccount, identity: Identity, inquiry: Inquiry) -> None:
        self._account = account
        self._identity = identity
        self._inquiry = inquiry
        request = inquiry.request
        self._reads = inquiry.use.kept and may_give(request.method, request.path)
        self._begun = b""

    async def head(self, headers: Headers) -> None:
        """Note the session that an answer begins. Raises StorageUnavailable."""
        if session := header(headers, _SESSION):
            await self._account.received(self._identity, self._inquiry, [session])

    async def body(self, data: bytes, status: int) -> frozenset[str]:
        """Note the ids that the next piece gives, before it is sent, and return them.

        Raises StorageUnavailable.
        """
        if not self._reads or status >= HTTPStatus.MULTIPLE_CHOICES:
            return frozenset()
        self._begun += data
        ids = ids_given(self._begun)
        if ids is None:
            return frozenset()
        self._reads = False
        await self._account.received(self._identity, self._inquiry, ids)
        return ids


def _holders(identity: Identity, connection: Connection) -> tuple[str, ...]:
    """Return under whose names ids are kept: the caller's, and those of groups that share them."""
    shared = sorted(identity.groups.intersection(connection.share_agents))
    return identity.key, *(f"group {group}" for group in shared)


def _check_list(connection: Connection, listed: str) -> None:
    if listed and not connection.open_lists:
        raise NotPermitted(
            f"Lists of {listed} show what everyone has in this account, so they are closed here. "
            f"An administrator opens them with `abeyance connection change {connection.name} "
            "--open-lists`."
        )
