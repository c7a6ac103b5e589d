"""Whom a new message mentions: in a burst nobody is notified for each card."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from bot.slack.text import is_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.domain.hold import Hold
    from app.storage.ports import HoldStore
    from bot.delivery.messages import Messages
    from bot.people.approvers import Audience

_SECONDS = 5.0


class Mentions:
    """Knows who was mentioned lately in which place, by their Slack ids.

    A digest that stands mentions some people for all the cards that follow it. Of cards that come
    within seconds, only the first mentions them, unless it is decided by then.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        """`now` gives seconds."""
        self._now = now
        self._digests: dict[str, frozenset[str]] = {}
        self._called: dict[tuple[str, str], tuple[float, str]] = {}
        """By place and person or group, when they were mentioned and for which hold."""

    def calls(self, place: str, ids: Iterable[str], hold_id: str) -> bool:
        """Return whether the card of a hold mentions these people and groups if posted now."""
        now = self._now()
        called = [
            (place, one) for one in ids if one not in self._digests.get(place, frozenset[str]())
        ]
        if all(one in self._called and now < self._called[one][0] + _SECONDS for one in called):
            return False
        self._called |= dict.fromkeys(called, (now, hold_id))
        return True

    def decided(self, hold_id: str) -> None:
        """Forget whom the card of a hold has mentioned: they may have stopped looking."""
        self._called = {one: last for one, last in self._called.items() if last[1] != hold_id}

    def stands(self, place: str, ids: Iterable[str]) -> None:
        """Note that a digest in this place mentions them."""
        self._digests[place] = frozenset(ids)

    def gone(self, place: str) -> None:
        """Note that no digest stands in this place any more."""
        self._digests.pop(place, None)


class Calling:
    """Looks up whom messages about holds mention. Every method may raise SlackUnavailable."""

    def __init__(self, holds: HoldStore, messages: Messages) -> None:
        self.mentions = Mentions()
        self._holds = holds
        self._messages = messages

    async def calls(self, hold: Hold, place: str) -> bool:
        """Whether the card of a hold mentions its approvers; a message to a person need not."""
        if is_user(place) or hold.state is not HoldState.PENDING:
            return False
        audience = await self._messages.audience([hold])
        return self.mentions.calls(place, audience.ids, hold.id)

    async def audience(self, hold_ids: Sequence[str]) -> Audience:
        """Return whom one message about several holds mentions. May raise StorageUnavailable."""
        return await self._messages.audience(await self._holds.get_many(hold_ids))
