"""Slack's user groups: who is in them, now or lately."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.slack import SlackRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.slack import Slack

_HANDLES_SECONDS = 60.0
_MEMBERS_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class Groups:
    """Ids that go with handles are kept for a while; members only where nobody's right hangs on it.

    Every method may raise SlackUnavailable or SlackRefused.
    """

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._handles: dict[str, str] = {}
        self._handles_until = 0.0
        self._lately: dict[str, tuple[frozenset[str], float]] = {}

    async def of(self, slack_user: str, handles: Iterable[str]) -> frozenset[str]:
        """Return those of the handles whose group the user is in at this moment."""
        ids = await self.ids(handles)
        async with together() as tasks:
            read = {h: tasks.create_task(self._members(group)) for h, group in ids.items()}
        return frozenset(handle for handle, task in read.items() if slack_user in task.result())

    async def members_lately(self, handles: Iterable[str]) -> frozenset[str]:
        """Return who is in any of the groups, as it was a minute ago at worst."""
        found: set[str] = set()
        for group in (await self.ids(handles)).values():
            now = asyncio.get_running_loop().time()
            members, until = self._lately.get(group, (frozenset[str](), 0.0))
            if now >= until:
                members = await self._members(group)
                self._lately[group] = (members, now + _MEMBERS_SECONDS)
            found |= members
        return frozenset(found)

    async def ids(self, handles: Iterable[str]) -> dict[str, str]:
        """Return the id of each handle that exists."""
        wanted = sorted(set(handles))
        if not wanted:
            return {}
        now = asyncio.get_running_loop().time()
        if now >= self._handles_until:
            self._handles = await self._slack.groups()
            self._handles_until = now + _HANDLES_SECONDS
        for handle in wanted:
            if handle not in self._handles:
                _log.info("no such user group in Slack", handle=handle)
        return {handle: self._handles[handle] for handle in wanted if handle in self._handles}

    async def _members(self, group: str) -> frozenset[str]:
        try:
            return await self._slack.members(group)
        except SlackRefused as refused:
            # A group that was taken away has nobody in it.
            _log.warning("user group can't be read", group=group, reason=refused.code)
            self._handles_until = 0.0
            return frozenset()


class together(asyncio.TaskGroup):  # noqa: N801 - reads as a verb: async with together()
    """A group whose first failure comes out as itself, so that callers can catch it by name."""

    async def __aexit__(self, *exc: object) -> None:
        try:
            await super().__aexit__(*exc)  # type: ignore[arg-type]
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
