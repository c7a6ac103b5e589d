"""Whose manager is who, as Slack's profiles say: for identity providers that do not tell.

A workspace names the manager in a profile field of the type `user`. Only a field that members
can't change themselves counts: nobody is to choose who decides on their requests.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.people.groups import NOT_FOUND_SECONDS
from bot.slack.failures import SlackRefused
from bot.slack.text import is_user

if TYPE_CHECKING:
    from bot.slack.accounts import ProfileField
    from bot.slack.api import Slack

_FIELD_SECONDS = 300.0
_LATELY_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class Managers:
    """`label` is what the workspace calls the field. Every method may raise SlackUnavailable."""

    def __init__(self, slack: Slack, label: str) -> None:
        self._slack = slack
        self._label = label
        self._field: tuple[str, float] = ("", 0.0)
        self._lately: dict[str, tuple[str, float]] = {}

    async def of(self, slack_user: str) -> str:
        """Return the manager of a user at this moment, as a user id; empty where nobody is named.

        A Slack that refuses to tell names nobody.
        """
        try:
            field = await self._field_id()
            said = await self._slack.profile_value(slack_user, field) if field else ""
        except SlackRefused as refused:
            _log.warning("managers can't be read in Slack", reason=str(refused))
            return ""
        named = said if is_user(said) else ""
        self._lately[slack_user] = (named, _now() + _kept(named, _LATELY_SECONDS))
        return named

    async def lately(self, slack_user: str) -> str:
        """Return the same as it was a minute ago at worst: for lists, on which no right hangs."""
        named, until = self._lately.get(slack_user, ("", 0.0))
        return named if _now() < until else await self.of(slack_user)

    async def _field_id(self) -> str:
        found, until = self._field
        if _now() < until:
            return found
        field = named_field(await self._slack.profile_fields(), self._label)
        if field is not None and not field.trusted:
            _log.warning("members can change their manager themselves: not used", field=field.label)
        found = field.id if field and field.trusted else ""
        self._field = (found, _now() + _kept(found, _FIELD_SECONDS))
        return found


def named_field(fields: tuple[ProfileField, ...], label: str) -> ProfileField | None:
    """Return the field of that label that holds people; None where there is none."""
    wanted = label.strip().casefold()
    return next((f for f in fields if f.people and f.label.strip().casefold() == wanted), None)


def _kept(found: str, seconds: float) -> float:
    return seconds if found else NOT_FOUND_SECONDS


def _now() -> float:
    return asyncio.get_running_loop().time()
