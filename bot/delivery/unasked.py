"""Holds that ended before anyone was asked, as in an outage: one line for each channel.

A card each would ask nobody anything, and push what still needs a decision out of sight.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import structlog

from app.domain.hold import HoldState
from app.domain.notice import Notice, NoticeKind
from app.errors import StorageUnavailable
from bot.delivery.channel_queue import Busy
from bot.delivery.messages import DesiredMessage
from bot.slack import blocks, text
from bot.slack.blocks import Message
from bot.slack.failures import SlackUnavailable
from bot.views import phrases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.domain.hold import Hold
    from bot.delivery.poster import Poster
    from bot.slack.text import Markup

# What ends together is told together: a line waits until no more came for so long.
_QUIET_SECONDS = 1.0
_AGAIN_SECONDS = 5.0
_MOST_NAMES, _MOST_REASONS = 20, 3
_log = structlog.get_logger(__name__)


class Unasked:
    """Gathers such holds; `told` is called with the id of each whose line stands."""

    def __init__(self, poster: Poster, told: Callable[[str], None]) -> None:
        self._poster = poster
        self._told = told
        self._waiting: defaultdict[str, list[Hold]] = defaultdict(list)
        self._seen: set[tuple[str, str]] = set()
        """Each place and hold that was added: a plan may be older than the line that tells it."""
        self._came = asyncio.Event()

    def add(self, hold: Hold, places: Iterable[str]) -> None:
        for place in places:
            if (place, hold.id) not in self._seen:
                self._seen.add((place, hold.id))
                self._waiting[place].append(hold)
                self._came.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await self._came.wait()
            while self._came.is_set():
                self._came.clear()
                await asyncio.sleep(_QUIET_SECONDS)
            for place in tuple(self._waiting):
                await self._tell(place, self._waiting.pop(place))

    async def _tell(self, place: str, holds: Sequence[Hold]) -> None:
        """Tell of a batch, which stays the same until it is told: so it is told once."""
        # Ids are in the order of time.
        first = min(holds, key=lambda hold: hold.id)
        notice = Notice(f"summary:{first.id}:{place}", first.id, NoticeKind.SUMMARY, place)
        wanted = DesiredMessage(notice, summary(holds))
        while True:
            try:
                await self._poster.summarise(wanted, holds)
            except (Busy, SlackUnavailable, StorageUnavailable) as error:
                _log.warning("a summary is told later", place=place, reason=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                break
        for hold in holds:
            self._told(hold.id)


def summary(holds: Sequence[Hold]) -> Message:
    """Draw it. Pure."""
    count = len(holds)
    ended = Counter(hold.state for hold in holds)
    words = {HoldState.EXPIRED: "expired", HoldState.WITHDRAWN: "withdrawn"}
    how = ", ".join(f"{ended[state]} {word}" for state, word in words.items() if ended[state])
    names = [phrases.name(hold) for hold in holds[:_MOST_NAMES]]
    listed = ", ".join(names) + (", …" if count > _MOST_NAMES else "")
    requests = f"{count} request{'' if count == 1 else 's'} ended before anyone was asked"
    said = text.join(text.ours(f"⌛ *{requests}*: {how} ({listed}). "), *_reasons(holds))
    return Message(text.ours(f"{requests}: {how}"), (blocks.section(said),))


def _reasons(holds: Sequence[Hold]) -> list[Markup]:
    notes = list(dict.fromkeys(hold.note for hold in holds if hold.note))[:_MOST_REASONS]
    return [text.join(text.words(note, 300), text.ours(" ")) for note in notes]
