"""How a tool call that rules hold comes to be made: by what was approved, or by people now."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from app.domain.hold import Hold, HoldState
from app.domain.record.session import Decision
from app.errors import CredentialEnded, Reason, Refused, StorageUnavailable
from policies.approvals.endings import ENDINGS
from policies.passages.answers import covers_of
from proxy.calls import words
from proxy.calls.asked import CallAnswer, CallAsked, Claim
from proxy.calls.same_call import of_calls, released_before
from proxy.holds.endings import needs_reason, too_many
from proxy.holds.holding import asked_as
from proxy.holds.new_hold import new_hold
from proxy.holds.said_before import approves, asks, denied, denied_since, expired, just_used

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from app.clock import Clock
    from app.domain.grant import Grant
    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from app.telemetry import Metrics
    from proxy.holds.granted import Granted
    from proxy.holds.holding import Holding
    from proxy.holds.limits import AskingLimits
    from proxy.holds.turns import RequesterTurns

_MOMENT_SECONDS = 2.0
"""In which an approval that was used is given back, where its client left before any of the call:
the same call waits for that before it asks people again."""
_log = structlog.get_logger(__name__)


class CallAsking:
    def __init__(
        self,
        turns: RequesterTurns,
        holding: Holding,
        granted: Granted,
        clock: Clock,
        limits: AskingLimits,
        metrics: Metrics,
        still_admitted: Callable[[Identity], Awaitable[None]],
    ) -> None:
        """`still_admitted` raises CredentialEnded where the key of a request has ended."""
        self._still_admitted = still_admitted
        self._turns = turns
        self._holding = holding
        self._granted = granted
        self._clock = clock
        self._limits = limits
        self._metrics = metrics

    async def answer(self, asked: CallAsked, waits: Callable[[Hold], None]) -> CallAnswer:
        """Return what becomes of the call, which goes on now; else as `decision`."""
        while True:
            answer = await self.decision(asked, waits)
            if answer.claim is None or await self.claim(answer.claim):
                return answer

    async def decision(self, asked: CallAsked, waits: Callable[[Hold], None]) -> CallAnswer:
        """Return what is decided about the call; `waits` hears of the hold that it waits for.

        Raises Refused where it is not decided when the client's patience ends.
        """
        answer = await self._decision(asked, waits)
        if answer.hold is None or answer.words:
            return answer
        try:
            await self._still_admitted(asked.identity)
        except CredentialEnded as ended:
            if answer.claim is not None:
                await self.leave(answer.claim)
            said = words.key_ended(asked.call, str(ended))
            return CallAnswer(Decision.DENIED, said, answer.hold)
        return answer

    async def _decision(self, asked: CallAsked, waits: Callable[[Hold], None]) -> CallAnswer:
        may_return = asked.inquiry.hook is None  # what a hook has used is never given back
        while True:
            # An approval that waits for this call is used, not what it covers beside it.
            if own := await self._left_for(asked):
                waits(own)
                return CallAnswer(Decision.APPROVED, hold=own, claim=Claim(asked, own))
            left, grants = await self._granted.still_open(
                asked.identity, asked.inquiry, asked.verdict, asked.call
            )
            for_task = any(grant.covers.tool for grant in grants)
            if for_task and (no := await self._denied(asked)):
                return _not_again(asked, no)
            if not left.holding:
                return await self._use(asked, grants)
            if same := await self._released_before(asked, left):
                return CallAnswer(Decision.APPROVED, hold=same)
            async with self._turns.of(asked.identity.key):
                waiting = await self._waiting(asked, left, may_return=may_return)
            if isinstance(waiting, CallAnswer):
                return waiting
            if isinstance(waiting, Hold):
                await self._holding.given_back(waiting, min(_MOMENT_SECONDS, self._patience(asked)))
                may_return = False
            elif waiting is not None:
                waits(waiting.hold)
                if answer := await self._decided(asked, waiting):
                    return answer

    async def _left_for(self, asked: CallAsked) -> Hold | None:
        """Return the approved hold of this very call; one whose approval was taken back ends."""
        own = await self._holding.find(asked.key)
        if own is None or own.state is not HoldState.APPROVED:
            return None
        if not await self._granted.revoked(own):
            return own
        await self._holding.lapse(own)
        return None

    async def _released_before(self, asked: CallAsked, left: Verdict) -> Hold | None:
        """Return the hold by which people have let this very call pass, where a hook asks.

        Not where they have revoked since what they approved.
        """
        if asked.inquiry.hook is None:
            return None
        recent, now = await self._holding.recent(asked.identity, left), self._clock.now()
        same = released_before(asked, left, of_calls(asked, recent), now)
        if same is None or not covers_of(same, now):
            return same
        return same if await self._granted.covers(same) else None

    async def _use(self, asked: CallAsked, grants: Sequence[Grant]) -> CallAnswer:
        try:
            await self._granted.use(grants, asked.recording, asked.verdict)
            await asked.recording.open()
        except Refused as ended:
            return CallAnswer(Decision.DENIED, words.not_asked(asked.call, ended))
        return CallAnswer(Decision.GRANTED, rests_on=tuple(grant.id for grant in grants))

    async def _waiting(
        self, asked: CallAsked, left: Verdict, *, may_return: bool
    ) -> _Waiting | Hold | CallAnswer | None:
        """Return the hold to wait for: one that asks the same already, or a new one.

        None where what was approved meanwhile has to be looked at again; an answer where people
        have said no to the same, or cannot be asked. A hold alone is one that was used just now,
        where its approval `may_return`.
        """
        key = asked.key
        recent = await self._holding.recent(asked.identity, left)
        here = of_calls(asked, recent)
        if await self._covers_by_now(asked, left, [h for h in here if approves(h, left, key)]):
            return None
        now = self._clock.now()
        if no := denied(here, left, key, now) or expired(here, left, key, now):
            return _not_again(asked, no)
        asking = next((hold for hold in here if asks(hold, left, key)), None)
        if pending := await self._holding.find(key) or asking:
            return _Waiting(pending, self._holding.caller(asked.client))
        moment = timedelta(seconds=_MOMENT_SECONDS)
        if may_return and (used := just_used(here, key, now, moment)):
            return used
        if cannot := self._cannot_ask(asked, left, recent):
            return CallAnswer(Decision.DENIED, words.not_asked(asked.call, cannot))
        return await self._open(asked, left, key)

    async def _denied(self, asked: CallAsked) -> Hold | None:
        """Return a denial of this very call, unless it was approved after that.

        Whoever lets the calls of a tool pass for a task does not say yes to what was denied.
        """
        recent = await self._holding.recent(asked.identity, asked.verdict)
        here = of_calls(asked, recent)
        return denied_since(here, asked.verdict, asked.key, self._clock.now())

    def _cannot_ask(
        self, asked: CallAsked, left: Verdict, recent: Sequence[Hold]
    ) -> Refused | None:
        waiting = [h for h in recent if h.is_of_answer and h.state is HoldState.PENDING]
        if len(waiting) >= self._limits.pending_calls:
            return too_many(left, self._limits.pending_calls)
        wants_reason = left.approval is not None and left.approval.reason_required
        return needs_reason(left) if wants_reason and not asked.reason else None

    async def _covers_by_now(
        self, asked: CallAsked, left: Verdict, approved: Sequence[Hold]
    ) -> bool:
        """Whether what other approved holds cover is enough."""
        if not approved:
            return False
        await asyncio.gather(*map(self._granted.cover, approved))
        now_left, _ = await self._granted.still_open(
            asked.identity, asked.inquiry, left, asked.call
        )
        return not now_left.holding

    async def _open(self, asked: CallAsked, left: Verdict, key: str) -> _Waiting:
        caller = self._holding.caller(asked.client)
        hold = new_hold(
            asked.identity,
            asked.inquiry,
            left,
            key=key,
            session_id=asked.recording.session.id,
            caller=caller,
            now=self._clock.now(),
        )
        hold = replace(
            hold,
            tool=asked.call,
            body_bytes=len(asked.call.arguments),
            digest=asked.names[0] if asked.names else "",
            reason=asked.reason,
        )
        return _Waiting(await self._holding.open(hold, asked.recording), caller)

    async def _decided(self, asked: CallAsked, waiting: _Waiting) -> CallAnswer | None:
        """Return what people said; None where what they approved is to be looked at again."""
        hold, patience = waiting.hold, self._patience(asked)
        with self._metrics.waiting.track_inprogress():
            decided = await self._holding.decided(hold, waiting.caller, patience, None)
        if decided.state not in {HoldState.APPROVED, HoldState.RELEASED}:
            said = words.not_released(decided, asked.call)
            return CallAnswer(ENDINGS[decided.state].decision, said, decided)
        if decided.key != asked.key or decided.state is HoldState.RELEASED:
            await self._granted.cover(decided)
            return None
        claim = Claim(asked, decided, waiting.caller)
        return CallAnswer(Decision.APPROVED, hold=decided, claim=claim)

    def _patience(self, asked: CallAsked) -> float:
        return max(0.0, asked.until - asyncio.get_running_loop().time())

    async def claim_all(self, claims: Iterable[Claim]) -> tuple[Claim, ...]:
        """Use the approvals of one answer, and return those that are not used; the first is lost.

        All attempts go by the same order and stop at the first that is lost. So of those that need
        the same approvals, one gets all of them and the others none.
        """
        ordered = sorted(claims, key=lambda claim: claim.approved.id)
        for at, claim in enumerate(ordered):
            if not await self.claim(claim):
                return tuple(ordered[at:])
        return ()

    async def claim(self, claim: Claim) -> bool:
        """Use an approval; False where another attempt was faster, or it has ended.

        Who is cancelled meanwhile still learns whether it was used: a write that is cancelled may
        yet be done.
        """
        claiming = asyncio.ensure_future(self._claim(claim))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.gather(claiming, return_exceptions=True)
            raise

    async def _claim(self, claim: Claim) -> bool:
        asked = claim.asked
        why = asked_as(asked.key, asked.verdict)
        try:
            claim.beside = await self._use_beside(asked, claim.approved)
            claim.used = await self._holding.release_call(claim.approved, asked.recording, why)
        except Refused as lost:
            _log.info("an approval was not used", hold=claim.approved.id, reason=str(lost))
            return False
        await self._granted.cover(claim.used)
        return True

    async def has_ended(self, grants: Collection[str], used: Hold | None) -> bool:
        """Whether what lets a call pass has ended: a grant, or an approval that was used for it."""
        return await self._granted.has_ended(grants, used)

    async def _use_beside(self, asked: CallAsked, hold: Hold) -> tuple[str, ...]:
        """Use what answers the rules of which an approved hold did not ask; return the grants' ids.

        Those of a changed call were used before. Raises Refused where they have ended since, or
        people took back what they approved; then its approval ends too.
        """
        if await self._granted.revoked(hold):
            await self._holding.lapse(hold)
            raise Refused(Reason.GRANT_ENDED, "What was approved was taken back.")
        if hold.change:
            return ()
        stops, grants = await self._granted.beside(
            asked.identity, asked.inquiry, hold, asked.verdict, asked.call
        )
        if stops is not None:
            await self._holding.lapse(hold)
            await self._holding.note_outcome(hold, words.ended_beside(stops))
            raise Refused(Reason.GRANT_ENDED, words.ended_beside(stops), rule=stops.rule)
        await self._granted.use(grants, asked.recording, asked.verdict)
        return tuple(grant.id for grant in grants)

    async def give_back(self, claim: Claim) -> None:
        """Leave an approval to the next attempt, unless people took it back: nothing was sent."""
        with suppress(StorageUnavailable):
            if claim.used is not None and not await self._granted.revoked(claim.used):
                await self._holding.give_back(claim.used, claim.caller)

    async def leave(self, claim: Claim) -> None:
        """Leave an approval to the next attempt."""
        if claim.caller:
            await self._holding.leave(claim.approved, claim.caller)

    async def changed(
        self, asked: CallAsked, hold: Hold, changed: Verdict, claim: Claim | None
    ) -> CallAnswer:
        """Return what becomes of a call as an approver of the hold changed it.

        Uses what answers the rules of which the hold did not ask; else the approval ends.
        """
        recent = await self._holding.recent(asked.identity, changed)
        stops, grants = await self._granted.beside(
            asked.identity, asked.inquiry, hold, changed, asked.call, recent
        )
        if stops is None:
            used = await self._use(replace(asked, verdict=changed), grants)
            if used.words and claim is not None:
                await self.leave(claim)
            return used
        if claim is not None:
            await self._holding.lapse(hold)
            await self._holding.note_outcome(hold, words.stopped_by(stops))
        return CallAnswer(Decision.DENIED, words.change_refused(hold, asked.call, stops))


def _not_again(asked: CallAsked, no: Hold) -> CallAnswer:
    return CallAnswer(
        ENDINGS[no.state].decision, words.not_released(no, asked.call, before=True), no
    )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A hold, and the name of the caller that waits on it."""

    hold: Hold
    caller: str
