"""Builds the Bolt app: which event goes to which part. All wiring of Slack is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot import cards, directs, home, modals, replay
from bot.actions import Clicks
from bot.asking import Asking
from bot.auditing import Auditing
from bot.commands import Commands
from bot.home import Home
from bot.slack import SlackRefused
from bot.viewing import Viewing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slack_bolt.async_app import AsyncRespond
    from slack_bolt.response import BoltResponse

    from bot.slack import Slack, Workspace

_FAILED = "That did not work: Slack or I was too slow. Please try again."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """The parts that handle what Slack sends."""

    clicks: Clicks
    asking: Asking
    viewing: Viewing
    auditing: Auditing
    commands: Commands
    home: Home


def slack_app(
    slack: Slack, workspace: Workspace, rooms: Rooms, *, signing_secret: str = ""
) -> AsyncApp:
    """Return the app. Without a signing secret it is for Socket Mode only."""
    app = AsyncApp(
        client=slack.client,
        signing_secret=signing_secret or "socket-mode-signs-nothing",
        request_verification_enabled=bool(signing_secret),
    )
    app.middleware(_only_from(workspace))
    app.error(_report)
    app.action(cards.APPROVE)(rooms.clicks.approve)
    app.action(cards.GRANT)(rooms.clicks.grant)
    app.action(cards.REVOKE)(rooms.clicks.revoke)
    app.action(cards.MORE)(rooms.clicks.more)
    app.action(directs.WITHDRAW)(rooms.asking.withdraw)
    app.action(directs.AGAIN)(rooms.asking.again)
    app.view(modals.AGAIN_SUBMIT)(rooms.asking.state)
    app.view(modals.GLASS_SUBMIT)(rooms.clicks.break_glass)
    app.action(cards.DENY)(rooms.clicks.ask_reason)
    app.action(cards.VIEW)(rooms.viewing.view_full)
    app.action(modals.VIEW_OLDER)(rooms.viewing.turn_page)
    app.action(modals.VIEW_NEWER)(rooms.viewing.turn_page)
    app.view(modals.DENY_SUBMIT)(rooms.clicks.deny)
    app.command("/replay")(rooms.auditing.command)
    app.action(replay.OPEN)(rooms.auditing.open)
    app.action(replay.OLDER)(rooms.auditing.older)
    app.action(replay.NEWER)(rooms.auditing.newer)
    app.action(replay.BACK)(rooms.auditing.page)
    app.action(replay.FORWARD)(rooms.auditing.page)
    app.action(replay.LIST)(rooms.auditing.listing)
    app.action(home.SEARCH)(rooms.auditing.search)
    app.command("/abeyance")(rooms.commands.abeyance)
    app.event("app_home_opened")(rooms.home.opened)
    return app


def _only_from(workspace: Workspace) -> Callable[..., Awaitable[BoltResponse | None]]:
    """Refuse what another workspace sends: an app can be installed in more than one."""

    async def check(
        body: dict[str, Any],
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's
    ) -> BoltResponse | None:
        team = (body.get("team") or {}).get("id") or body.get("team_id")
        enterprise = (body.get("enterprise") or {}).get("id") or body.get("enterprise_id")
        known = {workspace.team_id, workspace.enterprise_id} - {""}
        if known.isdisjoint({team, enterprise}):
            _log.warning("a call from another workspace is dropped", team=team)
            return None
        return await next()

    return check


async def _report(error: Exception, body: dict[str, Any], respond: AsyncRespond) -> None:
    """Log what no handler expected, and let no click go unanswered."""
    if isinstance(error, SlackRefused) and error.code == "exchanged_trigger_id":
        # Slack delivered a click twice; the first delivery has opened the modal.
        return
    _log.error("a Slack handler failed", exc_info=error)
    if body.get("response_url"):
        await respond(text=_FAILED, response_type="ephemeral", replace_original=False)
