"""What becomes of each tool call of one answer: judged by the rules, held for people, recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from app.domain.event import EventKind
from app.domain.hold import Hold
from app.domain.identity import Identity
from app.domain.record.session import MOST_ARGUMENTS, Decision, RecordedCall
from app.domain.tool_call import HeldCall, ToolCall
from app.domain.verdict import Action
from app.errors import Reason, Refused
from app.wire.calls.base import Changed, Passed, Replaced, Ruling
from policies.calls.arguments import Arguments, shortened
from policies.calls.judge import JudgedCall, call_name, judge_call
from policies.compiled_catalog import Catalog
from policies.passages.names import PassageNames
from proxy.calls import words
from proxy.calls.asked import CallAnswer, CallAsked, Claim
from proxy.calls.scene import Scene
from proxy.facts import Inquiry
from proxy.record.recording import Recording

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.segment import Facts
    from app.telemetry import Metrics
    from proxy.calls.asking import CallAsking
    from proxy.work.pool import Pool

_LONGEST_ID = 256
_GOES_ON = frozenset({Decision.ALLOWED, Decision.MASKED, Decision.APPROVED, Decision.GRANTED})


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """The request whose answer is read: what it said, and its record."""

    identity: Identity
    names: PassageNames
    inquiry: Inquiry
    recording: Recording
    reason: str
    """What the requester says that it is for."""
    patience: float
    """For how many seconds the client waits."""
    scene: Callable[[Catalog], Scene]
    """Finds what led to a call."""
    size: int
    """How many bytes there may be to look at for that."""
    waits_for: Callable[[Hold], None] = lambda _hold: None
    """Hears of each hold that a call waits for."""
    program: str = ""
    """What the requester's program calls itself, to ask later what it is waiting for."""

    @property
    def facts(self) -> Facts:
        return self.inquiry.facts


@dataclass(slots=True)
class DecidedCall:
    """A call, and what became of it so far; `ruling` once that is known."""

    made: ToolCall
    judged: JudgedCall
    call: HeldCall
    came_at: datetime
    ruling: Ruling | None = None
    decision: Decision = Decision.PENDING
    hold: Hold | None = None
    asking: asyncio.Task[None] | None = None
    decided_at: datetime | None = None
    claim: Claim | None = None
    """The approval that is used when the call goes on."""
    rests_on: tuple[str, ...] = ()
    """The ids of the grants that let it pass."""
    asked: CallAsked | None = None
    """What people are asked, where rules hold it."""
    went_on_as: str = ""
    """The arguments that it goes on with where they are others, safe to show."""
    sent_before: int | None = None
    """How many bytes the client was handed when the reader of the answer was told the ruling."""

    @property
    def is_applied(self) -> bool:
        """Whether the reader was told the ruling, and the client may have what came of it."""
        return self.sent_before is not None

    @property
    def is_held(self) -> bool:
        """Whether people were asked about it, and not only what they have approved before."""
        return self.hold is not None or (self.asking is not None and self.ruling is None)

    @property
    def waited(self) -> timedelta:
        return (self.decided_at or self.came_at) - self.came_at

    def decide(self, decision: Decision, ruling: Ruling, at: datetime) -> None:
        self.decision, self.ruling, self.decided_at = decision, ruling, at

    def recorded(self, *, kept_back: bool = False) -> RecordedCall:
        """Return it for the record; what was `kept_back` to the end was not made."""
        lost = kept_back and self.decision in _GOES_ON and not self.made.by_provider
        votes = self.hold.votes if self.hold else ()
        return RecordedCall(
            tool=self.call.tool,
            arguments=self.call.arguments[:MOST_ARGUMENTS],
            decision=Decision.WITHDRAWN if lost else self.decision,
            rules=tuple(fired.rule for fired in self.judged.verdict.fired),
            hold_id=self.hold.id if self.hold else "",
            by=" and ".join(vote.by.name for vote in votes),
            waited_ms=int(self.waited.total_seconds() * 1000),
            changed=self.went_on_as[:MOST_ARGUMENTS] if isinstance(self.ruling, Changed) else "",
            by_provider=self.made.by_provider,
            is_cut=len(self.judged.shown) > MOST_ARGUMENTS,
        )


