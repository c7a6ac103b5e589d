"""The one file that calls Slack: each method we use, typed, with its errors mapped."""

from __future__ import annotations

import asyncio
import contextlib
import re
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

from bot.slack.accounts import Match, Workspace, account, profile_field, vouched
from bot.slack.failures import Done, SlackRefused, SlackUnavailable, TokenRefused, header_of, mapped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.slack.accounts import Account, ProfileField
    from bot.slack.blocks import Block, Message

_TIMEOUT_SECONDS = 10
# What is posted is posted under a lease, which is to outlast the call.
_POST_SECONDS = 5.0
_HISTORY_PAGE, _HISTORY_PAGES = 200, 25
# Nothing was sent where no connection came about.
_NOT_SENT = (aiohttp.ClientConnectorError,)
_CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]{7,}")


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
        # A broken connection does not tell whether the message was posted: no retry knows more.
        self._posting = AsyncWebClient(token, api_url, session=session, retry_handlers=[])
        self._channels: dict[str, str] = {}
        self._doubted = asyncio.Event()

    async def token_in_doubt(self, seconds: float) -> None:
        """Wait until a call was refused for its token, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._doubted.wait()
        self._doubted.clear()

    async def workspace(self) -> Workspace:
        answer = await self._call("auth.test", self.client.auth_test())
        return Workspace(
            answer["team_id"],
            answer.get("enterprise_id") or "",
            answer.get("user_id") or "",
            answer.get("bot_id") or "",
            bool(answer.get("is_enterprise_install")),
            url=answer.get("url") or "",
        )

    async def app_id(self, bot_id: str) -> str:
        """Return the id of the app that a bot belongs to."""
        answer = await self._call("bots.info", self.client.bots_info(bot=bot_id))
        return str(answer["bot"]["app_id"])

    async def scopes(self) -> frozenset[str]:
        """Return what the token may do, as Slack says with each answer."""
        answer = await self._call("auth.test", self.client.auth_test())
        granted = header_of(answer, "x-oauth-scopes").split(",")
        return frozenset(scope.strip() for scope in granted if scope.strip())

    def speak_in(self, team_id: str) -> None:
        """Say in which workspace of an organisation our channels and groups are."""
        for client in (self.client, self._posting):
            client.default_params["team_id"] = team_id

    async def socket_url(self, app_token: str) -> str:
        """Return where one Socket Mode connection may be opened, once and soon."""
        opened = self.client.apps_connections_open(app_token=app_token)
        return str((await self._call("apps.connections.open", opened))["url"])

    async def account(self, user: str, home: Workspace) -> Account:
        """Read a user now. Outsiders, bots and the deactivated come without an address."""
        answer = await self._call("users.info", self.client.users_info(user=user))
        return account(user, answer["user"], home)

    async def find_by_email(self, email: str, home: Workspace) -> Match:
        try:
            answer = await self._call(
                "users.lookupByEmail", self.client.users_lookupByEmail(email=email)
            )
        except SlackRefused as refused:
            if refused.code == "users_not_found":
                return Match()
            raise
        found: dict[str, Any] = answer["user"]
        return Match(str(found["id"])) if vouched(found, home) else Match(unvouched=True)

    async def profile_fields(self) -> tuple[ProfileField, ...]:
        """Return the fields that this workspace has added to its profiles.

        https://docs.slack.dev/reference/methods/team.profile.get
        """
        answer = await self._call("team.profile.get", self.client.team_profile_get())
        return tuple(map(profile_field, answer["profile"].get("fields") or ()))

    async def profile_value(self, user: str, field: str) -> str:
        """Read what somebody's profile has in a field now; empty where nothing."""
        read = self.client.users_profile_get(user=user)
        answer = await self._call("users.profile.get", read)
        fields: dict[str, Any] = answer["profile"].get("fields") or {}
        return str((fields.get(field) or {}).get("value") or "")

    async def groups(self) -> dict[str, str]:
        """Return the id of each user group by its handle."""
        answer = await self._call("usergroups.list", self.client.usergroups_list())
        return {group["handle"]: group["id"] for group in answer["usergroups"]}

    async def members(self, group: str) -> frozenset[str]:
        """Read who is in a user group now."""
        listed = self.client.usergroups_users_list(usergroup=group)
        answer = await self._call("usergroups.users.list", listed)
        return frozenset(answer["users"])

    async def post(
        self, channel: str, message: Message, *, about: Mapping[str, str], thread: str = ""
    ) -> Posted:
        """Post a message; `about` goes into its metadata, which anyone may read."""
        sent = self._posting.chat_postMessage(
            channel=channel,
            text=message.summary,
            blocks=list(message.blocks),
            thread_ts=thread or None,
            metadata={"event_type": "abeyance_hold", "event_payload": dict(about)},
            unfurl_links=False,
            unfurl_media=False,
        )
        answer = await self._call("chat.postMessage", sent, _POST_SECONDS)
        return Posted(answer["channel"], answer["ts"])

    async def update(self, posted: Posted, message: Message) -> None:
        sent = self._posting.chat_update(
            channel=posted.channel,
            ts=posted.ts,
            text=message.summary,
            blocks=list(message.blocks),
        )
        await self._call("chat.update", sent, _POST_SECONDS)

    async def delete(self, posted: Posted) -> None:
        sent = self._posting.chat_delete(channel=posted.channel, ts=posted.ts)
        await self._call("chat.delete", sent, _POST_SECONDS)

    async def find(
        self, channel: str, notice: str, *, since: float, thread: str = ""
    ) -> Posted | None:
        """Find our message by the notice in its metadata, posted after `since` (of the epoch)."""
        place = await self.channel_id(channel)
        asked: dict[str, Any] = {"channel": place, "oldest": f"{since:.6f}"}
        asked |= {"include_all_metadata": True, "limit": _HISTORY_PAGE}
        for _ in range(_HISTORY_PAGES):
            if thread:
                sent = self.client.conversations_replies(ts=thread, **asked)
            else:
                sent = self.client.conversations_history(**asked)
            answer = await self._call("conversations.history", sent)
            for said in answer["messages"]:
                payload = (said.get("metadata") or {}).get("event_payload") or {}
                if payload.get("notice") == notice:
                    return Posted(place, str(said["ts"]))
            if not answer.get("has_more"):
                break
            asked["cursor"] = answer["response_metadata"]["next_cursor"]
        return None

    async def channel_id(self, channel: str) -> str:
        """Return the id of a channel that we are in, given by id or by name.

        Raises SlackRefused(`channel_not_found`) where we are in none of that name.
        """
        if _CHANNEL_ID.fullmatch(channel):
            return channel
        name = channel.removeprefix("#")
        if name not in self._channels:
            self._channels = await self._our_channels()
        if name not in self._channels:
            raise SlackRefused("users.conversations", "channel_not_found", channel)
        return self._channels[name]

    async def _our_channels(self) -> dict[str, str]:
        found: dict[str, str] = {}
        asked: dict[str, Any] = {"types": "public_channel,private_channel", "limit": 200}
        while True:
            listed = self.client.users_conversations(exclude_archived=True, **asked)
            answer = await self._call("users.conversations", listed)
            found |= {channel["name"]: channel["id"] for channel in answer["channels"]}
            asked["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor")
            if not asked["cursor"]:
                return found

    async def is_public(self, channel: str) -> bool:
        """Return whether everybody in the workspace can read a channel, given by its id."""
        answer = await self._call(
            "conversations.info", self.client.conversations_info(channel=channel)
        )
        found: dict[str, Any] = answer["channel"]
        return bool(found.get("is_channel")) and not found.get("is_private")

    async def direct_channel(self, user: str) -> str:
        answer = await self._call("conversations.open", self.client.conversations_open(users=user))
        return str(answer["channel"]["id"])

    async def give_file(self, user: str, name: str, content: bytes, words: str) -> None:
        """Put a file into the direct messages of someone, with some words of ours."""
        place = await self.direct_channel(user)
        sent = self.client.files_upload_v2(
            filename=name,
            content=content,
            channel=place,
            initial_comment=words,
            request_file_info=False,
        )
        await self._call("files.completeUploadExternal", sent)

    async def open_view(self, body: Mapping[str, Any], view: Block) -> str:
        """Open a modal and return its id, above the one in which `body` tells of a click.

        A trigger lives three seconds and works once.
        """
        trigger = str(body["trigger_id"])
        if (body.get("view") or {}).get("type") == "modal":
            pushed = self.client.views_push(trigger_id=trigger, view=view)
            return str((await self._call("views.push", pushed))["view"]["id"])
        opened = self.client.views_open(trigger_id=trigger, view=view)
        return str((await self._call("views.open", opened))["view"]["id"])

    async def update_view(self, view_id: str, view: Block) -> None:
        await self._call("views.update", self.client.views_update(view_id=view_id, view=view))

    async def publish_home(self, user: str, view: Block) -> None:
        await self._call("views.publish", self.client.views_publish(user_id=user, view=view))

    async def _call(
        self, method: str, sent: Awaitable[AsyncSlackResponse], seconds: float | None = None
    ) -> AsyncSlackResponse:
        try:
            async with asyncio.timeout(seconds):
                return await sent
        except SlackApiError as error:
            failure = mapped(method, error)
            if isinstance(failure, TokenRefused):
                self._doubted.set()
            raise failure from error
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            done = Done.NO if isinstance(error, _NOT_SENT) else Done.OR_YET
            raise SlackUnavailable(f"Slack does not answer {method}: {error}", done=done) from error
