"""Ends a hold at once where no one can decide on it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import structlog

from app.audit.moves import Mover
from app.domain.hold import HoldEvent, HoldState
from app.domain.notice import NoticeKind
from app.errors import StorageUnavailable, Superseded
from bot.slack.failures import SlackRefused, SlackUnavailable, TokenRefused
from bot.slack.text import is_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import HoldStore, Ledger, NoticeStore
    from bot.people.approvers import Approvers

_HOPELESS = {
    "channel_not_found": "there is no such channel, or the bot is not in it",
    "not_in_channel": "the bot is not in it",
    "is_archived": "it is archived",
    "restricted_action": "the bot may not post there",
    "restricted_action_read_only_channel": "only its managers may post there",
    "restricted_action_thread_only_channel": "only thread replies are allowed",
    "missing_scope": "the bot lacks a scope",
}
_TRIES = 3
_log = structlog.get_logger(__name__)


class Silence:
    """How long Slack has not answered, in seconds in which this bot could have heard it.

    A bot whose loop is busy misses answers too: that time does not count.
    """

    def __init__(self, seconds: float, awake_seconds: Callable[[], float]) -> None:
        """More than `seconds` are too long; `awake_seconds` tells for how long the loop turned."""
        self._seconds = seconds
        self._awake_seconds = awake_seconds
        self._since: float | None = None

    def too_long(self) -> bool:
        """Begin to count, or go on; return whether it has lasted too long."""
        now = self._awake_seconds()
        if self._since is None:
            self._since = now
        return now - self._since >= self._seconds

    def end(self) -> None:
        self._since = None


class ApproverCheck:
    """Ends a hold at once where nobody can decide on it, and says why; never approves one.

    Slack that is busy, or silent for not too long, is waited for.
    """

    def __init__(
        self,
        approvers: Approvers,
        holds: HoldStore,
        notices: NoticeStore,
        ledger: Ledger,
        clock: Clock,
        silence: Silence,
    ) -> None:
        self._approvers = approvers
        self._holds = holds
        self._notices = notices
        self._silence = silence
        self._mover = Mover(holds, ledger, clock)
        self._checked: dict[str, object] = {}
        """By hold, when it was last reminded of and escalated: then it is looked at again."""

    async def check(self, hold: Hold) -> Hold:
        """Look whether anybody can decide, at first and whenever more people are called.

        Returns the hold as that leaves it.
        """
        if hold.state is not HoldState.PENDING:
            self._checked.pop(hold.id, None)
            return hold
        stage = (hold.reminded_at, hold.escalated_at)
        if self._checked.get(hold.id) == stage:
            return hold
        try:
            lack = await self._approvers.lack(hold)
        except SlackRefused as refused:
            _log.warning("approvers can't be read", hold=hold.id, reason=str(refused))
            return hold
        self._checked[hold.id] = stage
        # Who has the card already may decide, though a look-up fails by now.
        if lack is None or (not lack.sure and await self._notices.asked(hold.id)):
            return hold
        return await self.withdraw(hold, f"No one can approve this: {lack.why}.")

    async def failed(self, hold_id: str, error: SlackRefused, tries: int) -> None:
        """Withdraw a hold whose card Slack refuses to take anywhere, `tries` times by now.

        A channel that is closed to us stays so. A person may be, and others not; and what else
        Slack may say can pass.
        """
        with contextlib.suppress(StorageUnavailable):
            hold = await self._holds.get(hold_id)
            if hold is None or await self._notices.asked(hold.id):
                return
            cards = await self._cards(hold)
            channel = next((target for target in cards if not is_user(target)), "")
            if tries >= _TRIES * max(1, len(cards)) or (channel and error.code in _HOPELESS):
                place = f"Slack's channel {channel}" if channel else "Slack"
                why = _HOPELESS.get(error.code, f"Slack says: {error.code.replace('_', ' ')}")
                note = f"No one was asked: the card can't be posted in {place} ({why})."
                await self.withdraw(hold, note)

    async def away(self, error: SlackUnavailable) -> None:
        """Give back all that nobody was asked about, where Slack has been away for long."""
        if error.retry_after or isinstance(error, TokenRefused):
            return
        if not self._silence.too_long():
            return
        with contextlib.suppress(StorageUnavailable):
            for hold in await self._holds.pending():
                if not await self._notices.asked(hold.id):
                    await self.withdraw(hold, "No one was asked: Slack does not answer.")

    def back(self) -> None:
        """Hear that Slack answers again."""
        self._silence.end()

    async def _cards(self, hold: Hold) -> list[str]:
        """Return where its cards go: to a channel, or to people one by one."""
        notices = await self._notices.of_hold(hold.id)
        return [notice.target for notice in notices if notice.kind is NoticeKind.CARD]

    async def withdraw(self, hold: Hold, note: str) -> Hold:
        """Withdraw a hold that waits; return it as it stands then."""
        if hold.state is not HoldState.PENDING:
            return hold
        try:
            withdrawn = await self._mover.move(hold, HoldEvent.WITHDRAW, note=note)
        except Superseded as superseded:
            return superseded.current
        _log.warning("a hold is withdrawn", hold=hold.id, reason=note)
        return withdrawn
