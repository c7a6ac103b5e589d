"""How a request that rules hold comes to be answered: by what was approved, or by people now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from app.domain.event import EventKind
from app.domain.hold import Hold, HoldState
from app.domain.record.session import Decision
from app.domain.verdict import Action, Verdict
from policies.approvals.approval import released_by_people
from policies.passages.answers import joins, only_repeats
from proxy.holds import endings
from proxy.holds.held_request import Clearance, HeldRequest, Said, Waiting
from proxy.holds.holding import asked_as
from proxy.holds.new_hold import new_hold
from proxy.holds.said_before import (
    approves,
    asks,
    denied,
    denied_since,
    expired,
    just_released,
    left_over,
)
from proxy.mcp.calls import led_to
from proxy.mcp.changing import ChangedRecord
from proxy.rate import Rate
from proxy.work.at_once import AtOnce

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from app.clock import Clock
    from app.domain.grant import Grant
    from app.errors import Refused
    from app.storage.feed import Periodic
    from app.telemetry import Metrics
    from proxy.holds.granted import Granted
    from proxy.holds.holding import Holding
    from proxy.holds.limits import AskingLimits
    from proxy.holds.turns import RequesterTurns
    from proxy.record.recorder import Recorder
    from proxy.record.recording import Recording

_COUNTS_A_MINUTE = 60
"""How often one person may have tokens counted of what needs an approval: each is recorded."""


class Asking:
    def __init__(
        self,
        turns: RequesterTurns,
        holding: Holding,
        granted: Granted,
        recorder: Recorder,
        clock: Clock,
        limits: AskingLimits,
        metrics: Metrics,
    ) -> None:
        self._holding = holding
        self._granted = granted
        self._recorder = recorder
        self._clock = clock
        self._limits = limits
        self._metrics = metrics
        self._counts = Rate(_COUNTS_A_MINUTE)
        self._turns = turns
        self._at_once = AtOnce()

    async def answer(self, asked: HeldRequest) -> Clearance:
        """Return when all that rules ask about the request is answered with yes.

        Raises Refused where people said no, or said nothing in time.
        """
        verdict = asked.verdict
        # A retry uses the approval that waits for it, not what that approval covers beside it.
        async with self._at_once.turn():
            waiting = await self._found(asked, verdict)
        while waiting is None:
            async with self._at_once.turn():
                left = await self._granted_or_left(asked, verdict)
            if isinstance(left, Clearance):
                return left
            async with self._turns.of(asked.identity.key):
                waiting = await self._hold(asked, left)
            if waiting is None or waiting.is_own:
                continue
            if deferred := await self._joined(asked, waiting):
                return deferred
            waiting, verdict = None, await asked.judge()
            if verdict.action is not Action.HOLD:
                await self._opened(asked, verdict, later=True)
                return Clearance(Decision.ALLOWED)
        return await self._released(asked, waiting)

    async def _granted_or_left(self, asked: HeldRequest, verdict: Verdict) -> Clearance | Verdict:
        """Return why it goes out by what was approved before, or what people have to decide on."""
        left, grants = await self._still_open(asked, verdict)
        await self._check_denials(asked, grants)
        if not left.holding:
            await self._use(asked, verdict, left, grants)
            return Clearance(Decision.GRANTED)
        if asked.inquiry.only_counts:
            if not self._counts.take(asked.identity.key, self._clock.now()):
                raise endings.counted_too_often(left)
            await self._refuse(asked, left, endings.only_counted(left))
        # Where it is left to the wire, it is the wire that has used it up.
        by_hook = asked.inquiry.hook is not None and not asked.leaves
        if by_hook and (released := await self._just_released(asked, left)):
            recording = await self._opened(asked, left, later=True)
            why = asked_as(asked.key(left), left)
            recording.note_later(EventKind.HOOK_ALLOWING, hold=released.id, **why)
            return Clearance(Decision.APPROVED)
        return left

    async def _found(self, asked: HeldRequest, verdict: Verdict) -> Waiting | None:
        """Return the open hold of the same request, if there is one."""
        key = asked.key(verdict)
        existing = await self._holding.find(key)
        if existing is None:
            return None
        await self._holding.hear(existing, asked.inquiry.reason)
        caller = self._holding.caller(asked.waiter.program)
        return Waiting(existing, caller, asked_as(key, verdict), is_own=True)

    async def _hold(self, asked: HeldRequest, left: Verdict) -> Waiting | None:
        """Return the hold that asks about it: its own, or one that asks the same already.

        None where what was approved meanwhile has to be looked at again. One at a time for each
        person: of two requests that ask the same at the same moment, one waits on the other's hold.
        """
        key = asked.key(left)
        if found := await self._found(asked, left):
            return found
        caller, why = self._holding.caller(asked.waiter.program), asked_as(key, left)
        recent, here = await self._recent(asked, left)
        if approved := [hold for hold in here if approves(hold, left, key)]:
            await asyncio.gather(*map(self._granted.cover, approved))
            now_left, _ = await self._still_open(asked, left)
            if not now_left.holding:
                return None
            if unused := left_over(approved, asked.inquiry.tool_call):
                return Waiting(unused, caller, why, is_own=True)
        said = await self._said(asked, left, key, here)
        if pending := next((hold for hold in here if asks(hold, left, key)), None):
            return Waiting(pending, caller, why, is_own=False)
        if only_repeats(left):
            await self._refuse(asked, left, endings.no_title(left))
        waiting = [h for h in recent if not h.is_of_answer and h.state is HoldState.PENDING]
        if len(waiting) >= self._limits.pending:
            await self._refuse(asked, left, endings.too_many(left, self._limits.pending))
        return await self._open(asked, left, key, said, "" if asked.defers else caller)

    async def _still_open(
        self, asked: HeldRequest, verdict: Verdict
    ) -> tuple[Verdict, tuple[Grant, ...]]:
        call = asked.inquiry.tool_call
        return await self._granted.still_open(asked.identity, asked.inquiry, verdict, call)

    async def _check_denials(self, asked: HeldRequest, grants: Sequence[Grant]) -> None:
        """Raise Refused where a tool was approved for a task, and this very call of it denied."""
        if any(grant.covers.tool for grant in grants):
            _, here = await self._recent(asked, asked.verdict)
            key = asked.key(asked.verdict)
            if no := denied_since(here, asked.verdict, key, self._clock.now()):
                await self._refuse(asked, asked.verdict, endings.denied_before(no))

    async def _recent(
        self, asked: HeldRequest, left: Verdict
    ) -> tuple[Sequence[Hold], Sequence[Hold]]:
        """Return the caller's recent holds, and those of them in the same kind of call."""
        recent = await self._holding.recent(asked.identity, left)
        asker = asked.inquiry.asker(asked.identity)
        return recent, [hold for hold in recent if hold.asker == asker]

    async def _just_released(self, asked: HeldRequest, left: Verdict) -> Hold | None:
        _, here = await self._recent(asked, left)
        return just_released(here, left, asked.key(left), self._clock.now())

    async def _said(
        self, asked: HeldRequest, left: Verdict, key: str, here: Sequence[Hold]
    ) -> Said:
        """Return what comes with the request. Raises Refused where it was refused a while ago.

        After a denial a reason that was not given before asks anew, once.
        """
        now, reason = self._clock.now(), asked.inquiry.reason
        if refused := denied(here, left, key, now):
            if said := await self._said_since(refused, here, reason):
                return said
            await self._refuse(asked, left, endings.denied_before(refused))
        if silent := expired(here, left, key, now):
            await self._refuse(asked, left, endings.expired_before(silent))
        return Said(reason or await self._holding.stated(key))

    async def _said_since(self, refused: Hold, here: Sequence[Hold], reason: str) -> Said | None:
        """Return what was said since a denial that nobody has asked about again."""
        if any(hold.again == refused.id for hold in here):
            return None
        stated = await self._holding.stated(refused.key, since=refused.decided_at)
        said = (reason if reason != refused.reason else "") or stated
        return Said(said, refused.id) if said else None

    async def _open(
        self, asked: HeldRequest, left: Verdict, key: str, said: Said, caller: str
    ) -> Waiting:
        waiter = asked.waiter
        if not said.reason and left.approval and left.approval.reason_required:
            await self._refuse(asked, left, endings.needs_reason(left))
        before, waiter.recording = waiter.recording, None
        recording = await self._opened(asked, left, held=True, later=True)
        if before is not None:
            await before.refuse(Decision.WITHDRAWN, f"it goes on as session {recording.session.id}")
        opened = new_hold(
            asked.identity,
            asked.inquiry,
            left,
            key=key,
            session_id=recording.session.id,
            caller=caller,
            now=self._clock.now(),
        )
        opened = replace(
            opened,
            id=recording.session.hold_id,
            reason=said.reason,
            again=said.again,
            tool=await led_to(asked.inquiry, asked.identity, self._recorder),
        )
        hold = await self._holding.open(opened, recording)
        if hold.session_id != recording.session.id:
            waiter.recording = None
            await recording.refuse(
                Decision.WITHDRAWN, f"the same request already waits in {hold.session_id}"
            )
        return Waiting(hold, caller, asked_as(key, left), is_own=True)

    async def _released(self, asked: HeldRequest, waiting: Waiting) -> Clearance:
        """Return when people have approved the request's own hold, and it is claimed."""
        hold = waiting.hold
        recording = await self._recording(asked, waiting)
        if asked.defers and hold.state is HoldState.PENDING:
            return Clearance(Decision.PENDING, hold)
        waits = self._patience(asked, hold)
        still_good = partial(self._still_good, asked, recording)
        with self._metrics.waiting.track_inprogress():
            claimed = await self._holding.released(
                *(hold, waiting.caller, waits, still_good, waiting.why),
                leaves=asked.leaves,
            )
        if claimed.state is HoldState.APPROVED:
            await recording.note(EventKind.HOOK_ALLOWING, hold=claimed.id, **waiting.why)
            return Clearance(Decision.APPROVED)
        await self._recorder.taken_over(claimed, asked.waiter.recording or recording)
        return Clearance(Decision.APPROVED, claimed)

    async def _joined(self, asked: HeldRequest, waiting: Waiting) -> Clearance | None:
        """Return when people have approved another hold that asks the same.

        What that covers has to be looked at then. Not None where the caller does not wait.
        """
        await self._recording(asked, waiting)
        if asked.defers and waiting.hold.state is HoldState.PENDING:
            return Clearance(Decision.PENDING, waiting.hold)
        patience, pulse = self._patience(asked, waiting.hold)
        with self._metrics.waiting.track_inprogress():
            decided = await self._holding.decided(waiting.hold, waiting.caller, patience, pulse)
        if decided.state not in {HoldState.APPROVED, HoldState.RELEASED}:
            raise endings.refusal_of(decided)
        if decided.change:
            await self._holding.leave(decided, waiting.caller)
        await self._granted.cover(decided)
        return None

    def _patience(self, asked: HeldRequest, hold: Hold) -> tuple[float | None, Periodic | None]:
        return asked.waiter.waits(asked.inquiry, hold, self._limits.keep_alive_seconds)

    async def _recording(self, asked: HeldRequest, waiting: Waiting) -> Recording:
        """Return the record of the request: the hold's own, if it is of these very bytes."""
        waiter = asked.waiter
        if waiter.recording is None and waiting.is_own:
            found = await self._recorder.resume(waiting.hold.session_id)
            is_unanswered = found.session.answer is None
            if is_unanswered and found.session.request.digest == asked.inquiry.request.digest:
                waiter.recording = found
        return await self._opened(asked, asked.verdict, joined=waiting.hold.id)

    async def _refuse(self, asked: HeldRequest, left: Verdict, refused: Refused) -> NoReturn:
        await self._opened(asked, left)
        raise refused

    async def _opened(
        self,
        asked: HeldRequest,
        verdict: Verdict,
        *,
        held: bool = False,
        joined: str = "",
        later: bool = False,
    ) -> Recording:
        """Return the record of the request; with `later` it is written with what comes of it."""
        waiter = asked.waiter
        if waiter.recording is None:
            waiter.recording = await self._recorder.begin(
                asked.identity, asked.inquiry, verdict, held=held, joined=joined
            )
        if not later:
            await waiter.recording.open()
        return waiter.recording

    async def _use(
        self, asked: HeldRequest, verdict: Verdict, left: Verdict, grants: Sequence[Grant]
    ) -> None:
        recording = await self._opened(asked, left, later=True)
        await self._granted.use(grants, recording, verdict, prolong=not asked.inquiry.only_counts)

    async def _still_good(self, asked: HeldRequest, recording: Recording, hold: Hold) -> Recording:
        """Return the record of what goes out.

        Raises Refused where the approval does not answer all that is open now. The catalog may have
        changed while people decided, and what was covered may be so no more.
        """
        verdict = await asked.judge()
        grants: Sequence[Grant] = ()
        if verdict.action is Action.HOLD:
            (left, grants), is_revoked = await asyncio.gather(
                self._still_open(asked, verdict), self._granted.revoked(hold)
            )
            if left.holding and (is_revoked or not released_by_people(hold)):
                await self._holding.lapse(hold)
                raise endings.cover_ended(left)
            if left.holding and not joins(left, hold.key, hold):
                raise endings.rules_changed(left)
        if hold.change:
            change = ChangedRecord(self._recorder, self._holding, self._granted)
            return await change.of(asked, hold)
        await self._granted.use(grants, recording, verdict)
        return recording
