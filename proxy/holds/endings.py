"""How a hold that is not forwarded is told to whoever asked: why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import Hold, HoldState, Vote
from app.errors import Reason, Refused
from policies.approvals.approval import approvals, concerned, quorum
from policies.approvals.endings import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.verdict import Verdict

_MESSAGES = {
    HoldState.DENIED: (
        "{by} denied this request (rule {rule}){why}. {explain}"
        "You can change the prompt and send it again. Session {session}."
    ),
    HoldState.EXPIRED: (
        "{silence} (rule {rule}); this is not a denial. {explain}"
        "Let an approver know, then send it again. Session {session}."
    ),
    HoldState.LAPSED: (
        "This request was approved, but the approval ended before it was used (rule {rule}). "
        "Send it again to ask for approval. Session {session}."
    ),
    HoldState.RELEASED: (
        "This approval was already used by another attempt of the same request "
        "(rule {rule}). Send it again to ask for approval. Session {session}."
    ),
    HoldState.WITHDRAWN: (
        "You withdrew this request (rule {rule}). "
        "Send it again to ask for approval. Session {session}."
    ),
}
_CALL_DENIED = (
    "{by} denied this tool call, so it was not made (rule {rule}){why}. {explain}Unless this says "
    "what to do instead, do not try another way; ask the person you work for how to go on. "
    "Session {session}."
)
"""Over MCP, where it is a model that reads it."""
_GIVEN_BACK = (
    "{note} The request was not sent (rule {rule}). Contact your Abeyance administrator; sending "
    "it again won't help until this is fixed. Session {session}."
)
"""Nobody withdrew it: there was nobody to ask."""


def denied_by_rule(verdict: Verdict) -> Refused:
    """Say which rule denies a request, without asking anyone."""
    fired = verdict.decisive
    if fired is None:
        raise RuntimeError("a verdict that denies names its rule")
    return Refused(
        Reason.POLICY_DENIED,
        f"{fired.title} (rule {fired.rule}). {fired.explain}".strip(),
        rule=fired.rule,
    )


def refusal_of(hold: Hold) -> Refused:
    """Say in plain words why a decided hold is not forwarded, and what to do next."""
    template = _MESSAGES[hold.state]
    if hold.state is HoldState.WITHDRAWN and hold.note:
        template = _GIVEN_BACK
    if hold.state is HoldState.DENIED and hold.tool:
        template = _CALL_DENIED
    denials = [vote for vote in hold.votes if not vote.approve]
    message = template.format(
        by=" and ".join(vote.by.name for vote in denials) or "An approver",
        why=whys(denials),
        rule=_rule(hold),
        explain=_explain(hold),
        session=hold.session_id,
        note=hold.note,
        silence=silence(hold),
    )
    ended = ENDINGS.get(hold.state)
    reason = ended.reason if ended else Reason.APPROVAL_USED
    return Refused(reason, message, rule=_rule(hold))


def still_waiting(hold: Hold, *, asked: bool) -> Refused:
    """Say that there is no decision yet; `asked` says whether its card is posted."""
    so_far = "" if asked else " No approver has been asked yet: the card is still to be posted."
    message = (
        f"This request is waiting for approval by {_asked(hold)} (rule {_rule(hold)}), until "
        f"{hold.deadline:%H:%M} UTC.{so_far} Send the same request again to keep waiting; a "
        f"decision made in the meantime is kept for you. Session {hold.session_id}."
    )
    return Refused(Reason.APPROVAL_PENDING, message, rule=_rule(hold))


def rules_changed(verdict: Verdict) -> Refused:
    """Say that an approval was given under rules that are no more, and does not cover these."""
    message = (
        "The rules changed while this request was waiting, so its approval no longer applies. "
        "Send it again to ask for approval under the new rules (rule {rule})."
    )
    return _of_rule(Reason.RULES_CHANGED, message, verdict)


def denied_before(hold: Hold) -> Refused:
    """Say that the same was denied a while ago, in the same words, and how to go on."""
    told = refusal_of(hold)
    message = (
        f"{told} The same was denied before, so no one was asked again. If your tool sends the "
        "whole conversation each time, start a new one, or rewind to before the denied message. "
        "To have it reviewed again, use “Request again” in Slack, or send a new reason in the "
        "header Abeyance-Reason."
    )
    return Refused(told.reason, message, rule=told.rule)


def expired_before(hold: Hold) -> Refused:
    """Say that nobody answered a moment ago, and when; asking at once would help no one."""
    told = refusal_of(hold)
    at = f" It expired at {hold.decided_at:%H:%M} UTC." if hold.decided_at else ""
    message = f"{told}{at} It can be reviewed again two minutes after that."
    return Refused(told.reason, message, rule=told.rule)


def only_counted(verdict: Verdict) -> Refused:
    """Say that a request which only counts tokens is not worth an approval."""
    message = (
        "Something in this prompt needs an approval (rule {rule}), so its tokens were not "
        "counted. The approval is asked for when the prompt itself is sent."
    )
    return _of_rule(Reason.NOT_COUNTED, message, verdict)


def no_title(verdict: Verdict) -> Refused:
    """Say that a request which only makes a title of a prompt is not worth an approval."""
    message = (
        "Something in this prompt needs an approval (rule {rule}), so no title was made of it. "
        "The approval is asked for when the prompt itself is sent."
    )
    return _of_rule(Reason.NOT_COUNTED, message, verdict)


def counted_too_often(verdict: Verdict) -> Refused:
    """Say that somebody has tokens counted of what needs an approval, over and over."""
    message = (
        "Something in this prompt needs an approval (rule {rule}), and its tokens were "
        "asked for too often. Try again in a minute, or send the prompt itself to ask for approval."
    )
    return _of_rule(Reason.COUNTED_TOO_OFTEN, message, verdict)


def too_many(verdict: Verdict, most: int) -> Refused:
    """Say that so many requests of one person are waiting already."""
    message = (
        f"{most} of your requests are waiting for approval already. Send this one again when one "
        "of them is decided, or withdraw one in Slack (rule {rule})."
    )
    return _of_rule(Reason.TOO_MANY_PENDING, message, verdict)


def cover_ended(verdict: Verdict) -> Refused:
    """Say that what let a waiting request go on was revoked, or ran out, before it went."""
    message = (
        "What covered this request was revoked or has ended (rule {rule}). "
        "Send it again to ask for approval."
    )
    return _of_rule(Reason.GRANT_ENDED, message, verdict)


def cancelled(verdict: Verdict) -> Refused:
    """Say that a call was taken back by its caller before people had decided."""
    message = (
        "This call was cancelled while it was waiting for approval, so it was not made "
        "(rule {rule})."
    )
    return _of_rule(Reason.HOLD_WITHDRAWN, message, verdict)


def needs_reason(verdict: Verdict) -> Refused:
    """Say how to state what a request is for, where its rule wants to know."""
    message = (
        "Say what this request is for: rule {rule} holds it for an approval and wants a "
        "reason. Send it again with the header `Abeyance-Reason: why you need it`, which "
        "approvers read; with an SDK, add it to the default headers."
    )
    return _of_rule(Reason.REASON_REQUIRED, message, verdict)


def _of_rule(reason: Reason, message: str, verdict: Verdict) -> Refused:
    """Name the first rule that holds a request in a message."""
    rule = verdict.holding[0].rule
    return Refused(reason, message.replace("{rule}", rule), rule=rule)


def whys(denials: Sequence[Vote]) -> str:
    """Return, after a colon, what those who denied it said; nothing where they said nothing."""
    told = "; ".join(why for denial in denials if (why := _why(denial)))
    return f": {told}" if told else ""


def _why(denial: Vote) -> str:
    """Return the category and the words of a denial, as far as the requester may read them."""
    if not denial.shared:
        return ""
    said = f"“{denial.reason}”" if denial.reason else ""
    return " – ".join(part for part in (denial.category, said) if part)


def _asked(hold: Hold) -> str:
    return ", ".join(concerned(hold)) or "no one"


def silence(hold: Hold) -> str:
    """Say that nobody decided in time, or why nobody could."""
    if hold.note:
        return hold.note
    had = approvals(hold)
    some = f"Only {had} of {quorum(hold)} approvals came in time"
    return some if had else "No one answered in time"


def _rule(hold: Hold) -> str:
    fired = hold.verdict.decisive
    return fired.rule if fired else "unknown"


def _explain(hold: Hold) -> str:
    fired = hold.verdict.decisive
    return f"{fired.explain.strip()} " if fired and fired.explain else ""
