"""Slack's user groups: who is in them, now or lately."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from bot.slack.failures import SlackRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.slack.api import Slack
    from bot.slack.rates import Pace

NOT_FOUND_SECONDS = 10.0
"""For how long it is kept that somebody or something was not found: it may have come about."""
_HANDLES_SECONDS = 60.0
_MEMBERS_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class Groups:
    """Ids that go with handles are kept for a while; members only where nobody's right hangs on it.

    Every method may raise SlackUnavailable or SlackRefused.
    """

    def __init__(self, slack: Slack, pace: Pace) -> None:
        """`pace` is that of reading members."""
        self._slack = slack
        self._pace = pace
        self._handles: dict[str, str] = {}
        self._handles_read_at = float("-inf")
        self._handles_lock = asyncio.Lock()
        self._members: dict[str, _Members] = defaultdict(_Members)

    async def of(
        self, slack_user: str, handles: Iterable[str], *, lately: bool = False
    ) -> frozenset[str]:
        """Return those of the handles whose group the user is in at this moment.

        With `lately` it may be as of a minute ago: for what is shown, never for what is decided.
        """
        ids = await self.ids(handles)
        since = asyncio.get_running_loop().time() - (_MEMBERS_SECONDS if lately else 0.0)
        async with together() as tasks:
            read = {h: tasks.create_task(self._read(group, since)) for h, group in ids.items()}
        return frozenset(handle for handle, task in read.items() if slack_user in task.result())

    async def members(self, group: str, within: float) -> frozenset[str]:
        """Return who is in a group, given by its id, as it was so many seconds ago at worst."""
        return await self._read(group, asyncio.get_running_loop().time() - within)

    async def ids(self, handles: Iterable[str]) -> dict[str, str]:
        """Return the id of each handle that exists."""
        wanted = sorted(set(handles))
        if not wanted:
            return {}
        async with self._handles_lock:
            now = asyncio.get_running_loop().time()
            keep = _HANDLES_SECONDS if self._handles.keys() >= set(wanted) else NOT_FOUND_SECONDS
            if now >= self._handles_read_at + keep:
                self._handles = await self._slack.groups()
                self._handles_read_at = now
        for handle in wanted:
            if handle not in self._handles:
                _log.info("no such user group in Slack", handle=handle)
        return {handle: self._handles[handle] for handle in wanted if handle in self._handles}

    async def _read(self, group: str, since: float) -> frozenset[str]:
        """Return the members as they were read at `since` or later.

        Who clicks while others wait for the same group shares a read that begins after the click:
        Slack lets us read twenty times a minute, and a manager may be faster.
        """
        known = self._members[group]
        async with known.lock:
            if known.read_at < since:
                await self._pace.turn("")
                known.read_at, begun = float("-inf"), asyncio.get_running_loop().time()
                known.members = await self._ask(group)
                known.read_at = begun
            return known.members

    async def _ask(self, group: str) -> frozenset[str]:
        try:
            return await self._slack.members(group)
        except SlackRefused as refused:
            _log.warning("user group can't be read", group=group, reason=refused.code)
            if refused.code != "no_such_subteam":
                raise
            # Nobody is in a group that was taken away.
            self._handles_read_at = float("-inf")
            return frozenset()


@dataclass(slots=True)
class _Members:
    """Who is in a group, as of `read_at`; whoever wants to know more waits for the lock."""

    members: frozenset[str] = frozenset()
    read_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class together(asyncio.TaskGroup):  # noqa: N801 - reads as a verb: async with together()
    """A group whose first failure comes out as itself, so that callers can catch it by name."""

    async def __aexit__(self, *exc: object) -> None:
        try:
            await super().__aexit__(*exc)  # type: ignore[arg-type]
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
