"""People in the sandbox workspace, for tests: they look, click, type and wait.

    async with SlackDriver(base_url) as slack:
        maria = await slack.user("maria")
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Deny…")
        await maria.submit({"reason": "not today"})

Nothing here sleeps: every wait ends on a change that the workspace reports, or raises
TimeoutError with what the person sees.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import aiohttp

from sandbox.slack.errors import Refused
from sandbox.slack.people.eyes import Eyes
from sandbox.slack.people.seen import SeenMessage, SeenView
from sandbox.slack.state.model import Json

Predicate = Callable[[SeenMessage], bool]
ViewPredicate = Callable[[SeenView], bool]

DEFAULT_WAIT = 90.0


class SlackDriver:
    """One client of the sandbox. Users opened from it close with it."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._stack = AsyncExitStack()
        self._users: dict[str, SlackUser] = {}

    async def __aenter__(self) -> Self:
        # A connection kept alive may have been closed by the server while a test did other things.
        connector = aiohttp.TCPConnector(force_close=True)
        session = aiohttp.ClientSession(connector=connector)
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def user(self, name: str) -> "SlackUser":
        """A person by first name, id or e-mail, with eyes open."""
        if name not in self._users:
            url = f"{self.base_url}/sandbox/live"
            live = self._session.ws_connect(url, params={"user": name}, max_msg_size=0)
            eyes = Eyes(await self._stack.enter_async_context(live))
            await eyes.look()
            self._users[name] = SlackUser(self, eyes)
        return self._users[name]

    async def wait_for_app(self, connections: int = 1, within: float = DEFAULT_WAIT) -> None:
        """Until the app has this many Socket Mode connections."""
        query = f"?connections={connections}&timeout={within}"
        await self._request("GET", f"/sandbox/app{query}")

    async def settings(self, **settings: object) -> Json:
        """Set how the workspace behaves.

        `rates` (0 is off), `bot_scopes`, `app_scopes`, `request_url` (None: Socket Mode),
        `enterprise` (the app is installed in this whole organisation), `ack_seconds` (a click's
        trigger lives as long, and three seconds at least), `retry_delays`, `usergroups` (handle to
        list of people), `managers` (person to person, empty for none), `profile_fields` (as
        team.profile.get returns them).
        """
        return await self._request("POST", "/sandbox/settings", settings)

    async def fail_calls(
        self, status: int, times: int = 1, *, method: str | None = None, retry_after: int = 1
    ) -> None:
        """The next calls (of one method, or of any) get 429 or 500."""
        fault = {"status": status, "times": times, "method": method, "retry_after": retry_after}
        await self._request("POST", "/sandbox/faults", fault)

    async def refuse_calls(self, method: str, error: str, times: int = 1) -> None:
        """The next calls of a method are refused, with an error that Slack documents for it."""
        fault = {"status": 200, "times": times, "method": method, "error": error}
        await self._request("POST", "/sandbox/faults", fault)

    async def swallow_answers(self, method: str, times: int = 1) -> None:
        """The next calls of a method do what they should, and are never answered."""
        await self.fail_calls(0, times, method=method)

    async def faults(self, **switches: bool) -> Json:
        """Set `duplicate_envelopes`, `refuse_connections`, `paused`."""
        return await self._request("POST", "/sandbox/faults", switches)

    async def clear_faults(self) -> None:
        await self._request("DELETE", "/sandbox/faults")

    async def disconnect_app(self, reason: str = "drop", *, only_one: bool = False) -> None:
        """`drop` cuts every socket, or one; `warning` and `refresh_requested` say so first."""
        await self._request("POST", "/sandbox/sockets", {"do": reason, "only_one": only_one})

    async def act(self, body: Json) -> Json:
        return await self._request("POST", "/sandbox/act", body)

    async def _request(self, verb: str, path: str, body: Json | None = None) -> Json:
        async with self._session.request(verb, self.base_url + path, json=body) as reply:
            answer: Json = await reply.json()
        if reply.status == 409:
            raise Refused(answer["error"], answer["message"], answer.get("errors"))
        reply.raise_for_status()
        return answer


