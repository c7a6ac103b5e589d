"""Whom the bot does not listen to: people of other workspaces, and other apps.

A channel may be shared with another company (Slack Connect) or among the workspaces of an
organisation, so clicks of their people reach us. In a click `team` may be ours and `user.team_id`
theirs; in a submission `team` is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from slack_bolt.response import BoltResponse

from bot.views import modals
from bot.views.phrases import ONLY_OURS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from bot.slack.accounts import Workspace

_log = structlog.get_logger(__name__)


def only_ours(workspace: Workspace) -> Callable[..., Awaitable[BoltResponse | None]]:
    """Return a Bolt middleware that ends what comes from elsewhere, and tells people why."""

    async def check(
        body: dict[str, Any],
        ack: AsyncAck,
        respond: AsyncRespond,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's
    ) -> BoltResponse | None:
        if body.get("type") == "url_verification":
            return await next()
        app = body.get("api_app_id")
        if app != workspace.app_id:
            _log.warning("a call for another app is refused", app=app)
            return BoltResponse(status=403)
        if workspace.sends(*_team(body)) and workspace.has(_home(body)):
            return await next()
        _log.warning("a call from another workspace is refused", team=_team(body), home=_home(body))
        if body.get("type") == "view_submission":
            return await ack(response_action="update", view=modals.note("Abeyance", ONLY_OURS))
        if body.get("response_url"):
            await respond(text=ONLY_OURS, response_type="ephemeral", replace_original=False)
        return await ack()

    return check


def _team(body: dict[str, Any]) -> tuple[str, str]:
    """Return the enterprise and the workspace that a call names."""
    enterprise = _id(body, "enterprise") or str(body.get("enterprise_id") or "")
    return enterprise, _id(body, "team") or str(body.get("team_id") or "")


def _home(body: dict[str, Any]) -> str:
    """Return the workspace of whoever clicked; empty where it is not told."""
    user = body.get("user")
    return str(user.get("team_id") or "") if isinstance(user, dict) else ""


def _id(body: dict[str, Any], name: str) -> str:
    found = body.get(name)
    return str(found.get("id") or "") if isinstance(found, dict) else ""
