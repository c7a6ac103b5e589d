"""Ends the sessions that nobody else will: those of dead gateways, and of holds decided alone."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from app.audit.moves import Mover
from app.domain.event import Event, EventKind
from app.domain.hold import HoldEvent, IllegalTransition
from app.domain.record.session import Decision, SessionChange, SessionState
from app.errors import StorageUnavailable, Superseded
from app.logs import Seldom
from policies.approvals.endings import ENDINGS
from proxy.record.lives import Lives

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.hold import Hold
    from app.domain.record.session import Session
    from app.storage.gateways import GatewayStore
    from app.storage.ports import HoldStore, Journal
    from app.storage.record.session_store import SessionStore

SWEEP_SECONDS = 5.0
# Thousands may wait for a person: going through all of them each time would be a busy loop.
_IN_A_TURN = 100
# A caller who left before anybody could be asked; far more than clocks differ by.
_LEFT_AFTER = timedelta(minutes=2)
_LEFT = "the client left before anybody could be asked"
_CALL_LEFT = "The gateway stopped, so the agent stopped waiting for this call."
_UNSENT = "the gateway stopped before it sent anything to the model"
_UNSEEN = "the gateway died: the request may have been sent, and no answer to it was recorded"
_CUT_SHORT = (
    "the gateway died while the model answered: what it sent after the recorded part is lost"
)
_log = structlog.get_logger(__name__)


class Sweeper:
    """`run` must be a task of the process; any number of gateways may sweep at once."""

    def __init__(
        self,
        gateways: GatewayStore,
        sessions: SessionStore,
        holds: HoldStore,
        ledger: Journal,
        clock: Clock,
        lives: Lives | None = None,
    ) -> None:
        self._gateways = gateways
        self._sessions = sessions
        self._holds = holds
        self._ledger = ledger
        self._clock = clock
        self._lives = lives or Lives()
        self._warning = Seldom()
        self._mover = Mover(holds, ledger, clock)
        self._mourned: set[str] = set()
        """Dead gateways whose callers are forgotten."""
        self._seen = ""
        """Up to which session this round has come."""

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except StorageUnavailable as unavailable:
                if self._warning.due():
                    _log.warning("sessions not swept", reason=str(unavailable))
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """End what has nobody left to end it, some in each turn. Raises StorageUnavailable."""
        sessions = await self._sessions.open_ones(after=self._seen, limit=_IN_A_TURN)
        self._seen = sessions[-1].id if len(sessions) == _IN_A_TURN else ""
        held = [session.hold_id for session in sessions if session.hold_id]
        holds = {hold.id: hold for hold in await self._holds.get_many(held)} if held else {}
        # After the sessions: whoever began one has given a sign of life before.
        await self._look_around()
        await self._withdraw_calls()
        for session in sessions:
            hold = holds.get(session.hold_id)
            if hold is not None and hold.state.open:
                await self._forget_callers(hold)
                continue
            if ending := self._ending(session, hold):
                await self._end(session, *ending)

    def _ending(
        self, session: Session, hold: Hold | None
    ) -> tuple[SessionState, Decision, str] | None:
        """Return how a session ends that nobody has in hand, and why; None: somebody has."""
        alive = self._lives.alive(session.gateway)
        young = self._clock.now() - session.started_at <= _LEFT_AFTER
        if hold is not None and hold.state in ENDINGS:
            decision = ENDINGS[hold.state].decision
            return SessionState.CLOSED, decision, f"its hold ended ({hold.state.value})"
        if hold is None and session.hold_id:
            ending = SessionState.CLOSED, Decision.WITHDRAWN, _LEFT
            return None if young and alive else ending
        if hold is None and session.decision is Decision.PENDING:
            # What it was decided to send says so before it is sent.
            ending = SessionState.CLOSED, Decision.WITHDRAWN, _UNSENT
            return None if alive and (young or session.joined) else ending
        if alive:
            return None
        # It may have been sent, and it is never sent again: nobody knows how it ended.
        decision = Decision.APPROVED if hold is not None else session.decision
        return SessionState.INDETERMINATE, decision, _CUT_SHORT if session.answer else _UNSEEN

    async def _look_around(self) -> None:
        self._lives.note(await self._gateways.all())
        for gateway in self._lives.gone():
            await self._gateways.forget(gateway)
            self._lives.forget(gateway)
            self._mourned.discard(gateway)

    async def _withdraw_calls(self) -> None:
        """Withdraw tool calls whose answers ended with a gateway: their clients have left.

        One that came back waits elsewhere by now, or makes the call anew.
        """
        dead = {name for name in self._lives.dead() if name not in self._mourned}
        if not dead:
            return
        for hold in await self._holds.pending():
            theirs = [caller for caller in hold.callers if caller.partition(":")[0] in dead]
            if not hold.is_of_answer or not theirs:
                continue
            await self._forget_callers(hold)
            if len(theirs) == len(hold.callers) and (left := await self._holds.get(hold.id)):
                with suppress(Superseded, IllegalTransition):
                    await self._mover.move(left, HoldEvent.WITHDRAW, note=_CALL_LEFT)
        self._mourned |= dead

    async def _forget_callers(self, hold: Hold) -> None:
        """A gateway that died has not said that its callers are gone."""
        for caller in hold.callers:
            if not self._lives.alive(caller.partition(":")[0]):
                await self._holds.leave(hold.id, caller)

    async def _end(
        self, session: Session, state: SessionState, decision: Decision, reason: str
    ) -> None:
        said = {"state": state.value, "decision": decision.value, "reason": reason}
        event = Event(EventKind.SESSION_SWEPT, self._clock.now(), session.id, said)
        change = SessionChange(decision, state=state, reason=reason, called=session.called)
        await self._ledger.commit([event], [self._sessions.changing(session, change)])
        _log.info("session ended by the sweeper", session=session.id, **said)