class Decisions:
    """Decides on the calls of one answer, in their order; people may take their time."""

    def __init__(
        self,
        told: AnsweredRequest,
        catalog: Catalog,
        asking: CallAsking,
        pool: Pool,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._told = told
        self._catalog = catalog
        self._asking = asking
        self._pool = pool
        self._clock = clock
        self._metrics = metrics
        self._scene: Scene | None = None
        self.all: list[DecidedCall] = []
        self.news = asyncio.Event()
        """Set when anything has become of a call."""

    @property
    def waiting(self) -> list[DecidedCall]:
        """The calls on which nothing is decided yet."""
        return [call for call in self.all if call.ruling is None]

    async def decide(self, call: ToolCall) -> None:
        """Judge a call and act on it; see `act`."""
        await self.act(call, await self._judged(call))

    async def act(self, call: ToolCall, judged: JudgedCall) -> None:
        """Decide on a call that was judged; where rules hold it, begin to ask people and return.

        Raises Refused where a call is denied that the provider has run already.
        """
        decided = DecidedCall(call, judged, HeldCall(call.tool, judged.shown), self._clock.now())
        self.all.append(decided)
        match judged.verdict.action:
            case Action.HOLD if not call.by_provider:
                self._begin(decided, await self._asked(decided))
                return
            case Action.DENY:
                said = words.denied_by_rule(decided.call, judged.verdict)
                decided.decide(Decision.DENIED, Replaced(said), decided.came_at)
            case Action.MASK if not call.by_provider:
                decided.decide(Decision.MASKED, _as_masked(judged), decided.came_at)
                await self._show(decided, decided.ruling)
            case _:
                # What a provider runs is done while it is written: all else can only be recorded.
                decided.decide(Decision.ALLOWED, Passed(), decided.came_at)
        await self._note(decided, decided.ruling)
        if isinstance(decided.ruling, Replaced) and call.by_provider:
            fired = judged.verdict.decisive
            rule = fired.rule if fired else ""
            raise Refused(Reason.POLICY_DENIED, decided.ruling.text, rule=rule)

    async def claim(self) -> bool:
        """Use what was approved of the calls; False where it is not to be had any more.

        Then people are asked about it, and no call that was held goes on before they have decided.
        """
        if ended := [call for call in self.all if await self._has_ended(call)]:
            for decided in ended:
                await self._ask_again(decided)
            return False
        claims = {call.claim: call for call in self.all if call.claim and not call.claim.used}
        left = await self._asking.claim_all(claims)
        for claim in left:
            await self._ask_again(claims[claim])
        return not left

    async def _has_ended(self, decided: DecidedCall) -> bool:
        """Whether a call that is still to go on must not, since what let it pass has ended."""
        if decided.ruling is None or decided.is_applied:
            return False
        used, beside = (claim.used, claim.beside) if (claim := decided.claim) else (None, ())
        return await self._asking.has_ended((*decided.rests_on, *beside), used)

    async def _ask_again(self, decided: DecidedCall) -> None:
        if decided.claim is not None:
            await self._asking.leave(decided.claim)
        decided.claim, decided.rests_on, decided.went_on_as = None, (), ""
        decided.ruling, decided.decision = None, Decision.PENDING
        if decided.asked is not None:
            self._begin(decided, decided.asked)

    def _begin(self, decided: DecidedCall, asked: CallAsked) -> None:
        decided.asked = asked
        decided.asking = asyncio.ensure_future(self._ask(asked, decided))

    async def leave(self) -> None:
        """Say of each approval that was not used that nobody waits for it any more."""
        for decided in self.all:
            if decided.claim is not None and decided.claim.used is None:
                await self._asking.leave(decided.claim)

    async def give_back(self) -> None:
        """Leave the approvals that were used to the next attempt: no byte of the calls was sent.

        The last first: who finds the first one to claim finds the others too.
        """
        used = [call.claim for call in self.all if call.claim and call.claim.used]
        for claim in sorted(used, key=lambda claim: claim.approved.id, reverse=True):
            await self._asking.give_back(claim)

    async def give_up(self, decided: DecidedCall) -> None:
        """Deny a call that cannot be written with the arguments it was to go on with."""
        said = words.not_writable(decided.call)
        decided.decide(Decision.DENIED, Replaced(said), self._clock.now())
        await self._note(decided, decided.ruling)

    async def _show(self, decided: DecidedCall, ruling: Ruling | None) -> None:
        if isinstance(ruling, Changed):
            changed = await self._judged(replace(decided.made, arguments=ruling.arguments))
            decided.went_on_as = changed.shown

    async def _judged(self, call: ToolCall) -> JudgedCall:
        told, now = self._told, self._clock.now()
        judge = partial(judge_call, call, told.facts, told.identity, now, told.names)
        return await self._pool.do(len(call.arguments), judge, self._catalog)

    async def _asked(self, decided: DecidedCall) -> CallAsked:
        told, scene, shown = self._told, await self._led_to_it(), decided.call.arguments
        whole = len(shown) <= MOST_ARGUMENTS
        decided.call = HeldCall(
            tool=decided.call.tool,
            arguments=shown if whole else await asyncio.to_thread(shortened, shown, MOST_ARGUMENTS),
            conversation=scene.conversation,
            folder=scene.folder,
            ask=scene.ask,
            before=scene.before,
            call_id=decided.made.call_id[:_LONGEST_ID],
            editable=whole and not decided.judged.is_masked,
        )
        return CallAsked(
            identity=told.identity,
            inquiry=told.inquiry,
            recording=told.recording,
            verdict=decided.judged.verdict,
            call=decided.call,
            reason=told.reason,
            until=asyncio.get_running_loop().time() + told.patience,
            client=told.program,
            passage_names=told.names,
        )

    async def _ask(self, asked: CallAsked, decided: DecidedCall) -> None:
        def waits(hold: Hold) -> None:
            decided.hold = hold
            self._told.waits_for(hold)
            self.news.set()

        try:
            answer = await self._asking.decision(asked, waits)
            decided.hold, decided.claim = answer.hold or decided.hold, answer.claim
            decided.rests_on = answer.rests_on
            ruling = await self._ruling(asked, answer, decided)
            await self._show(decided, ruling)
            decided.decision, decided.decided_at = answer.decision, self._clock.now()
            if isinstance(ruling, Replaced) and not answer.words:
                decided.decision = Decision.DENIED
            await self._note(decided, ruling)
            if isinstance(ruling, Replaced):
                decided.claim = None
            decided.ruling = ruling
        finally:
            self.news.set()

    async def _ruling(self, asked: CallAsked, answer: CallAnswer, decided: DecidedCall) -> Ruling:
        if answer.words:
            return Replaced(answer.words)
        hold, claim = answer.hold, answer.claim
        if hold is None or not hold.change:
            return _as_masked(decided.judged)
        changed = replace(decided.made, arguments=hold.change)
        judged = await self._judged(changed)
        went = await self._asking.changed(asked, hold, judged.verdict, claim)
        if went.words:
            return Replaced(went.words)
        decided.rests_on = went.rests_on
        arguments = changed.arguments if judged.changed is None else judged.changed
        return Changed(arguments, words.changed(hold))

    async def _led_to_it(self) -> Scene:
        if self._scene is None:
            told = self._told
            self._scene = await self._pool.do(told.size, told.scene, self._catalog)
        return self._scene

    async def _note(self, decided: DecidedCall, ruling: Ruling | None) -> None:
        self._metrics.tool_calls.labels(
            self._told.inquiry.connection.name, decided.decision.value
        ).inc()
        if decided.hold is not None:
            waited = self._metrics.tool_calls_waited.labels(decided.decision.value)
            waited.observe(decided.waited.total_seconds())
        fired = decided.judged.verdict.fired
        if fired:
            await self._told.recording.note(
                EventKind.CALL_DECIDED,
                tool=decided.call.tool,
                decision=decided.decision.value,
                rules=" ".join(rule.rule for rule in fired),
                hold=decided.hold.id if decided.hold else "",
                **self._both(decided.made, ruling),
            )

    def _both(self, made: ToolCall, ruling: Ruling | None) -> dict[str, str]:
        """Return what names a call as it was made, and as an approver or a rule changed it."""
        if not isinstance(ruling, Changed):
            return {}
        versions = {"call": made.arguments, "changed": ruling.arguments}
        names = self._told.names
        return {
            version: call_name(names, made.tool, Arguments(arguments))
            for version, arguments in versions.items()
        }


def _as_masked(judged: JudgedCall) -> Ruling:
    return Passed() if judged.changed is None else Changed(judged.changed)
