"""Tells a person outside her tool's screen that a request of it is waiting, and what came of it.

The gateway is asked, and not the stream of the answer read: a held request may have no answer yet,
and a held tool call is in the middle of one.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from app.errors import AbeyanceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workstation.forwarder.server import Traffic

_FIRST_SECONDS = 2.0
"""How long requests take before they may be waiting for somebody."""
_EVERY_SECONDS = 5.0
_WHILE_WAITING_SECONDS = 2.0
_OUTCOME_SECONDS = 20.0
_PASSED_ON = frozenset({"approved", "released"})
_OUTCOMES = {"denied": "denied", "expired": "no one answered", "withdrawn": "withdrawn"}


class Display(Protocol):
    """Where it is shown: the title of a terminal."""

    def show(self, text: str) -> None: ...

    def restore(self) -> None: ...


@dataclass(frozen=True, slots=True)
class HeldItem:
    """A held request or tool call, as the gateway tells of it."""

    card: str
    state: str
    tool: str
    approvers: tuple[str, ...]
    message: str

    @property
    def is_pending(self) -> bool:
        return self.state == "pending"

    @property
    def question(self) -> str:
        who = f" by {', '.join(self.approvers)}" if self.approvers else ""
        what = f"its call of {self.tool}" if self.tool else "a request"
        return f"Waiting for approval{who}: {what} (card {self.card})."

    @property
    def outcome(self) -> str:
        """A few words for a title."""
        if self.state in _PASSED_ON:
            return f"✅ approved: card {self.card}"
        return f"⛔ {_OUTCOMES.get(self.state, self.state)}: card {self.card}"


@dataclass(slots=True)
class News:
    """What has changed since the last look. Pure: `see` is given what the gateway tells now."""

    pending: dict[str, HeldItem] = field(default_factory=dict)

    def see(self, found: tuple[HeldItem, ...]) -> tuple[list[HeldItem], list[HeldItem]]:
        """Return what has begun to wait, and what has been decided."""
        now = {each.card: each for each in found}
        begun = [w for w in found if w.is_pending and w.card not in self.pending]
        decided = [w for c, w in now.items() if c in self.pending and not w.is_pending]
        self.pending = {card: each for card, each in now.items() if each.is_pending}
        return begun, decided


class HoldWatch:
    """`run` for as long as the tool runs."""

    def __init__(
        self,
        ask: Callable[[], Any],
        traffic: Traffic,
        title: Display,
        notify: Callable[[str, str], None],
        tool: str,
    ) -> None:
        """`ask` is a coroutine function: what the gateway answers to `GET /-/waiting`."""
        self._ask = ask
        self._traffic = traffic
        self._title = title
        self._notify = notify
        self._tool = tool
        self._news = News()
        self._clear_at = float("inf")

    async def run(self) -> None:
        while True:
            if not self._traffic.open and not self._news.pending:
                await self._idle()
                # What is answered at once is not worth a look.
                await asyncio.sleep(_FIRST_SECONDS)
                if not self._traffic.open:
                    continue
            await self._look()
            await asyncio.sleep(_WHILE_WAITING_SECONDS if self._news.pending else _EVERY_SECONDS)

    async def _idle(self) -> None:
        """Return when a request is under way."""
        while not self._traffic.open:
            left = self._clear_at - asyncio.get_running_loop().time()
            with suppress(TimeoutError):
                async with asyncio.timeout(left if left < float("inf") else None):
                    await self._traffic.changed.wait()
            self._traffic.changed.clear()
            self._clear()

    def _clear(self) -> None:
        if asyncio.get_running_loop().time() >= self._clear_at:
            self._clear_at = float("inf")
            self._title.restore()

    async def _look(self) -> None:
        try:
            told = watched(await self._ask())
        except (AbeyanceError, aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return  # the request itself is told what is wrong
        before = bool(self._news.pending)
        begun, decided = self._news.see(told)
        for each in begun:
            self._notify(f"{self._tool} is waiting", each.question)
        for each in decided:
            self._notify(each.outcome, each.message)
        if self._news.pending:
            cards = ", ".join(self._news.pending)
            self._title.show(f"⏳ waiting for approval: card {cards}")
            self._clear_at = float("inf")
        elif decided:
            self._title.show(decided[-1].outcome)
            self._clear_at = asyncio.get_running_loop().time() + _OUTCOME_SECONDS
        elif before:
            self._title.restore()
        else:
            self._clear()


def watched(answer: object) -> tuple[HeldItem, ...]:
    """Read what the gateway answers. Raises ValueError."""
    try:
        return tuple(
            HeldItem(
                str(each["card"]),
                str(each["state"]),
                str(each["tool"]),
                tuple(map(str, each["approvers"])),
                str(each["message"]),
            )
            for each in answer["waiting"]  # type: ignore[index]
        )
    except (LookupError, TypeError) as error:
        raise ValueError(f"the gateway's list cannot be read ({error})") from error
