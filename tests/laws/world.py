"""A company under siege: two gateways, two bots, several managers, a flaky Slack, a killing hand.

Everything is real and in processes of its own. What people do is asynchronous and goes on in a
thread, so that a test may decide step by step what happens next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import httpx

from app.domain.hold import Hold, HoldState
from app.domain.record.session import Decision, SessionState
from app.search import SessionFilter
from sandbox.slack.people.driver import Refused
from tests.laws.rules import SHORT
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

    from app.domain.grant import Grant
    from app.domain.record.session import Session
    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.flows.house import House, Process

T = TypeVar("T")
PATH = "/openai/v1/chat/completions"
REQUESTERS = ("alice", "dana")
SETTLING_SECONDS = 60


@dataclass
class Ask:
    """A conversation, by who has it and a word in it, and all answers to its being sent.

    Somebody else may say the very same words, in a conversation of their own.
    """

    word: str
    person: str
    answers: list[Future[tuple[int, str]]]
    turns: int = 1
    names: str = SHORT
    """The word for which each prompt is held."""

    @property
    def body(self) -> dict[str, Any]:
        said = [{"role": "user", "content": self.prompt(turn)} for turn in range(1, self.turns + 1)]
        replies = [{"role": "assistant", "content": "It is done."}] * (self.turns - 1)
        messages = [said[0]]
        for reply, prompt in zip(replies, said[1:], strict=True):
            messages += [reply, prompt]
        return {"model": "sandbox-1", "messages": messages, "user": self.person}

    def prompt(self, turn: int) -> str:
        return f"ship part {turn} of {self.word} to {self.names}"

    def is_in(self, body: bytes) -> bool:
        return self.word.encode() in body and f'"user":"{self.person}"'.encode() in body

    def turns_in(self, body: bytes) -> set[int]:
        """Return which of its prompts a body has."""
        return {t for t in range(1, self.turns + 1) if self.prompt(t).encode() in body}


class World:
    """Call it from one thread. Every method returns when what it says is done or under way."""

    def __init__(self, house: House, decides: str) -> None:
        """`decides` is what the rules of its catalog decide on."""
        self.house = house
        self.decides = decides
        with ThreadPoolExecutor() as pool:
            gateway, bot = pool.submit(house.start_gateway), pool.submit(house.start_bot)
            self.gateways = [house.gateway, gateway.result()]
            self.bots = [house.bot, bot.result()]
        self.begin()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.do(self._enter())

    def do(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _enter(self) -> None:
        self.slack = await self._stack.enter_async_context(self.house.slack())
        self.model = await self._stack.enter_async_context(self.house.model())
        idp = await self._stack.enter_async_context(self.house.idp())
        self.tokens = {name: await idp.token(name) for name in REQUESTERS}
        await self.slack.settings(rates=0, ack_seconds=60)
        names = ("maria", "marcus", *REQUESTERS)
        self.people = {name: await self.slack.user(name) for name in names}
        self.storage = self.house.storage()
        self._stack.callback(self.storage.close)

    def begin(self) -> None:
        """Begin a new story."""
        self.asks: list[Ask] = []
        self.revoked: dict[str, Grant] = {}
        self._granted: set[str] = set()
        """Revoked grants, as they were when that was first seen."""

    # --- what may happen -------------------------------------------------------------------

    def ask(
        self, person: str = "alice", word: str = "", names: str = SHORT, *, patient: bool = True
    ) -> Ask:
        self.asks.append(Ask(word or f"w{uuid4().hex[:10]}", person, [], names=names))
        self.send(self.asks[-1], gateway=0, patient=patient)
        return self.asks[-1]

    def send(self, ask: Ask, *, gateway: int, patient: bool) -> None:
        """Send it, or send it again; who is not patient hears at once how it stands."""
        url = str(self.gateways[gateway].addresses["gateway"]["url"])
        sending = self._send(url, ask, patient=patient)
        ask.answers.append(asyncio.run_coroutine_threadsafe(sending, self._loop))

    async def _send(self, url: str, ask: Ask, *, patient: bool) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {self.tokens[ask.person]}"}
        body = ask.body
        headers |= {"content-type": "application/json"}
        headers |= {} if patient else {"prefer": "respond-async"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
            try:
                answer = await http.post(PATH, content=json.dumps(body, separators=(",", ":")))
            except httpx.HTTPError:
                return 0, ""
            said = answer.json()
            return answer.status_code, str((said.get("error") or {}).get("code", ""))

    def wait_for_card(self, ask: Ask, button: str = "", *, gone: bool = False) -> None:
        """Wait until there is a card with that button; or without, where it has to be gone."""

        def is_it(message: SeenMessage) -> bool:
            shown = not button or (button in message.buttons) is not gone
            return ask.word in message.words and shown

        async def wait() -> None:
            await self.people["maria"].wait_for_message(is_it, channel="approvals")

        self.do(wait())

    def wait_for_holds(self, ask: Ask, are: Callable[[list[Hold]], bool]) -> None:
        """Wait until the holds of a request, oldest first, are like that."""

        async def look() -> bool:
            return are(await self._holds(ask))

        self.do(self._until(look))

    def click(self, name: str, ask: Ask, button: str) -> None:
        """Press a button on the card, if it is there and Slack is in the mood."""
        self.do(self._click(self.people[name], ask, button))

    async def _click(self, user: SlackUser, ask: Ask, button: str) -> None:
        card = await self._card(user, ask, button)
        if card is None:
            return
        with contextlib.suppress(Refused, TimeoutError):
            await user.click(card, button)
            if button == "Deny…":
                await user.wait_for_view("Deny", 3)
                await user.submit({"category": "Not needed", "reason": "no"})
        while user.views:
            with contextlib.suppress(Refused):
                await user.close_view(everything=True)

    def press(self, name: str, ask: Ask, button: str) -> None:
        """Press a button that a card has or will have, until somebody has taken the click."""
        self.do(self._press(self.people[name], ask, button))

    async def _press(self, user: SlackUser, ask: Ask, button: str) -> None:
        taken = False
        async with asyncio.timeout(SETTLING_SECONDS):
            while not taken:
                card = await user.wait_for_message(
                    lambda m: ask.word in m.words and button in m.buttons, channel="approvals"
                )
                with contextlib.suppress(Refused):
                    await user.click(card, button)
                    if button == "Deny…":
                        await user.wait_for_view("Deny", SETTLING_SECONDS)
                        await user.submit({"category": "Not needed", "reason": "no"})
                    taken = True
        while user.views:
            await user.close_view(everything=True)

    async def _card(self, user: SlackUser, ask: Ask, button: str) -> SeenMessage | None:
        await user.act("nothing")
        cards = [m for m in user.messages("approvals") if ask.word in m.words]
        return next((card for card in cards if button in card.buttons), None)

    def kill(self, processes: list[Process], at: int) -> None:
        """Kill a process and start another in its place."""
        processes[at].kill()
        processes[at] = (
            self.house.start_gateway() if processes is self.gateways else self.house.start_bot()
        )

    def trouble(self, status: int, method: str, times: int) -> None:
        self.do(self.slack.fail_calls(status, times, method=method, retry_after=1))

    def drop_sockets(self) -> None:
        self.do(self.slack.disconnect_app("drop"))

    # --- what must be so in the end --------------------------------------------------------

    def settle(self) -> None:
        """Wait until all is over that these requests began: Slack is well again meanwhile."""
        self.do(self._settle())

    async def _settle(self) -> None:
        await self.slack.clear_faults()
        async with asyncio.timeout(SETTLING_SECONDS):
            for ask in self.asks:
                for answer in ask.answers:
                    await asyncio.wrap_future(answer)

        async def is_settled() -> bool:
            return not await self.storage.holds.unsettled()

        await self._until(is_settled)

    async def _until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Return when it is so, which is looked at again whenever a hold is written."""
        opened = asyncio.Event()
        async with (
            asyncio.timeout(SETTLING_SECONDS),
            contextlib.aclosing(self.storage.holds.watch(opened)) as written,
        ):
            following = asyncio.ensure_future(anext(written))
            try:
                await opened.wait()
                while not await is_so():
                    await following
                    following = asyncio.ensure_future(anext(written))
            finally:
                following.cancel()
                await asyncio.wait([following])

    def holds(self, ask: Ask) -> list[Hold]:
        """All holds of a request, oldest first."""
        return self.do(self._holds(ask))

    async def _holds(self, ask: Ask) -> list[Hold]:
        # A request that is sent again after its end is another hold, with the same key.
        found = [
            await self.storage.holds.get(session.hold_id)
            for session in await self._sessions()
            if session.hold_id and ask.is_in(await self._body(session))
        ]
        unique = {hold.id: hold for hold in found if hold is not None}
        return [unique[hold_id] for hold_id in sorted(unique)]

    async def _body(self, session: Session) -> bytes:
        return b"".join(await self.storage.pieces.get(session.request.pieces))

    async def _sessions(self) -> list[Any]:
        return list(await self.storage.sessions.search(SessionFilter(), limit=500))

    def forwarded(self, ask: Ask) -> list[bytes]:
        """Return the bodies of it that the upstream has seen."""
        received = self.do(self.model.requests())
        return [one.body for one in received if ask.is_in(one.body)]

    def turns_of(self, ask: Ask, hold: Hold) -> set[int]:
        """Return which prompts of a conversation the request has that a hold was opened for."""
        return self.do(self._turns_of(ask, hold))

    async def _turns_of(self, ask: Ask, hold: Hold) -> set[int]:
        session = await self.storage.sessions.get(hold.session_id)
        return ask.turns_in(await self._body(session)) if session else set()

    def passings(self, ask: Ask) -> list[tuple[Hold, ...]]:
        """Return, for each request that grants let pass, the holds in which they were given."""
        return self.do(self._passings(ask))

    async def _passings(self, ask: Ask) -> list[tuple[Hold, ...]]:
        found: list[tuple[Hold, ...]] = []
        for seen in await self._sessions():
            if seen.decision is not Decision.GRANTED:
                continue
            session = await recorded(self.storage, seen.id)
            went = session.answer is not None or session.state is SessionState.INDETERMINATE
            if went and ask.is_in(await self._body(session)):
                grants = await self.storage.grants.get_many(session.grants)
                found.append(await self.storage.holds.get_many(g.hold_id for g in grants))
        return found

    def note_grants(self) -> None:
        """Remember each grant, and how each revoked one stood when it was first seen so."""
        self.do(self._note_grants())

    async def _note_grants(self) -> None:
        # A bot settles what was revoked in its own time: it is not found as unsettled then.
        self._granted |= {grant.id for grant in await self.storage.grants.unsettled()}
        for grant in await self.storage.grants.get_many(self._granted):
            if grant.revoked_at is not None:
                self.revoked.setdefault(grant.id, grant)

    def grants(self, ids: Iterable[str]) -> dict[str, Grant]:
        """Return these grants as they are now, by their ids."""
        return {grant.id: grant for grant in self.do(self._grants(ids))}

    async def _grants(self, ids: Iterable[str]) -> tuple[Grant, ...]:
        return await self.storage.grants.get_many(ids)

    def cards(self, hold: Hold) -> list[SeenMessage]:
        """What all see in the channel, without what is said in its threads."""
        about = self._about(hold, "maria", "approvals")
        for_all = [message for message in about if not message.is_ephemeral]
        return [message for message in for_all if message.thread_ts in (None, message.ts)]

    def told(self, hold: Hold) -> list[SeenMessage]:
        """The direct messages to whoever asked."""
        [name] = [name for name in REQUESTERS if hold.requester.email.startswith(f"{name}@")]
        return self._about(hold, name, "abeyance")

    def _about(self, hold: Hold, name: str, channel: str) -> list[SeenMessage]:
        user = self.people[name]
        self.do(user.act("nothing"))
        wanted = hold.id[-6:].upper()
        return [message for message in user.messages(channel) if wanted in message.words]


def approved(hold: Hold) -> bool:
    return any(vote.approve for vote in hold.votes)


def truth(hold: Hold) -> str:
    """What the line about a hold in its direct message must say, where there has to be one."""
    return {
        HoldState.DENIED: "denied",
        HoldState.EXPIRED: "expired",
        HoldState.LAPSED: "not sent again in time",
        HoldState.WITHDRAWN: "withdrawn",
    }.get(hold.state, "")
