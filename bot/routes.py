"""Builds the Bolt app: which event goes to which part. All wiring of Slack is here."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.kwargs_injection.async_args import AsyncArgs  # noqa: TC002 - Bolt reads it
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery import digest
from bot.handlers.changing import Changing
from bot.handlers.commands import Commands
from bot.handlers.decide import Clicks
from bot.handlers.exporting import Exporting
from bot.handlers.false_alarm import FalseAlarms
from bot.handlers.home import Home
from bot.handlers.outsiders import only_ours
from bot.handlers.queries import Queries
from bot.handlers.replay import Auditing
from bot.handlers.requester import Asking
from bot.handlers.together import Together
from bot.handlers.trusting import Trusting
from bot.handlers.view_full import Viewing
from bot.people import linking
from bot.slack.failures import SlackRefused
from bot.views import (
    approval_forms,
    cards,
    home_tab,
    modals,
    queries,
    request_pages,
    requester_message,
    together,
    trust_form,
)
from bot.views.calls import change_form
from bot.views.phrases import ONLY_OURS
from bot.views.replay import lists, session

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from bot.slack.accounts import Workspace
    from bot.slack.api import Slack

Handler: TypeAlias = Callable[..., Awaitable[None]]
Handlers: TypeAlias = dict[str, Handler]
_FAILED = "That didn't work: the request timed out. Please try again."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """The parts that handle what Slack sends."""

    clicks: Clicks
    changing: Changing
    alarms: FalseAlarms
    asking: Asking
    queries: Queries
    viewing: Viewing
    trusting: Trusting
    auditing: Auditing
    exporting: Exporting
    commands: Commands
    home: Home
    together: Together


def slack_app(slack: Slack, workspace: Workspace, rooms: Rooms) -> AsyncApp:
    """Return the app. It takes what it is given for Slack's: who gives it has made sure."""
    app = AsyncApp(
        # Else Bolt looks through the source of all that is loaded for a name.
        name="abeyance",
        # No handler calls Slack by Bolt's client: ours keeps its connections.
        client=AsyncWebClient(base_url=slack.client.base_url),
        before_authorize=only_ours(workspace),
        user_facing_authorize_error_message=ONLY_OURS,
        authorize=_authorize(workspace, slack.client.token or ""),
        # `webhook.py` checks signatures before Bolt parses anything.
        signing_secret="checked-before",  # noqa: S106
        request_verification_enabled=False,
    )
    app.error(_report)
    actions, views, commands = _table(rooms)
    for name, handler in actions.items():
        app.action(name)(_surely(handler))
    for name, handler in views.items():
        app.view(name)(_surely(handler))
    for name, handler in commands.items():
        app.command(name)(_surely(handler))
    app.event("app_home_opened")(_surely(rooms.home.opened))
    return app


def _table(rooms: Rooms) -> tuple[Handlers, Handlers, Handlers]:
    """Return who handles each action, each submitted view and each command."""
    actions: Handlers = {
        cards.APPROVE: rooms.clicks.approve,
        cards.GRANT: rooms.clicks.grant,
        cards.TASK: rooms.clicks.approve_task,
        cards.REVOKE: rooms.clicks.revoke,
        cards.MORE: _behind_the_dots(rooms),
        cards.ABOUT_RULE: _behind_the_dots(rooms),
        linking.OPEN_LINK: rooms.clicks.open_link,
        requester_message.WITHDRAW: rooms.asking.withdraw,
        requester_message.AGAIN: rooms.asking.again,
        queries.REPLY: rooms.queries.reply_form,
        cards.DENY: rooms.clicks.ask_reason,
        cards.DENY_CALL: rooms.clicks.ask_call_reason,
        trust_form.OLDER: rooms.trusting.turn_page,
        trust_form.NEWER: rooms.trusting.turn_page,
        home_tab.REVOKE_TRUST: rooms.trusting.revoke,
        cards.VIEW: rooms.viewing.view_full,
        request_pages.OLDER: rooms.viewing.turn_page,
        request_pages.NEWER: rooms.viewing.turn_page,
        lists.OPEN: rooms.auditing.open,
        lists.OLDER: rooms.auditing.older,
        lists.NEWER: rooms.auditing.newer,
        session.BACK: rooms.auditing.page,
        session.FORWARD: rooms.auditing.page,
        session.FIRST: rooms.auditing.page,
        session.LAST: rooms.auditing.page,
        session.LIST: rooms.auditing.listing,
        session.IN_BROWSER: rooms.clicks.open_link,
        lists.SEARCH: rooms.auditing.refine,
        lists.RECORD: rooms.auditing.record,
        session.EXPORT: rooms.exporting.export,
        session.MARK: rooms.auditing.mark,
        session.UNMARK: rooms.auditing.unmark,
        home_tab.SEARCH: rooms.auditing.search,
        home_tab.NEWER: rooms.home.turn_page,
        home_tab.OLDER: rooms.home.turn_page,
        home_tab.MINE_NEWER: rooms.home.turn_page,
        home_tab.MINE_OLDER: rooms.home.turn_page,
        digest.QUEUE: rooms.home.open_queue,
        together.OPEN: rooms.together.open,
    }
    views: Handlers = {
        lists.MODAL: rooms.auditing.submit,
        modals.AGAIN_SUBMIT: rooms.asking.state,
        queries.ASK_SUBMIT: rooms.queries.ask,
        queries.REPLY_SUBMIT: rooms.queries.reply,
        modals.GLASS_SUBMIT: rooms.clicks.break_glass,
        modals.ALARM_SUBMIT: rooms.alarms.keep,
        change_form.CHANGE_SUBMIT: rooms.changing.approve,
        modals.DENY_SUBMIT: rooms.clicks.deny,
        together.SUBMIT: rooms.together.decide,
        trust_form.SUBMIT: rooms.trusting.keep,
        approval_forms.NOTE_SUBMIT: rooms.clicks.approve_noted,
        approval_forms.LENGTH_SUBMIT: rooms.clicks.approve_for,
    }
    commands: Handlers = {
        "/replay": rooms.auditing.command,
        "/abeyance": _abeyance(rooms),
    }
    return actions, views, commands


