"""Where a message of ours is found: the address that Slack calls its permalink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.slack.failures import SlackRefused, SlackUnavailable
from bot.slack.text import is_user

if TYPE_CHECKING:
    from app.domain.notice import Notice
    from bot.slack.accounts import Workspace
    from bot.slack.api import Slack

_log = structlog.get_logger(__name__)


class Links:
    """Links to messages, for those who can open them: a link that leads nowhere is none."""

    def __init__(self, slack: Slack, workspace: Workspace) -> None:
        self._slack = slack
        self._workspace = workspace
        self._public: dict[str, bool] = {}

    def for_reader(self, notice: Notice, slack_user: str) -> str:
        """Return the link for one who reads the channel; empty where it is another's message."""
        theirs = not is_user(notice.target) or notice.target == slack_user
        return self._link(notice) if theirs else ""

    async def for_all(self, notice: Notice) -> str:
        """Return the link where everybody can open it, or nothing: Slack is asked once."""
        public = not is_user(notice.target) and await self._is_public(notice.channel)
        return self._link(notice) if public else ""

    def _link(self, notice: Notice) -> str:
        return self._workspace.permalink(notice.channel, notice.ts) if notice.ts else ""

    async def _is_public(self, channel: str) -> bool:
        if channel not in self._public:
            try:
                self._public[channel] = await self._slack.is_public(channel)
            except (SlackUnavailable, SlackRefused) as error:
                _log.warning("no link to a card", channel=channel, reason=str(error))
                return False
        return self._public[channel]
