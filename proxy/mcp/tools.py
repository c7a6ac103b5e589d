"""Which tools have changed since they were trusted, and for whom.

A fingerprint belongs to a tool of a connection. Servers list different tools to different people,
and in pages: what a list does not name has not changed. A caller's next call is judged by the
version that this caller has seen last, since that is what their agent goes by; who has seen none,
by the one that anybody has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.domain.server_tool import (
    ToolVersion,
    ToolView,
    TrustedTool,
    tool_id,
    version_id,
    view_id,
)
from app.domain.verdict import Action
from policies.decide import with_rule
from policies.mcp.changes import CHANGED, changed, refused, word_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.clock import Clock
    from app.domain.identity import Identity
    from app.domain.verdict import FiredRule, Verdict
    from app.storage.ports import HoldStore, Ledger
    from app.storage.tools import ToolStore
    from app.wire.mcp.descriptions import Description

_DECIDED = 200
"""How many of the last decisions about changes are looked through."""


class Tools:
    def __init__(self, tools: ToolStore, holds: HoldStore, ledger: Ledger, clock: Clock) -> None:
        self._tools = tools
        self._holds = holds
        self._ledger = ledger
        self._clock = clock

    async def learn(
        self,
        connection: str,
        identity: Identity,
        session_id: str,
        said: Iterable[Description],
        *,
        mask: Callable[[str], str],
    ) -> None:
        """Take note of tools before a caller sees them. Raises StorageUnavailable."""
        seen = {tool_id(connection, one.tool): one for one in said}
        if not seen:
            return
        known = {tool.id: tool for tool in await self._tools.trusted(seen)}
        again = {
            tool: version_id(connection, one.tool, one.fingerprint)
            for tool, one in seen.items()
            if tool in known and known[tool].latest == one.fingerprint
        }
        now = self._clock.now()
        if not await self._tools.renew(frozenset(again.values()), now):
            again = {}
        news = [(one, known.get(tool)) for tool, one in seen.items() if tool not in again]
        meeting = (self._meet(connection, session_id, *new, mask) for new in news)
        await asyncio.gather(*meeting)
        fingerprints = {tool: one.fingerprint for tool, one in seen.items()}
        await self._tools.note_seen(view_id(connection, identity.key), fingerprints, now)

    async def _meet(
        self,
        connection: str,
        session_id: str,
        said: Description,
        trusted: TrustedTool | None,
        mask: Callable[[str], str],
    ) -> None:
        name = version_id(connection, said.tool, said.fingerprint)
        lines = tuple(mask("\n".join(said.lines)).split("\n"))
        version = ToolVersion(
            name, connection, said.tool, said.fingerprint, lines, self._clock.now()
        )
        if trusted is None:
            await self._note(EventKind.TOOL_TRUSTED, session_id, version, why="first seen")
        elif said.fingerprint not in trusted.trusted:
            await self._note(EventKind.TOOL_CHANGED, session_id, version)
        await self._tools.meet(version)

    async def judge(
        self, connection: str, identity: Identity, called: Iterable[str], approvers: Sequence[str]
    ) -> tuple[FiredRule, ...]:
        """Return a rule for each called tool that has changed and that nobody has accepted.

        `approvers` are the approver sets of the catalog.

        Raises StorageUnavailable.
        """
        ids = {tool_id(connection, tool): tool for tool in called}
        if not ids:
            return ()
        known, view = await asyncio.gather(
            self._tools.trusted(ids), self._tools.view(view_id(connection, identity.key))
        )
        seen = (view or ToolView("")).seen
        changes = [
            (tool, fingerprint)
            for tool in known
            if (fingerprint := seen.get(tool.id, tool.latest)) not in tool.trusted
        ]
        fired = [
            await self._judged(connection, ids[tool.id], tool, fingerprint, approvers)
            for tool, fingerprint in changes
        ]
        return tuple(rule for rule in fired if rule is not None)

    async def _judged(
        self,
        connection: str,
        name: str,
        tool: TrustedTool,
        fingerprint: str,
        approvers: Sequence[str],
    ) -> FiredRule | None:
        now = self._clock.now()
        version_name = version_id(connection, name, fingerprint)
        # One that was not listed for months is forgotten, though nobody has trusted it.
        version = await self._tools.version(version_name) or ToolVersion(
            version_name, connection, name, fingerprint, (), now
        )
        word = word_on(version, await self._holds.judged(CHANGED, _DECIDED), now)
        if word is not None and word[1]:
            await self._note(EventKind.TOOL_TRUSTED, word[0].session_id, version, why=word[0].id)
            await self._tools.trust(version)
            return None
        before = await self._tools.version(version_id(connection, name, tool.trusted[-1]))
        fired = changed(version, before, approvers)
        return fired if word is None else refused(fired, word[0])

    async def _note(
        self, kind: EventKind, session_id: str, version: ToolVersion, **data: str
    ) -> None:
        said: dict[str, str | int] = {
            "connection": version.connection,
            "tool": version.tool[:200],
            "fingerprint": version.fingerprint,
            **data,
        }
        await self._ledger.append(Event(kind, self._clock.now(), session_id, said))


def with_changes(verdict: Verdict, changes: Iterable[FiredRule]) -> Verdict:
    """Return the verdict with what changed tools add to it; one that denies stays as it is."""
    for fired in changes:
        if verdict.action is not Action.DENY:
            verdict = with_rule(verdict, fired)
    return verdict
