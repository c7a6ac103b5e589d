"""The one file that calls Slack: each method we use, typed, with its errors mapped.

SlackUnavailable   Slack does not answer, or asks to wait: try again later
SlackRefused       Slack understood and said no; `code` is its error, such as `channel_not_found`
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from app.errors import AbeyanceError, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.blocks import Block, Message

_TIMEOUT_SECONDS = 10
_PASSING = frozenset(
    {
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
    }
)


class SlackUnavailable(Unavailable):
    """Slack does not answer, or asks to wait; `retry_after` is in seconds, 0 where not told."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SlackRefused(AbeyanceError):
    """Slack said no."""

    def __init__(self, method: str, code: str, detail: str = "") -> None:
        super().__init__(f"Slack refused {method}: {code}{detail and f' ({detail})'}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the app is installed, and as whom it speaks."""

    team_id: str
    enterprise_id: str
    bot_user: str


@dataclass(frozen=True, slots=True)
class Account:
    """A Slack account. `email` is empty unless this workspace vouches that it is theirs."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands."""

    channel: str
    ts: str


@asynccontextmanager
async def connected(token: str, api_url: str) -> AsyncIterator[Slack]:
    """Give Slack for the length of a block; its calls share kept-alive connections."""
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Slack(token, api_url, session)


class Slack:
    """What the bot asks of Slack. Every method may raise SlackUnavailable or SlackRefused.

    Where a person waits, a `ratelimited` is waited out in the call. Messages are posted under a
    lease that such a wait would outlast, so those come back as SlackUnavailable at once.
    """

    def __init__(self, token: str, api_url: str, session: aiohttp.ClientSession) -> None:
        reconnect = AsyncConnectionErrorRetryHandler(max_retry_count=1)
        wait = AsyncRateLimitErrorRetryHandler(max_retry_count=2)
        self.client = AsyncWebClient(
            token, api_url, session=session, retry_handlers=[reconnect, wait]
        )
        self._posting = AsyncWebClient(token, api_url, session=session, retry_handlers=[reconnect])

    async def workspace(self) -> Workspace:
        answer = await _call("auth.test", self.client.auth_test())
        return Workspace(
            answer["team_id"], answer.get("enterprise_id") or "", answer.get("user_id") or ""
        )

    async def try_app_token(self, app_token: str) -> None:
        """Ask for a socket and use it not: the SDK would ask for ever with a wrong token."""
        opened = self.client.apps_connections_open(app_token=app_token)
        await _call("apps.connections.open", opened)

    async def account(self, user: str, home: Workspace) -> Account:
        """Read a user now. Outsiders, bots and the deactivated come without an address."""
        answer = await _call("users.info", self.client.users_info(user=user))
        found: dict[str, Any] = answer["user"]
        profile: dict[str, Any] = found.get("profile") or {}
        name = profile.get("real_name") or found.get("real_name") or found.get("name") or user
        email = profile.get("email") or ""
        return Account(user, str(name), str(email) if vouched(found, home) else "")

    async def find_by_email(self, email: str) -> str:
        """Return the user id, empty where nobody here has that address."""
        try:
            answer = await _call(
                "users.lookupByEmail", self.client.users_lookupByEmail(email=email)
            )
        except SlackRefused as refused:
            if refused.code == "users_not_found":
                return ""
            raise
        return str(answer["user"]["id"])

    async def groups(self) -> dict[str, str]:
        """Return the id of each user group by its handle."""
        answer = await _call("usergroups.list", self.client.usergroups_list())
        return {group["handle"]: group["id"] for group in answer["usergroups"]}

    async def members(self, group: str) -> frozenset[str]:
        """Read who is in a user group now."""
        listed = self.client.usergroups_users_list(usergroup=group)
        answer = await _call("usergroups.users.list", listed)
        return frozenset(answer["users"])

    async def post(self, channel: str, message: Message, *, about: str, thread: str = "") -> Posted:
        """Post a message; `about` names the hold in its metadata, which anyone may read."""
        sent = self._posting.chat_postMessage(
            channel=channel,
            text=message.summary,
            blocks=list(message.blocks),
            thread_ts=thread or None,
            metadata={"event_type": "abeyance_hold", "event_payload": {"hold": about}},
            unfurl_links=False,
            unfurl_media=False,
        )
        answer = await _call("chat.postMessage", sent)
        return Posted(answer["channel"], answer["ts"])

    async def update(self, posted: Posted, message: Message) -> None:
        sent = self._posting.chat_update(
            channel=posted.channel,
            ts=posted.ts,
            text=message.summary,
            blocks=list(message.blocks),
        )
        await _call("chat.update", sent)

    async def direct_channel(self, user: str) -> str:
        answer = await _call("conversations.open", self.client.conversations_open(users=user))
        return str(answer["channel"]["id"])

    async def open_view(self, trigger_id: str, view: Block) -> str:
        """Open a modal and return its id. A trigger lives three seconds and works once."""
        opened = self.client.views_open(trigger_id=trigger_id, view=view)
        return str((await _call("views.open", opened))["view"]["id"])

    async def update_view(self, view_id: str, view: Block) -> None:
        await _call("views.update", self.client.views_update(view_id=view_id, view=view))

    async def publish_home(self, user: str, view: Block) -> None:
        await _call("views.publish", self.client.views_publish(user_id=user, view=view))


def vouched(user: dict[str, Any], home: Workspace) -> bool:
    """Whether the address is one that this workspace has checked.

    Another workspace (Slack Connect) may give its people any address, so theirs proves nothing.
    """
    enterprise = (user.get("enterprise_user") or {}).get("enterprise_id") or ""
    ours = user.get("team_id") == home.team_id or (
        bool(enterprise) and enterprise == home.enterprise_id
    )
    gone = user.get("deleted") or user.get("is_bot") or user.get("is_stranger")
    return ours and not gone and bool(user.get("is_email_confirmed"))


async def _call(method: str, sent: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    try:
        return await sent
    except SlackApiError as error:
        raise _mapped(method, error) from error
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SlackUnavailable(f"Slack does not answer {method}: {error}") from error


def _mapped(method: str, error: SlackApiError) -> AbeyanceError:
    answer = error.response
    status = getattr(answer, "status_code", 200)
    code = answer.get("error") if hasattr(answer, "get") else None
    if status == 429 or status >= 500 or code is None or code in _PASSING:
        retry_after = float(_header(answer, "retry-after") or 0)
        return SlackUnavailable(f"Slack does not answer {method}: {code or status}", retry_after)
    messages = (answer.get("response_metadata") or {}).get("messages") or []
    return SlackRefused(method, str(code), "; ".join(map(str, messages)))


def _header(answer: object, wanted: str) -> str:
    headers = getattr(answer, "headers", None) or {}
    value = next((value for name, value in headers.items() if name.lower() == wanted), "")
    return str(value[0] if isinstance(value, list) else value)
