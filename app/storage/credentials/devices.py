"""Requests of programs to be signed in. The database deletes each when it is too old to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.domain.device import DeviceState
from app.storage.documents import to_document
from app.storage.driver import Exists, repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.device import DeviceRequest
    from app.storage.mongo import Collection


class DeviceStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, request: DeviceRequest) -> None:
        """Write a new request."""
        ...

    async def get(self, request_id: str) -> DeviceRequest | None: ...

    async def by_user_code(self, user_code: str, now: datetime) -> DeviceRequest | None:
        """Return the request of this code that a person may still answer."""
        ...

    async def note_poll(self, request_id: str, at: datetime, interval: int) -> None:
        """Keep when its program asked last, and how long it has to wait from then on."""
        ...

    async def settle(
        self, request_id: str, state: DeviceState, credential: str, now: datetime
    ) -> bool:
        """Write what the person has answered, once; False where that is over."""
        ...


@repeating
class MongoDevices:
    """A DeviceStore."""

    def __init__(self, requests: Collection[DeviceRequest]) -> None:
        self._requests = requests

    async def prepare(self) -> None:
        await self._requests.prepare(Index(("user_code",)), Index(("expires_at",), expires=True))

    async def put(self, request: DeviceRequest) -> None:
        try:
            await self._requests.insert(to_document(request))
        except Exists:
            # It may have been polled since a first try was written.
            found = await self.get(request.id)
            if found is None or found.user_code != request.user_code:
                raise

    async def get(self, request_id: str) -> DeviceRequest | None:
        return await self._requests.one({"_id": request_id})

    async def by_user_code(self, user_code: str, now: datetime) -> DeviceRequest | None:
        pending = DeviceState.PENDING.value
        return await self._requests.one(
            {"user_code": user_code, "state": pending, "expires_at": {"$gt": now}}
        )

    async def note_poll(self, request_id: str, at: datetime, interval: int) -> None:
        update = {"$max": {"polled_at": at, "interval": interval}}
        await self._requests.change({"_id": request_id}, update)

    async def settle(
        self, request_id: str, state: DeviceState, credential: str, now: datetime
    ) -> bool:
        answer = {"state": state.value, "credential": credential}
        pending = {"state": DeviceState.PENDING.value, "expires_at": {"$gt": now}}
        if await self._requests.change({"_id": request_id} | pending, {"$set": answer}):
            return True
        return await self._requests.one({"_id": request_id} | answer) is not None
