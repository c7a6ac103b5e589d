"""What a model and its person read of a tool call that waits, or that is not made. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.domain.hold import Hold, HoldState
from app.errors import Reason
from app.ids import short
from app.wire.waiting.line import last_line, line
from policies.approvals.approval import asked, concerned
from proxy.holds.endings import silence, whys

if TYPE_CHECKING:
    from app.domain.tool_call import HeldCall
    from app.domain.verdict import FiredRule, Verdict
    from app.errors import Refused

_LONGEST = 160
_LONGEST_CHANGE = 2_000
TELLING = ("command", "cmd", "file_path", "filePath", "absolute_path", "path", "url")
"""The arguments of known tools that say what a call does."""


def waiting(hold: Hold, call: HeldCall) -> str:
    """Return the line about a call that waits; it is taken out of the history again."""
    return line(", ".join(asked(hold, hold.created_at)), short(hold.id), call.tool)


def still_waiting(hold: Hold) -> str:
    """Return how an answer ends whose client would not wait any longer."""
    return last_line(", ".join(asked(hold, hold.created_at)), short(hold.id), _tool(hold))


def denied_by_rule(call: HeldCall, verdict: Verdict) -> str:
    """Say that the policy does not allow a call."""
    fired = verdict.decisive
    if fired is None:
        raise RuntimeError("a verdict that denies names its rule")
    why = f"{fired.title} (rule {fired.rule}). {fired.explain.strip()}".strip()
    return f"{_not_run(call)}\n{why}"


def not_released(hold: Hold, call: HeldCall, *, before: bool = False) -> str:
    """Say why a call that people were asked about is not made, and what to do next.

    `before`: they said so of the same call a while ago.
    """
    said = f"{_not_run(call)}\n{_ENDS[hold.state].format(**_facts(hold))}"
    return f"{said} It was not asked again." if before else said


def changed(hold: Hold) -> str:
    """Say, before a call with other arguments, that an approver changed it."""
    return (
        f"{_changed_by(hold)} approved this `{_tool(hold)}` call with a change (card "
        f"{short(hold.id)}). It runs as follows; do not run it as it was before."
    )


def changed_request(hold: Hold) -> str:
    """Say, before the result of a call over MCP, that it was made with other arguments."""
    cut = "…" if len(hold.change) > _LONGEST_CHANGE else ""
    return (
        f"{_changed_by(hold)} approved this `{_tool(hold)}` call with a change (card "
        f"{short(hold.id)}). It was made with these arguments: "
        f"{hold.change[:_LONGEST_CHANGE]}{cut} Do not make it again as it was before."
    )


def change_refused(hold: Hold, call: HeldCall, fired: FiredRule) -> str:
    """Say that a rule does not let a call go on as an approver changed it."""
    why = (
        f"needs an approval of its own under rule {fired.rule}"
        if fired.holds
        else f"is not allowed by rule {fired.rule}"
    )
    return (
        f"{_not_run(call)}\n{_changed_by(hold)} approved it with a change (card {short(hold.id)}), "
        f"but the changed call {why} ({fired.title}), so that was not run either. Ask the person "
        "you work for how to go on."
    )


def stopped_by(fired: FiredRule) -> str:
    """Say on the card which rule does not let a call go on as it was changed."""
    why = "needs an approval of its own under" if fired.holds else "is not allowed by"
    return f"not run: the changed call {why} rule {fired.rule}"


def ended_beside(fired: FiredRule) -> str:
    """Say on the card which rule needs an approval again, while people decided about others."""
    return f"not run: what was approved before under rule {fired.rule} has ended"


def not_writable(call: HeldCall) -> str:
    """Say that a call's own arguments are of a form in which others cannot be written."""
    return (
        f"{_not_run(call)}\nIts arguments are no JSON object, so what has to be changed in them "
        "could not be. Make the call again with arguments of the form that the tool asks for."
    )


def not_asked(call: HeldCall, refused: Refused) -> str:
    """Say why nobody can be asked about a call, or why what covered it does not any more."""
    why = _NOT_ASKED[refused.reason].format(rule=refused.rule)
    return f"{_not_run(call)}\n{why}"


def key_ended(call: HeldCall, why: str) -> str:
    """Say that a call that was approved is not made: `why` the requester's key counts no more."""
    return f"{_not_run(call)}\nIt was approved, but the key of this request has ended. {why}"


_NOT_ASKED = {
    Reason.TOO_MANY_PENDING: "No one was asked about it (rule {rule}): too many requests and calls "
    "of the person you work for are waiting for approval already. Make the call again when one of "
    "them is decided.",
    Reason.REASON_REQUIRED: "No one was asked about it: approvers want a reason first (rule "
    "{rule}). Ask the person you work for to give one in the header Abeyance-Reason.",
    Reason.GRANT_ENDED: "What covered it has just ended (rule {rule}). Make the call again to ask "
    "for approval.",
}
_ENDS = {
    HoldState.DENIED: "{by} denied it (card {card}, rule {rule}){why}. {explain}Unless this says "
    "what to do instead, do not try another way; ask the person you work for how to go on.",
    HoldState.EXPIRED: "{silence} (card {card}, rule {rule}); this is not a denial. {explain}"
    "Ask the person you work for to let an approver know before you make the call again.",
    HoldState.LAPSED: "It was approved, but the approval ended before it was used (card {card}, "
    "rule {rule}). Make the call again to ask for approval.",
    HoldState.RELEASED: "Its approval was used already (card {card}, rule {rule}). Make the call "
    "again to ask for approval.",
    HoldState.WITHDRAWN: "It was withdrawn (card {card}, rule {rule}). {note}",
}


def _facts(hold: Hold) -> dict[str, str]:
    fired = hold.verdict.decisive
    denials = [vote for vote in hold.votes if not vote.approve]
    explain = fired.explain.strip() if fired else ""
    return {
        "by": " and ".join(vote.by.name for vote in denials) or "An approver",
        "why": whys(denials),
        "card": short(hold.id),
        "rule": fired.rule if fired else "unknown",
        "explain": f"{explain} " if explain else "",
        "silence": silence(hold),
        "note": hold.note,
        "asked": ", ".join(concerned(hold)),
    }


def _changed_by(hold: Hold) -> str:
    by = " and ".join(vote.by.name for vote in hold.votes if vote.approve and vote.change)
    return by or "An approver"


def _not_run(call: HeldCall) -> str:
    """Name the call and what it does: clients move what is said before the calls that stay."""
    what = " ".join(_gist(call.arguments).split())
    shown = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"
    return f"⛔ The call of `{_name(call)}` was not run: {shown}"


def _gist(arguments: str) -> str:
    """Return the command of a call, or the file or address that it is about; else all of it."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    if not isinstance(value, dict):
        return arguments
    return next((said for name in TELLING if isinstance(said := value.get(name), str)), arguments)


def _tool(hold: Hold) -> str:
    return _name(hold.tool) if hold.tool else "tool"


def _name(call: HeldCall) -> str:
    """Return the tool's name in one line, so that a model can put nothing else in our words."""
    return " ".join(call.tool.replace("`", "'").split())[:_LONGEST]
