"""What an approval or a grant lets pass, in words. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.trust import Reach
from bot.slack import text
from bot.views.calls import words
from bot.views.durations import duration
from policies.approvals.approval import last_words
from policies.calls.voting import about_calls
from policies.mcp.changes import CHANGED
from policies.passages.trust import trustable, trusts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.grant import Grant
    from app.domain.hold import GrantSummary, Hold
    from app.domain.tool_call import HeldCall
    from app.domain.verdict import CoverTerms
    from bot.slack.text import Markup

_REACHES = {
    Reach.PERSON: "this requester",
    Reach.REPOSITORY: "this repository",
    Reach.EVERYONE: "everyone",
}


def also_covers(hold: Hold) -> Markup:
    """Say what an approval covers beside the request; empty where it covers nothing more."""
    holding = [fired for fired in hold.verdict.holding if fired.question]
    if any(fired.rule == CHANGED for fired in holding):
        return text.ours("Approving also accepts the new description of the tool, for everyone")
    asked = [fired.question for fired in holding if fired.question]
    if hold.tool and all(map(about_calls, holding)):
        return _same_call(hold, hold.tool, [question.cover for question in asked])
    longest = max((q.cover.most for q in asked if q.cover), default=None)
    if longest is None:
        return text.ours("")
    work = any(passage.asked for question in asked for passage in question.passages)
    what = "what tools return and the model says while working on this" if work else "this text"
    return text.join(
        text.ours(f"Approving also covers {what}, until "),
        text.moment(hold.deadline + longest),
        text.ours(" at the latest"),
    )


def _same_call(hold: Hold, call: HeldCall, covers: Sequence[CoverTerms | None]) -> Markup:
    """Say for how long the very same call passes: each rule that holds it has to cover it."""
    given = [cover for cover in covers if cover is not None]
    if not given or len(given) < len(covers):
        return text.ours("*Approve* is for this one call only")
    idle = duration(min(cover.idle for cover in given))
    same = f"exactly the same {words.thing(call)} of this requester: for {idle} after each use"
    return text.join(
        text.ours(f"*Approve* also covers {same}, until "),
        text.moment(hold.deadline + min(cover.most for cover in given)),
        text.ours(" at the latest"),
    )


def of_task(hold: Hold, tool: str) -> str:
    """Say, in plain text of at most 300, what the approval of a task lets pass."""
    asked = [fired.question for fired in hold.verdict.holding if fired.question]
    longest = min((q.cover.most for q in asked if q.cover), default=None)
    rules = ", ".join(fired.rule for fired in hold.verdict.holding)[:70]
    time = f", for {duration(longest)} at most" if longest else ""
    return (
        f"This call, and every other call of {tool} in this conversation that only the rule "
        f"{rules} would hold, goes through without approval{time}, with any arguments. "
        "You can revoke this at any time."
    )


def covers(hold: Hold, length: timedelta | None = None) -> str:
    """Say, in plain text of at most 300, exactly what a grant of that length lets pass.

    None: of a length that is still to be chosen.
    """
    time = duration(length) if length else "the time you choose"
    rules = ", ".join(fired.rule for fired in hold.verdict.holding)[:70]
    where = hold.requester.proven.repository if hold.requester.proven else ""
    inside = f" from {where[:50]}" if where else ""
    what = "tool call" if hold.tool else "request"
    return (
        f"For {time}, every {what} of {hold.requester.name[:40]}{inside} over "
        f"{hold.connection[:30]} that only the rule {rules} would hold goes through without "
        "approval. Everything else is still held. You can revoke this at any time."
    )


def grant(granted: GrantSummary, hold: Hold) -> Markup:
    """Tell of a grant or a cover of a hold: what of, until when, and how often it was used."""
    length = duration(timedelta(seconds=granted.seconds))
    lead = text.ours(f"🕐 *Granted {length}* until ")
    if granted.passages:
        lead = text.join(text.ours("🕐 Covers "), _covered(hold), text.ours(" until "))
    latest = " at the latest" if granted.passages else ""
    uses = text.ours(f"{latest}, {used(granted.uses)}")
    told = text.join(lead, text.moment(granted.until), uses)
    if granted.used_at is not None:
        told = text.join(told, text.ours(", last "), text.moment(granted.used_at))
    if granted.revoked_by:
        return text.join(told, text.ours(", revoked by "), text.words(granted.revoked_by, 80))
    return text.join(told, text.ours(", over")) if granted.over else told


def _covered(hold: Hold) -> Markup:
    if hold.tool is None or not all(map(about_calls, hold.verdict.holding)):
        return text.ours("this work")
    if any(vote.for_task for vote in hold.votes if vote.approve):
        return text.join(words.tool(hold.tool), text.ours(" calls of one conversation"))
    return text.ours(f"exactly this {words.thing(hold.tool)}")


def trusted(hold: Hold) -> list[Markup]:
    """Tell which text of a hold is trusted by now, and who wants some to be."""
    told: dict[Markup, None] = {}
    for trust in trusts_of(hold):
        said = (text.ours("🔕 Never asks about this text again for "), whom(trust), _until(trust))
        by = text.join(text.ours(", by "), text.mention(trust.by.slack_user))
        over = text.ours(", revoked" if trust.id in hold.untrusted else "")
        told[text.join(*said, by, over)] = None
    open_now = trustable(hold) if hold.state is HoldState.PENDING else ()
    wanted = {passage.name for passage in open_now}
    for vote in last_words(hold.trusting):
        if vote.trust and not wanted.isdisjoint(vote.trust.passages):
            who = text.join(text.ours("🔕 "), text.mention(vote.by.slack_user))
            for_whom = _REACHES[vote.trust.reach]
            what = f" wants never to ask about this text again, for {for_whom}, for "
            rest = f"{vote.trust.days} days. It takes another approver to say so too."
            told[text.join(who, text.ours(what + rest))] = None
    return list(told)


def whom(trust: Grant) -> Markup:
    return text.bold(trust.requester_name, 80)


def trust(given: Grant) -> Markup:
    """Tell of a trust in a list: under which rule, where, for whom, until when, how often used."""
    return text.join(
        text.code(given.covers.rule, 80),
        text.ours(" for "),
        whom(given),
        text.ours(" over "),
        text.code(given.covers.connection, 80),
        _until(given),
        text.ours(", by "),
        text.words(given.by.name, 80),
        text.ours(f" · {used(given.uses)}"),
    )


def _until(trust: Grant) -> Markup:
    return text.join(text.ours(" until "), text.moment(trust.expires_at, day=True))


def used(uses: int) -> str:
    return {0: "not used yet", 1: "used once", 2: "used twice"}.get(uses, f"used {uses} times")
