"""Whether a call that a hook asks about is one that people have decided on already. Pure.

A call that was held in an answer comes again through the hook of the agent that is about to make
it; and an agent may fire two hooks for one call. An approval that covers nothing else, or that
changed the call, is found by the call's id, or within a minute where one of them has none.

Claude Code adds what a tool has by default (`replace_all`) before it asks its hooks, and Codex
names its tools otherwise for them than for the model (`exec_command` is `Bash`, its `cmd` a
`command`). There the id has to be the same, and each text of the call one that people have seen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.hold import Hold, HoldState
from app.domain.hook import HookTool
from policies.calls.arguments import Arguments, TooDeep
from policies.calls.judge import call_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.domain.tool_call import HeldCall
    from app.domain.verdict import Verdict
    from policies.passages.names import PassageNames
    from proxy.calls.asked import CallAsked

_BY_ID = timedelta(hours=1)
_WITHOUT_ID = timedelta(minutes=1)


def of_calls(asked: CallAsked, holds: Sequence[Hold]) -> list[Hold]:
    """Return those that are about tool calls of the same asker, in their order."""
    asker = asked.inquiry.asker(asked.identity)
    return [hold for hold in holds if hold.is_of_answer and hold.asker == asker]


def released_before(
    asked: CallAsked, left: Verdict, holds: Sequence[Hold], now: datetime
) -> Hold | None:
    """Return the released hold of this very call, if that is what was last decided about it.

    `left` is what is open of it; `holds` are those of calls of the same asker, in their order.
    """
    for hold in reversed(holds):
        if _is_this(asked, left, hold) and _in_time(asked.call, hold, now):
            return hold if hold.state is HoldState.RELEASED else None
    return None


def _in_time(call: HeldCall, hold: Hold, now: datetime) -> bool:
    known = hold.tool.call_id if hold.tool else ""
    if known and call.call_id and known != call.call_id:
        return False
    at = hold.released_at or hold.created_at
    return now - at <= (_BY_ID if known and call.call_id else _WITHOUT_ID)


def _is_this(asked: CallAsked, left: Verdict, hold: Hold) -> bool:
    if hold.tool is None or not _rules(left) <= _rules(hold.verdict):
        return False
    asks = {
        name for fired in hold.verdict.holding if fired.question for name in fired.question.names
    }
    names = set(asked.names)
    if names and (names == asks or names == {_changed_name(asked.passage_names, hold)}):
        return True
    return _is_respelt(asked, hold.tool)


def _rules(verdict: Verdict) -> set[tuple[str, str]]:
    return {(f.rule, f.question.law if f.question else "") for f in verdict.holding}


def _changed_name(names: PassageNames, hold: Hold) -> str:
    if hold.tool is None or not hold.change:
        return ""
    try:
        return call_name(names, hold.tool.tool, Arguments(hold.change))
    except TooDeep:
        return ""


def _is_respelt(asked: CallAsked, known: HeldCall) -> bool:
    hook, call = asked.inquiry.hook, asked.call
    if hook is None or hook.tool is HookTool.CURSOR or not call.call_id:
        return False
    if call.tool != known.tool and hook.tool is not HookTool.CODEX:
        return False
    # What is masked or cut in what is shown may differ in what is not.
    if call.call_id != known.call_id or not (call.editable and known.editable):
        return False
    said = _texts(call.arguments)
    return bool(said) and said <= _texts(known.arguments)


def _texts(arguments: str) -> set[str]:
    try:
        leaves: Iterable[str] = [leaf.text for leaf in Arguments(arguments).leaves if leaf.can_mask]
    except TooDeep:
        return set()
    return set(leaves)
