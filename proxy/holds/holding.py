"""A hold as the gateway sees it: open or re-attach, wait, claim."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from app.audit.passages import told
from app.domain.event import EventKind
from app.domain.hold import NOT_ASKED, Hold, HoldEvent, HoldState
from app.domain.verdict import Approval
from app.errors import StorageUnavailable, Superseded
from app.ids import new_token
from policies.approvals.tasks import LOOK_BACK, task_of
from policies.passages.answers import covers_of
from proxy.holds.endings import refusal_of, still_waiting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from app.audit.moves import Mover
    from app.clock import Clock
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from app.storage.feed import HoldFeed, Periodic
    from app.storage.ports import HoldStore, NoticeStore
    from app.storage.registers import StatementStore
    from proxy.facts import Inquiry
    from proxy.record.recording import Recording

_Result = TypeVar("_Result")


class Holding:
    def __init__(
        self,
        holds: HoldStore,
        statements: StatementStore,
        notices: NoticeStore,
        feed: HoldFeed,
        mover: Mover,
        clock: Clock,
        gateway: str,
    ) -> None:
        """`gateway` names this process: others can tell whose callers are gone with it."""
        self._holds = holds
        self._statements = statements
        self._notices = notices
        self._feed = feed
        self._mover = mover
        self._clock = clock
        self._gateway = gateway
        self._numbers = itertools.count()

    def caller(self, client: str = "") -> str:
        """Return a name for one caller that waits here, with what its program calls itself."""
        name = f"{self._gateway}:{next(self._numbers)}"
        return f"{name}:{client}" if client else name

    async def find(self, key: str) -> Hold | None:
        """Return the open hold of the same request of the same caller."""
        return await self._holds.find_open(key)

    async def recent(self, identity: Identity, verdict: Verdict) -> tuple[Hold, ...]:
        """Return the caller's holds that may still matter to what this verdict asks."""
        terms = [fired.question.terms for fired in verdict.holding if fired.question]
        terms.append(verdict.approval or Approval(()))
        longest = max(max(each.denied_for, each.keep) for each in terms)
        since = self._clock.now() - max(each.expires for each in terms) - longest
        return await self._holds.recent(identity.key, since)

    async def hear(self, hold: Hold, reason: str) -> None:
        """Take up a reason that comes with a retry, where none was given before."""
        if reason and not hold.reason:
            await self._holds.state_reason(hold.id, reason)

    async def stated(self, key: str, since: datetime | None = None) -> str:
        """Return what the caller said in Slack that this very request is for; or nothing."""
        return await self._statements.get(key, since or self._clock.now() - _STATED_FOR)

    async def open(self, hold: Hold, recording: Recording) -> Hold:
        """Write the hold down, with the task that it belongs to; then the bot asks people about it.

        Returns another hold where the same request began to wait at the same moment.
        """
        facts = {"identity": hold.requester.key, "connection": hold.connection}
        facts |= asked_as(hold.key, hold.verdict)
        await recording.note(EventKind.HOLD_OPENED, hold=hold.id, digest=hold.digest, **facts)
        recent = await self._holds.recent(hold.requester.key, hold.created_at - LOOK_BACK)
        hold = replace(hold, task=task_of(hold, recent))
        caller = next(iter(hold.callers), "")
        return await self._counted(self._holds.open(hold), hold.id, caller)

    async def released(
        self,
        hold: Hold,
        caller: str,
        waits: tuple[float | None, Periodic | None],
        still_good: Callable[[Hold], Awaitable[Recording]],
        why: Mapping[str, str],
        *,
        leaves: bool = False,
    ) -> Hold:
        """Return when the hold was approved and this caller is the one to claim it.

        `still_good` returns, before the claim, the record of what goes out; it raises where the
        approval does not cover the request any more. With `leaves` an approval that covers nothing
        else is not claimed. Else as `decided`; `waits` is its patience and pulse. `why` is what the
        ledger tells of the request, see `asked_as`.
        Raises Refused where people said no, nobody said anything, or the patience ends first.
        """
        decided = await self.decided(hold, caller, *waits)
        if decided.state is not HoldState.APPROVED:
            raise refusal_of(decided)
        recording = await still_good(decided)
        if leaves and not covers_of(decided, self._clock.now()):
            return decided
        of_hook = recording.session.hook is not None
        kind = EventKind.HOOK_ALLOWING if of_hook else EventKind.REQUEST_FORWARDING
        return await self._claim(decided, recording, kind, why)

    async def decided(
        self,
        hold: Hold,
        caller: str,
        patience: float | None,
        pulse: Periodic | None,
    ) -> Hold:
        """Return the hold when it is decided.

        `patience` is for how many seconds the caller waits; None: to the end. Raises Refused where
        that ends first.
        """
        if caller not in hold.callers and hold.state is HoldState.PENDING:
            await self._counted(self._holds.arrive(hold.id, caller), hold.id, caller)
        try:
            return await self._ended(hold, caller, patience, pulse)
        except asyncio.CancelledError:
            # The client left; what people decide meanwhile waits for the retry.
            await self._holds.leave(hold.id, caller)
            raise

    async def _ended(
        self,
        hold: Hold,
        caller: str,
        patience: float | None,
        pulse: Periodic | None,
    ) -> Hold:
        try:
            async with asyncio.timeout(self._until_due(hold, patience)):
                return await self._feed.wait(hold.id, _decided, pulse)
        except TimeoutError:
            return await self._undecided(hold, caller)

    async def _counted(self, writing: Awaitable[_Result], hold_id: str, caller: str) -> _Result:
        """Let a write that counts the caller in end, and count it out where it left meanwhile.

        A write that is cancelled may yet be done, after the one that counts it out.
        """
        write = asyncio.ensure_future(writing)
        try:
            return await asyncio.shield(write)
        except asyncio.CancelledError:
            await asyncio.wait([write])
            await self._holds.leave(hold_id, caller)
            raise

    def _until_due(self, hold: Hold, patience: float | None) -> float:
        left = (hold.deadline - self._clock.now()).total_seconds() + _GRACE_SECONDS
        return left if patience is None else min(left, patience)

    async def _undecided(self, hold: Hold, caller: str) -> Hold:
        """Return the hold as the clock leaves it: its expiry must not hang on any bot.

        Raises Refused where there is time left, which the caller does not have.
        """
        current = await self._holds.get(hold.id) or hold
        now = self._clock.now()
        if current.state is not HoldState.PENDING:
            return current
        if now < current.deadline:
            asked, _ = await asyncio.gather(
                self._notices.asked(hold.id), self._holds.leave(hold.id, caller)
            )
            raise still_waiting(current, asked=asked)
        note = "" if await self._notices.asked(hold.id) else NOT_ASKED
        try:
            return await self._mover.move(current, HoldEvent.DEADLINE, note=note)
        except Superseded as lost:
            return lost.current

    async def lapse(self, approved: Hold) -> None:
        """End an approval that does not release its request any more."""
        with suppress(Superseded):
            await self._mover.move(approved, HoldEvent.LAPSE)

    async def _claim(
        self, approved: Hold, recording: Recording, kind: EventKind, why: Mapping[str, str]
    ) -> Hold:
        now = self._clock.now()
        kept = approved.keep_until is None or now < approved.keep_until
        event = HoldEvent.CLAIM if kept else HoldEvent.LAPSE
        claimed = approved.after(event, now, move=new_token())
        claim = self._holds.move(approved, claimed)
        try:
            await (recording.about_to_forward(claimed, claim, kind, **why) if kept else claim)
        except Superseded as lost:
            raise refusal_of(lost.current) from None
        if not kept:
            await _note(EventKind.HOLD_MOVED, claimed, recording)
            raise refusal_of(claimed)
        return claimed

    async def release_call(
        self, approved: Hold, recording: Recording, why: Mapping[str, str]
    ) -> Hold:
        """Claim the approval of a tool call of an answer, so that it goes on.

        Raises Refused where another attempt was faster, or the approval has ended.
        """
        claimed = await self._claim(approved, recording, EventKind.CALL_RELEASING, why)
        await _note(EventKind.HOLD_MOVED, claimed, recording)
        return claimed

    async def give_back(self, released: Hold, caller: str) -> None:
        """Let the next attempt use an approval that was claimed for what nobody was sent.

        It stays used where people were asked about the same again, and where that cannot be
        recorded.
        """
        with suppress(Superseded, StorageUnavailable):
            later = await self._holds.recent(released.requester.key, released.created_at)
            if any(hold.key == released.key and hold.id != released.id for hold in later):
                return
            # One that opens from here on has the key of this one, so one of both is refused.
            await self._mover.move(released, HoldEvent.GIVE_BACK)
            await self.leave(released, caller)

    async def given_back(self, used: Hold, seconds: float) -> None:
        """Return when an approval that was used is given back, at the latest after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._feed.wait(used.id, _unused)

    async def leave(self, hold: Hold, caller: str) -> None:
        """Count out a caller that does not wait any more."""
        await self._holds.leave(hold.id, caller)

    async def note_outcome(self, hold: Hold, outcome: str) -> None:
        await self._holds.note_outcome(hold.id, outcome)


def hold_key(identity: Identity, inquiry: Inquiry, verdict: Verdict) -> str:
    """Name a request by content: who asks, what would be forwarded, and what it takes.

    Another rule, or other terms, make another hold: an old approval does not cover them.
    """
    rules = [(fired.rule, fired.question and fired.question.law) for fired in verdict.holding]
    parts = (_VERSION, identity.key, inquiry.sameness, repr((rules, verdict.approval)))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def asked_as(key: str, verdict: Verdict) -> dict[str, str]:
    """Return what the ledger tells of what is asked: its key, and the names of its passages."""
    return {"key": key, "names": told(verdict.asked)}


_VERSION = "3"
# The bot's timers expire a hold; only where no bot is alive does the gateway do it.
_GRACE_SECONDS = 3.0
_STATED_FOR = timedelta(days=1)


async def _note(kind: EventKind, hold: Hold, recording: Recording) -> None:
    await recording.note(kind, hold=hold.id, state=hold.state.value)


def _decided(hold: Hold) -> bool:
    return hold.state is not HoldState.PENDING


def _unused(hold: Hold) -> bool:
    return hold.state is not HoldState.RELEASED
