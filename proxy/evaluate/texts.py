"""What becomes of a prompt, a file or a tool's result that a hook asks about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from app.clock import Clock
from app.domain.hook import HookEvent
from app.domain.record.session import Decision
from app.domain.verdict import Action
from app.errors import Reason, Refused
from policies.reload import CatalogKeeper
from proxy.evaluate import words
from proxy.evaluate.inquiry import Examined, HookQuestion, examined, is_on_our_wire, is_short
from proxy.evaluate.result import Result, rules_of
from proxy.holds.asking import Asking
from proxy.holds.endings import denied_by_rule
from proxy.holds.held_request import HeldRequest
from proxy.record.recorder import Recorder
from proxy.work.pool import Pool

if TYPE_CHECKING:
    from app.domain.verdict import Verdict
    from policies.compiled_catalog import Catalog
    from proxy.evaluate.lines import Lines


@dataclass(frozen=True, slots=True)
class TextJudge:
    asking: Asking
    recorder: Recorder
    catalogs: CatalogKeeper
    pool: Pool
    clock: Clock

    async def judge(self, question: HookQuestion, lines: Lines) -> Result:
        """Return when it may go on. Raises Refused where rules or people say no, or not yet."""
        catalog = self.catalogs.current
        found = await self._examined(question, catalog)
        inquiry, verdict = found.inquiry, found.verdict
        if verdict.action is not Action.HOLD or waits_for_wire(question, verdict):
            lines.recording = await self.recorder.open(question.identity, inquiry, verdict)
            _check(question, verdict)
            return _passed(verdict)
        _check(question, verdict)
        judge = partial(self._judged, question, catalog, verdict)
        on_our_wire = is_on_our_wire(question.evaluation.tool)
        asked = HeldRequest(lines, question.identity, inquiry, verdict, judge, leaves=on_our_wire)
        async with lines.alive():
            answer = await self.asking.answer(asked)
        return Result(
            allows=True,
            decision=answer.decision,
            rules=rules_of(verdict),
            hold=answer.hold or lines.hold,
            claimed=answer.hold,
        )

    async def _examined(self, question: HookQuestion, catalog: Catalog) -> Examined:
        now = self.clock.now()
        return await self.pool.do(question.size, partial(examined, question, now), catalog)

    async def _judged(self, question: HookQuestion, catalog: Catalog, verdict: Verdict) -> Verdict:
        """Return what the rules of now say of it. Raises Refused where they deny."""
        current = self.catalogs.current
        if current.revision != catalog.revision:
            verdict = (await self._examined(question, current)).verdict
        _check(question, verdict)
        return verdict


def waits_for_wire(question: HookQuestion, verdict: Verdict) -> bool:
    """Whether people are asked when it comes over the wire, since there they know it by name.

    What a tool read is named there by the turn that led to it, and a short turn with those before
    it; a rule without cover decides about the request. Asked here too, they would decide twice.
    """
    asked = question.evaluation
    if not is_on_our_wire(asked.tool):
        return False
    named = all(fired.question and fired.question.names for fired in verdict.holding)
    return asked.event is not HookEvent.PROMPT or not named or is_short(asked)


def _passed(verdict: Verdict) -> Result:
    fired, said = verdict.decisive, ""
    if verdict.action is Action.HOLD and fired is not None:
        said = words.left_to_the_gateway(fired)
    decision = Decision.MASKED if verdict.action is Action.MASK else Decision.ALLOWED
    return Result(allows=True, decision=decision, rules=rules_of(verdict), message=said)


def _check(question: HookQuestion, verdict: Verdict) -> None:
    """Raise Refused where a rule denies, or would mask what nothing of ours stands on the way of.

    That counts beside a rule that holds, too: people approve what is masked.
    """
    if verdict.action is Action.DENY:
        raise denied_by_rule(verdict)
    masking = [fired for fired in verdict.enforced if fired.action is Action.MASK]
    if masking and not is_on_our_wire(question.evaluation.tool):
        said = words.cannot_be_masked(masking[0])
        raise Refused(Reason.POLICY_DENIED, said, rule=masking[0].rule)
