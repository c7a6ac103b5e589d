"""A call of a method of a store, and what it is to find."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

Call: TypeAlias = Callable[["MongoStorage"], Awaitable[object]]


async def _nothing(_: MongoStorage) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Sample:
    call: Call
    given: Call = _nothing
