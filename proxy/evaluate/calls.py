"""What becomes of a tool call that a hook asks about, before the tool runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from app.clock import Clock
from app.domain.tool_call import ToolCall
from app.domain.verdict import Action, Verdict
from app.errors import Reason, Refused, Restarting, Unavailable
from app.telemetry import Metrics
from app.wire.calls.base import Changed, Replaced
from policies.calls.arguments import Arguments
from policies.calls.judge import judge_call
from policies.reload import CatalogKeeper
from proxy.calls.asking import CallAsking
from proxy.calls.decisions import AnsweredRequest, Decisions
from proxy.calls.leaving import Leaving
from proxy.evaluate import words
from proxy.evaluate.inquiry import HookQuestion, read_call, scene_of
from proxy.evaluate.result import Result, rules_of
from proxy.record.recorder import Recorder
from proxy.work.pool import Pool

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog
    from proxy.calls.decisions import DecidedCall
    from proxy.evaluate.lines import Lines
    from proxy.facts import Inquiry


@dataclass(frozen=True, slots=True)
class Calls:
    asking: CallAsking
    leaving: Leaving
    recorder: Recorder
    catalogs: CatalogKeeper
    pool: Pool
    clock: Clock
    metrics: Metrics

    async def judge(self, question: HookQuestion, lines: Lines) -> Result:
        """Return what becomes of the call, when that is known or the hook's patience ends."""
        catalog, now = self.catalogs.current, self.clock.now()
        asked = question.evaluation
        call = ToolCall(asked.name, asked.arguments, asked.call_id)
        inquiry = await self._inquiry(question, catalog)
        judge = partial(judge_call, call, inquiry.facts, question.identity, now, question.names)
        judged = await self.pool.do(question.size, judge, catalog)
        # As on the wire, where the rules on calls stand beside each call.
        of_texts = Verdict(Action.ALLOW, (), catalog.revision)
        lines.recording = await self.recorder.open(question.identity, inquiry, of_texts)
        told = AnsweredRequest(
            identity=question.identity,
            names=question.names,
            inquiry=inquiry,
            recording=lines.recording,
            reason=inquiry.reason,
            program=lines.program,
            patience=lines.patience,
            scene=partial(scene_of, question),
            size=len(asked.folder),
            waits_for=lines.waits_for,
        )
        decisions = Decisions(told, catalog, self.asking, self.pool, self.clock, self.metrics)
        await decisions.act(call, judged)
        [decided] = decisions.all
        return await self._answer(decisions, decided, lines)

    async def _inquiry(self, question: HookQuestion, catalog: Catalog) -> Inquiry:
        return await self.pool.do(question.size, partial(read_call, question), catalog)

    async def _answer(self, decisions: Decisions, decided: DecidedCall, lines: Lines) -> Result:
        stays = False
        try:
            async with lines.alive():
                await _settled(decisions, decided)
            stays = True
        except Refused as refused:
            stays = True
            if refused.reason is not Reason.APPROVAL_PENDING or decided.hold is None:
                raise
            # The same call finds the hold again, which goes on.
            return _result(decided, words.still_waiting(decided.hold))
        except Restarting:
            stays = True
            raise
        finally:
            with suppress(Unavailable):
                await decisions.leave()
            if not stays and decided.hold is not None:
                self.leaving.withdraw(decided.hold)
        match decided.ruling:
            case Replaced(text):
                return _result(decided, text)
            case Changed(arguments, text) if not _same(arguments, decided.made.arguments):
                return _result(decided, text, arguments)
            case _:
                return _result(decided)


def _same(arguments: str, others: str) -> bool:
    """Whether a call goes on as it was asked about: it had been changed before that."""
    return Arguments(arguments).canonical == Arguments(others).canonical


async def _settled(decisions: Decisions, decided: DecidedCall) -> None:
    """Return when the call is ruled on, and what approved it is used."""
    while True:
        if decided.asking is not None:
            await decided.asking
        if await decisions.claim():
            return


def _result(decided: DecidedCall, message: str = "", arguments: str | None = None) -> Result:
    allows = decided.ruling is not None and not isinstance(decided.ruling, Replaced)
    return Result(
        allows=allows,
        decision=decided.decision,
        rules=rules_of(decided.judged.verdict),
        message=message,
        hold=decided.hold,
        arguments=arguments,
        calls=(decided.recorded(),),
    )
