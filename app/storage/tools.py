"""What the servers of MCP say of their tools, which of it is trusted, and who has seen what."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from app.domain.server_tool import tool_id
from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.domain.server_tool import ToolVersion, ToolView, TrustedTool
    from app.storage.mongo import Collection


_VIEW_KEPT = timedelta(days=90)
_VERSION_KEPT = timedelta(days=180)
"""After it was listed last. Longer than a view, which names it."""


class ToolStore(Protocol):
    """Versions, and what callers have seen, are forgotten some months after they were seen last.

    Every method may raise StorageUnavailable.
    """

    async def trusted(self, tools: Iterable[str]) -> tuple[TrustedTool, ...]:
        """Return those of these tools, by their ids, that were seen before."""
        ...

    async def meet(self, version: ToolVersion) -> None:
        """Keep a version that was seen; the first of a tool is trusted."""
        ...

    async def trust(self, version: ToolVersion) -> None:
        """Trust a version beside those that are."""
        ...

    async def version(self, version_id: str) -> ToolVersion | None: ...

    async def renew(self, versions: frozenset[str], at: datetime) -> bool:
        """Keep versions that were seen again, by their ids; False where any is gone."""
        ...

    async def note_seen(self, view: str, seen: Mapping[str, str], at: datetime) -> None:
        """Note what a caller has seen, beside the tools that they saw before."""
        ...

    async def view(self, view: str) -> ToolView | None: ...


@repeating
class MongoTools:
    """A ToolStore."""

    def __init__(
        self,
        tools: Collection[TrustedTool],
        versions: Collection[ToolVersion],
        views: Collection[ToolView],
    ) -> None:
        self._tools = tools
        self._versions = versions
        self._views = views

    async def prepare(self) -> None:
        await self._versions.prepare(Index(("until",), expires=True))
        await self._views.prepare(Index(("until",), expires=True))

    async def trusted(self, tools: Iterable[str]) -> tuple[TrustedTool, ...]:
        return await self._tools.named(tools)

    async def meet(self, version: ToolVersion) -> None:
        document = to_document(version) | {"until": version.at + _VERSION_KEPT}
        await self._versions.make(document.pop("_id"), {"$setOnInsert": document})
        first = {"$setOnInsert": {"trusted": [version.fingerprint]}}
        latest = {"$set": {"latest": version.fingerprint}}
        await self._tools.make(tool_id(version.connection, version.tool), first | latest)

    async def trust(self, version: ToolVersion) -> None:
        await self._tools.change(
            {"_id": tool_id(version.connection, version.tool)},
            {"$addToSet": {"trusted": version.fingerprint}},
        )

    async def version(self, version_id: str) -> ToolVersion | None:
        return await self._versions.one({"_id": version_id})

    async def renew(self, versions: frozenset[str], at: datetime) -> bool:
        there = await self._versions.change_all(
            {"_id": {"$in": sorted(versions)}}, {"$set": {"until": at + _VERSION_KEPT}}
        )
        return there == len(versions)

    async def note_seen(self, view: str, seen: Mapping[str, str], at: datetime) -> None:
        fields = {f"seen.{tool}": fingerprint for tool, fingerprint in seen.items()}
        await self._views.make(view, {"$set": fields | {"until": at + _VIEW_KEPT}})

    async def view(self, view: str) -> ToolView | None:
        return await self._views.one({"_id": view})
