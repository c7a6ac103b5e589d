"""Whether anybody can decide on a hold, and whom to call about it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import structlog

from app.audit.moves import Mover
from app.domain.hold import HoldEvent, HoldState
from app.errors import StorageUnavailable, Superseded
from app.storage.ports import NoticeKind
from bot.slack import SlackRefused, SlackUnavailable, TokenRefused
from bot.text import is_user
from policies.approval import concerned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.storage.ports import HoldStore, Ledger, NoticeStore, PeopleStore
    from bot.groups import Groups
    from bot.people import People
    from policies.compiled import ApproverSet

_HOPELESS = {
    "channel_not_found": "there is no such channel, or the bot is not in it",
    "not_in_channel": "the bot is not in it",
    "is_archived": "it is archived",
    "restricted_action": "the bot may not post there",
    "restricted_action_read_only_channel": "only its managers may post there",
    "restricted_action_thread_only_channel": "one may only reply there",
    "missing_scope": "the bot lacks a scope",
}
_TRIES = 3
_log = structlog.get_logger(__name__)


class Approvers:
    """Resolves the approver sets of a hold to people. Every method may raise SlackUnavailable."""

    def __init__(
        self,
        people: People,
        groups: Groups,
        store: PeopleStore,
        sets: Callable[[], Mapping[str, ApproverSet]],
    ) -> None:
        """`sets` gives the approver sets that are in force at the moment."""
        self._people = people
        self._groups = groups
        self._store = store
        self._sets = sets

    @property
    def glass(self) -> bool:
        """Whether there is a set whose members may break it."""
        return any(known.break_glass for known in self._sets().values())

    async def lacking(self, hold: Hold) -> str:
        """Say why nobody can release the hold, as a sentence; empty where people can."""
        approval = hold.verdict.approval
        if approval is None:
            return "no rule says who may approve it"
        asker = await self._people.slack_user(hold.requester.email)
        named = concerned(hold)
        found = {name: await self.members(name, hold) - {asker} for name in named}
        everybody = frozenset[str]().union(*found.values())
        if not everybody:
            return f"nobody else is in {_sets(named)}{self._no_manager(hold)}"
        for name in approval.each_of:
            if not found[name]:
                return f"it needs somebody from {_sets((name,))}, and nobody else is in it"
        if len(everybody) < approval.quorum:
            return f"it takes {approval.quorum} people, and only {len(everybody)} may decide"
        return ""

    def _no_manager(self, hold: Hold) -> str:
        """Say why the manager of whoever asks can't decide, where they were to."""
        known = self._sets()
        asked = [known[name] for name in concerned(hold) if name in known]
        if not any(found.requesters_manager for found in asked):
            return ""
        if manager := hold.requester.manager:
            return f", and {manager}, the manager of whoever asks, is not in Slack"
        return ", and neither the identity provider nor Slack names the manager of whoever asks"

    async def members(self, name: str, hold: Hold) -> frozenset[str]:
        """Return the Slack users of a set, as it was a minute ago at worst."""
        known = self._sets().get(name)
        if known is None:
            return frozenset()
        found = set(await self._groups.members_lately(known.slack_groups))
        emails = set(known.emails)
        if known.requesters_manager:
            emails.add(hold.requester.manager)
            found.add(await self._slack_manager(hold))
        if known.idp_groups:
            provided = await self._store.in_groups(known.idp_groups)
            emails.update(identity.email for identity in provided)
        for email in sorted(emails - {""}):
            found.add(await self._people.slack_user(email))
        return frozenset(found - {""})

    async def _slack_manager(self, hold: Hold) -> str:
        """Return the manager that Slack names, if they could decide: by a verified address."""
        user = await self._people.slack_manager(hold.requester, lately=True)
        if not user:
            return ""
        try:
            return user if (await self._people.account(user)).email else ""
        except SlackRefused as refused:
            _log.warning("a manager can't be read in Slack", user=user, reason=refused.code)
            return ""

    async def calls(self, names: Iterable[str], hold: Hold) -> tuple[str, ...]:
        """Return ids to mention: a group by itself, people who are in no group one by one.

        Empty where nobody is in any of the sets.
        """
        found: dict[str, None] = {}
        for name in names:
            known, people = self._sets().get(name), await self.members(name, hold)
            groups = await self._groups.ids(known.slack_groups) if known and people else {}
            found.update(dict.fromkeys(groups.values() or sorted(people)))
        return tuple(found)


class Reach:
    """Ends a hold at once where nobody can decide on it, and says why; never approves one.

    Slack that is away for less than `away_seconds`, or busy, is waited for.
    """

    def __init__(
        self,
        approvers: Approvers,
        holds: HoldStore,
        notices: NoticeStore,
        ledger: Ledger,
        clock: Clock,
        away_seconds: float,
    ) -> None:
        self._approvers = approvers
        self._holds = holds
        self._notices = notices
        self._clock = clock
        self._away_seconds = away_seconds
        self._mover = Mover(holds, ledger, clock)
        self._checked: dict[str, object] = {}
        """By hold, when it was last reminded of and escalated: then it is looked at again."""
        self._away_since: datetime | None = None

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
            lacking = await self._approvers.lacking(hold)
        except SlackRefused as refused:
            _log.warning("approvers can't be read", hold=hold.id, reason=str(refused))
            return hold
        self._checked[hold.id] = stage
        return (
            await self.withdraw(hold, f"Nobody can decide on it: {lacking}.") if lacking else hold
        )

    async def failed(self, hold_id: str, error: SlackRefused, tries: int) -> None:
        """Withdraw a hold whose card Slack refuses to take anywhere, `tries` times by now.

        A channel that is closed to us stays so. A person may be, and others not; and what else
        Slack may say can pass.
        """
        with contextlib.suppress(StorageUnavailable):
            hold = await self._holds.get(hold_id)
            if hold is None or await self._asked(hold):
                return
            cards = await self._cards(hold)
            channel = next((target for target in cards if not is_user(target)), "")
            if tries >= _TRIES * max(1, len(cards)) or (channel and error.code in _HOPELESS):
                place = f"Slack's channel {channel}" if channel else "Slack"
                why = _HOPELESS.get(error.code, f"Slack says: {error.code.replace('_', ' ')}")
                note = f"Nobody was asked: the card can't be posted in {place} ({why})."
                await self.withdraw(hold, note)

    async def away(self, error: SlackUnavailable) -> None:
        """Give back all that nobody was asked about, where Slack has been away for long."""
        if error.retry_after or isinstance(error, TokenRefused):
            return
        now = self._clock.now()
        self._away_since = self._away_since or now
        if (now - self._away_since).total_seconds() < self._away_seconds:
            return
        with contextlib.suppress(StorageUnavailable):
            for hold in await self._holds.pending():
                if not await self._asked(hold):
                    await self.withdraw(hold, "Nobody was asked: Slack does not answer.")

    def back(self) -> None:
        """Hear that Slack answers again."""
        self._away_since = None

    async def _asked(self, hold: Hold) -> bool:
        """Whether somebody has the card already, so that they can still decide."""
        notices = await self._notices.of_hold(hold.id)
        return any(notice.kind is NoticeKind.CARD and notice.ts for notice in notices)

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


def _sets(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"the approver set {listed}" if "," not in listed else f"the approver sets {listed}"
