"""The device flow: a program asks, a person allows it in a browser, the program gets its tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from app.domain.device import (
    INTERVAL_SECONDS,
    LASTS,
    SLOWER_SECONDS,
    DeviceRequest,
    DeviceState,
    Poll,
)
from app.domain.issued import Scope
from app.errors import NotFound
from proxy.app_login.codes import new_device_code, new_user_code, read_user_code

if TYPE_CHECKING:
    from app.clock import Clock
    from app.storage.credentials.devices import DeviceStore
    from proxy.app_login.sessions import AppTokens, Sessions
    from proxy.keys.minting import Secrets
    from proxy.keys.sign_ins import Offered

_AGENT = 80
_GONE = (
    "This code is not known, or is too old. Compare it with your terminal, or start again there."
)


@dataclass(frozen=True, slots=True)
class Begun:
    """What a program shows to its person, and what it asks with."""

    device_code: str = field(repr=False)
    user_code: str
    seconds: int
    interval: int


class DeviceLogin:
    """Every method may raise StorageUnavailable."""

    def __init__(
        self, store: DeviceStore, sessions: Sessions, secrets: Secrets, clock: Clock
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._secrets = secrets
        self._clock = clock

    async def begin(self, connection: str, address: str, agent: str) -> Begun:
        now = self._clock.now()
        begun = Begun(
            new_device_code(), new_user_code(), int(LASTS.total_seconds()), INTERVAL_SECONDS
        )
        await self._store.put(
            DeviceRequest(
                id=self._secrets.digest(begun.device_code),
                user_code=self._secrets.digest(begun.user_code),
                connection=connection,
                address=address,
                agent=agent[:_AGENT],
                asked_at=now,
                expires_at=now + LASTS,
            )
        )
        return begun

    async def poll(self, device_code: str, address: str) -> AppTokens | Poll:
        """Return the tokens, or why there are none yet. Raises as `Sessions.first`."""
        now = self._clock.now()
        request = await self._store.get(self._secrets.digest(device_code))
        if request is None:
            return Poll.EXPIRED
        answer = request.poll(now)
        match answer:
            case Poll.PENDING | Poll.TOO_EARLY:
                slower = SLOWER_SECONDS if answer is Poll.TOO_EARLY else 0
                await self._store.note_poll(request.id, now, request.interval + slower)
                return answer
            case Poll.REFUSED | Poll.EXPIRED:
                return answer
            case Poll.READY:
                return await self._sessions.first(request.credential, device_code, address)
            case _:
                assert_never(answer)

    async def offered(self, typed: str) -> DeviceRequest:
        """Return the request whose code somebody typed. Raises NotFound."""
        code = read_user_code(typed)
        found = None
        if code:
            now = self._clock.now()
            found = await self._store.by_user_code(self._secrets.digest(code), now)
        if found is None:
            raise NotFound(_GONE)
        return found

    async def allow(self, request: DeviceRequest, offered: Offered) -> None:
        """Give the program a session of this person.

        Raises NotFound where it was answered before or is too old, and as `Sessions.begin`.
        """
        name = f"Claude Code ({request.address})"
        scope = Scope((request.connection,))
        issued = await self._sessions.begin(offered, name, scope, request.address)
        now = self._clock.now()
        if not await self._store.settle(request.id, DeviceState.ALLOWED, issued.id, now):
            await self._sessions.drop(issued)
            raise NotFound(_GONE)

    async def refuse(self, request: DeviceRequest) -> None:
        now = self._clock.now()
        if not await self._store.settle(request.id, DeviceState.REFUSED, "", now):
            raise NotFound(_GONE)