def _abeyance(rooms: Rooms) -> Handler:
    """Choose by the first word: `/abeyance replay …` is `/replay …`."""

    async def abeyance(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        word, _, rest = str(body.get("text", "")).strip().partition(" ")
        if word == "replay":
            await rooms.auditing.command(ack, {**body, "text": rest})
        else:
            await rooms.commands.abeyance(ack, body, respond)

    return abeyance


def _behind_the_dots(rooms: Rooms) -> Handler:
    """Choose by the option that was taken."""

    async def more(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        value = str((body["actions"][0].get("selected_option") or {}).get("value", ""))
        if value.startswith(cards.ALARM):
            await rooms.alarms.ask(ack, body, value.removeprefix(cards.ALARM))
        elif value.startswith(cards.TRUST):
            await rooms.trusting.ask(ack, body, value.removeprefix(cards.TRUST))
        elif value.startswith(cards.ONCE):
            await rooms.clicks.approve_once(ack, body, respond, value.removeprefix(cards.ONCE))
        elif value.startswith(cards.CHANGE):
            await rooms.changing.ask(ack, body, value.removeprefix(cards.CHANGE))
        elif value.startswith(queries.ASK):
            await rooms.queries.ask_form(ack, body, value.removeprefix(queries.ASK))
        elif value.startswith(cards.NOTED):
            await rooms.clicks.ask_note(ack, body, value.removeprefix(cards.NOTED))
        elif value.startswith(cards.LENGTH):
            await rooms.clicks.ask_length(ack, body, value.removeprefix(cards.LENGTH))
        else:
            await rooms.clicks.ask_glass(ack, body, value)

    return more


def _authorize(workspace: Workspace, token: str) -> Callable[..., Awaitable[AuthorizeResult]]:
    """Give our token to what comes from where it was installed, and to nothing else."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        if not workspace.sends(enterprise_id or "", team_id or ""):
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=token,
            bot_id=workspace.bot_id,
            bot_user_id=workspace.bot_user,
        )

    # Bolt means None to be returned, and says otherwise in its types.
    return cast("Callable[..., Awaitable[AuthorizeResult]]", authorize)


def _surely(handler: Handler) -> Callable[[AsyncArgs], Awaitable[None]]:
    """Wrap a handler so that what it raises after its ack does not undo the ack.

    Bolt forgets an ack when its handler raises soon after, and then tells Slack nothing.
    """
    wanted = tuple(inspect.signature(handler).parameters)

    async def handle(args: AsyncArgs) -> None:
        try:
            await handler(**{name: getattr(args, name) for name in wanted})
        except Exception as error:
            if args.ack.response is None:
                raise
            await _report(error, args.body, args.respond)

    return handle


async def _report(error: Exception, body: dict[str, Any], respond: AsyncRespond) -> None:
    """Log what no handler expected, and let no click go unanswered."""
    if isinstance(error, SlackRefused) and error.code == "exchanged_trigger_id":
        # Slack delivered a click twice; the first delivery has opened the modal.
        return
    _log.error("a Slack handler failed", exc_info=error)
    if body.get("response_url"):
        try:
            await respond(text=_FAILED, response_type="ephemeral", replace_original=False)
        except (aiohttp.ClientError, OSError):
            _log.warning("nobody could be told that it failed")