class SlackUser:
    """One person. What they do raises Refused where Slack would show them an error."""

    def __init__(self, driver: SlackDriver, eyes: Eyes) -> None:
        self._driver = driver
        self._eyes = eyes

    @property
    def id(self) -> str:
        return self._eyes.me

    # --- what they see -------------------------------------------------------------------

    def messages(self, channel: str | None = None) -> list[SeenMessage]:
        """Messages as of the last act or wait, oldest first: of one channel, or of all."""
        return self._eyes.messages(channel)

    @property
    def views(self) -> list[SeenView]:
        """The open modals, the top one last."""
        return self._eyes.views

    @property
    def home(self) -> SeenView | None:
        return self._eyes.home

    async def wait_for_message(
        self,
        wanted: Predicate | str,
        within: float = DEFAULT_WAIT,
        *,
        channel: str | None = None,
    ) -> SeenMessage:
        """The newest message that fits (now or soon): a predicate, or a part of its words."""
        fits = wanted if callable(wanted) else _says(wanted)

        def look() -> SeenMessage | None:
            return next((m for m in reversed(self.messages(channel)) if fits(m)), None)

        return await self._eyes.wait(look, within, f"a message: {wanted}")

    async def wait_for_change(
        self, message: SeenMessage, wanted: Predicate | str, within: float = DEFAULT_WAIT
    ) -> SeenMessage:
        """This same message, once it fits."""
        fits = wanted if callable(wanted) else _says(wanted)

        def look() -> SeenMessage | None:
            now = self._eyes.message(message.channel, message.ts)
            return now if now is not None and fits(now) else None

        return await self._eyes.wait(look, within, f"the message to become: {wanted}")

    async def wait_until_gone(self, message: SeenMessage, within: float = DEFAULT_WAIT) -> None:
        """Until this message is deleted."""

        def look() -> bool | None:
            return True if self._eyes.message(message.channel, message.ts) is None else None

        await self._eyes.wait(look, within, "the message to go away")

    async def wait_for_view(
        self, wanted: ViewPredicate | str = "", within: float = DEFAULT_WAIT
    ) -> SeenView:
        """The top modal, once it fits: a predicate, or a part of its words."""
        fits = wanted if callable(wanted) else _shows(wanted)

        def look() -> SeenView | None:
            return self.views[-1] if self.views and fits(self.views[-1]) else None

        return await self._eyes.wait(look, within, f"a modal: {wanted}")

    async def wait_for_home(
        self, wanted: ViewPredicate | str = "", within: float = DEFAULT_WAIT
    ) -> SeenView:
        fits = wanted if callable(wanted) else _shows(wanted)

        def look() -> SeenView | None:
            return self.home if self.home is not None and fits(self.home) else None

        return await self._eyes.wait(look, within, f"the Home tab: {wanted}")

    # --- what they do --------------------------------------------------------------------

    async def click(
        self,
        where: SeenMessage | SeenView,
        name: str,
        *,
        choose: object = None,
        values: Json | None = None,
    ) -> None:
        """Use a button, select or the like, by action id or label; `choose` picks an option.

        A message is clicked as the person holds it, even if it changed since: the workspace
        refuses what is not on the current version. `values` fills in other inputs first.
        """
        element = where.element(name)
        body: Json = {"action_id": element.action_id, "block_id": element.block_id}
        body["value"] = element.value if choose is None else choose
        body["values"] = values or {}
        if isinstance(where, SeenMessage):
            body |= {"channel": where.channel, "ts": where.ts}
        else:
            body |= {"view_id": where.id}
        await self.act("click", **body)

    async def submit(self, values: Json | None = None) -> SeenView | None:
        """Fill in and submit the top modal, once it is a form. The modal open afterwards, if any.

        A note that a slow app has left of an earlier form is passed over: the form comes over it.
        `values` is keyed by action id, by block id, or by both nested. Raises Refused with
        `errors` by block id when the modal stays open to be mended.
        """
        view = await self.wait_for_view(lambda view: view.is_form)
        await self.act("submit", view_id=view.id, values=values or {})
        return self.views[-1] if self.views else None

    async def close_view(self, *, everything: bool = False) -> None:
        view = await self.wait_for_view()
        await self.act("close", view_id=view.id, all=everything)

    async def command(
        self,
        command: str,
        text: str = "",
        *,
        channel: str = "general",
        within: float = DEFAULT_WAIT,
    ) -> "SeenMessage | SeenView":
        """Type a slash command; what shows up for it: a new message in `channel`, or a modal."""
        before = {message.ts for message in self.messages(channel)}
        opened = {view.id for view in self.views}
        await self.act("command", command=command, text=text, channel=channel)

        def look() -> "SeenMessage | SeenView | None":
            for view in self.views:
                if view.id not in opened:
                    return view
            fresh = [m for m in self.messages(channel) if m.ts not in before]
            return fresh[-1] if fresh else None

        return await self._eyes.wait(look, within, f"an answer to {command} {text}")

    async def say(
        self, text: str, *, channel: str = "abeyance", thread_ts: str | None = None
    ) -> SeenMessage:
        """Write a message: to the app by default."""
        answer = await self.act("say", text=text, channel=channel, thread_ts=thread_ts)
        return SeenMessage(answer["message"])

    async def open_home(self, within: float = DEFAULT_WAIT) -> SeenView:
        """Open the app's Home tab; the Home tab once the app has published one."""
        await self.act("open_home")
        return await self.wait_for_home(within=within)

    async def act(self, do: str, **body: object) -> Json:
        """Any act of the control API; afterwards this person sees all that it changed."""
        try:
            answer = await self._driver.act({"user": self.id, "do": do} | body)
        except Refused:
            await self._catch_up()
            raise
        await self._eyes.read_to(int(answer["seq"]))
        return answer

    async def _catch_up(self) -> None:
        answer = await self._driver.act({"user": self.id, "do": "nothing"})
        await self._eyes.read_to(int(answer["seq"]))


def _says(part: str) -> Predicate:
    return lambda message: part in message.words


def _shows(part: str) -> ViewPredicate:
    return lambda view: part in view.words


__all__ = ["Refused", "SeenMessage", "SeenView", "SlackDriver", "SlackUser"]
