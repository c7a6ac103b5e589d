"""What people may say of a tool call beyond yes and no: to change it, or yes for a task. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from app.domain.passage import PassageKind
from app.domain.verdict import Action, Risk
from policies.approvals.approval import Objection
from policies.approvals.grant_lengths import decided_by_one

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.tool_call import HeldCall
    from app.domain.verdict import FiredRule, Verdict
    from policies.approvals.votes import Word

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def may_change(hold: Hold) -> bool:
    """Whether an approver may let the call go on with other arguments.

    Where several have to approve, each would have to approve the same change, so there nobody may;
    nor where readers differ on what the arguments say.
    """
    approval = hold.verdict.approval
    if hold.tool is None or approval is None or _is_ambiguous(hold.tool):
        return False
    return hold.tool.editable and decided_by_one(approval)


def may_pass_task(hold: Hold) -> bool:
    """Whether an approval may let other calls of the tool pass in the conversation.

    Only under rules on tool calls of which an approval covers more than the call, and never at
    critical risk.
    """
    holding = hold.verdict.holding
    if hold.tool is None or not hold.tool.conversation or not holding:
        return False
    covering = all(fired.question and fired.question.cover for fired in holding)
    is_critical = any(fired.risk is Risk.CRITICAL for fired in holding)
    return covering and all(map(about_calls, holding)) and not is_critical


def about_calls(fired: FiredRule) -> bool:
    """Whether a rule holds a tool call as such, and not a text in a request that makes one."""
    asked = fired.question.passages if fired.question else ()
    return all(passage.kind is PassageKind.CALL for passage in asked)


def judge_change(hold: Hold, word: Word) -> Objection | None:
    """Say what stands against approving a call with the arguments of a word."""
    call = hold.tool
    if call is None or not may_change(hold) or not word.approve or word.for_task:
        return Objection.NO_CHANGE
    own, new = read(call.arguments), read(word.change)
    if not isinstance(own, dict):
        same = not word.change.strip() or word.change.strip() == call.arguments.strip()
        return Objection.NOT_CHANGED if same else None
    if not isinstance(new, dict):
        return Objection.NO_JSON
    return Objection.NOT_CHANGED if _spelt(own) == _spelt(new) else None


def stops_change(hold: Hold, changed: Verdict) -> FiredRule | None:
    """Return the rule that does not let a call go on as an approver of the hold changed it.

    One that denies the changed call, or one that holds it and of which nobody was asked.
    """
    if changed.action is Action.DENY:
        return changed.decisive
    asked = {(fired.rule, fired.question and fired.question.law) for fired in hold.verdict.holding}
    beyond = (
        fired
        for fired in changed.holding
        if (fired.rule, fired.question and fired.question.law) not in asked
    )
    return next(beyond, None)


def read(arguments: str) -> Json:
    """Return what arguments say, and None where they are no JSON or could be read in two ways."""
    try:
        value: Json = json.loads(arguments, object_pairs_hook=_object, parse_constant=_no_number)
        _spelt(value).encode()
    except (ValueError, RecursionError):
        return None
    return value


def _is_ambiguous(call: HeldCall) -> bool:
    return call.arguments.lstrip().startswith("{") and not isinstance(read(call.arguments), dict)


def _spelt(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


def _no_number(name: str) -> float:
    raise ValueError(name)
