"""What is said in the thread of a card: reminder, escalation, break-glass. Pure.

Votes are on the card itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack import blocks, text
from bot.slack.blocks import Button, Message
from bot.views import phrases
from bot.views.calls import words
from bot.views.replay.lists import RECORD

if TYPE_CHECKING:
    from app.domain.hold import Hold, Vote
    from bot.people.approvers import Audience
    from bot.slack.text import Markup


def reminder(hold: Hold, audience: Audience) -> Message:
    lead = text.ours(f"⏰ {phrases.name(hold)} is still waiting for {phrases.counted(hold)}. ")
    return _said(lead, _called(audience), _until(hold))


def escalation(hold: Hold, audience: Audience) -> Message:
    if not audience:
        return _escalated_to_nobody(hold)
    lead = text.ours(f"📣 {phrases.name(hold)} is still open, so it has been escalated to: ")
    return _said(lead, _called(audience), _until(hold))


def _escalated_to_nobody(hold: Hold) -> Message:
    approval = hold.verdict.approval
    sets = text.words(" or ".join(approval.escalate_to if approval else ()), 200)
    lead = text.ours(f"⚠️ {phrases.name(hold)} is still open and was to be escalated to ")
    rest = text.ours(", but that set has no members. Those who were asked first may still decide.")
    return _said(lead, sets, rest, _until(hold))


def broken_glass(hold: Hold) -> tuple[tuple[str, Message], ...]:
    """Tell who released the request alone, under the name of the reply."""
    broken = [(at, vote) for at, vote in enumerate(hold.votes) if vote.broke_glass]
    return tuple((f"vote{at}", _released(vote, hold)) for at, vote in broken)


def loud(hold: Hold) -> Message | None:
    """Tell everybody that somebody released a request alone; None where nobody did."""
    broken = next((vote for vote in hold.votes if vote.broke_glass), None)
    if broken is None:
        return None
    head = text.ours("🚨 *BREAK-GLASS*: ")
    by = text.join(phrases.voter(broken), text.ours(f" released {words.noun(hold)} "))
    asker = text.words(hold.requester.name, 80)
    target = phrases.aim(hold) if hold.tool else phrases.target(hold.connection, hold.model)
    told = text.join(
        head,
        by,
        text.ours(f"{phrases.name(hold)} of "),
        asker,
        text.ours(" → "),
        target,
        text.ours(" alone, without the approval that rule "),
        text.code(phrases.rule_name(hold), 80),
        text.ours(" asks for."),
    )
    why = phrases.reason(broken, text.ours("*Their reason:* "))
    record = Button("Record", RECORD, hold.session_id)
    drawn = (blocks.section(told, button=record), blocks.section(why))
    return Message(told, drawn)


def _released(vote: Vote, hold: Hold) -> Message:
    who = text.join(text.ours("🚨 "), phrases.voter(vote))
    did = text.ours(f" used break-glass to release this {words.noun(hold)}")
    return _said(who, did, phrases.reason(vote, text.ours(": ")))


def _until(hold: Hold) -> Markup:
    return text.join(text.ours(" It expires at "), text.moment(hold.deadline), text.ours("."))


def _called(audience: Audience) -> Markup:
    called = phrases.called(audience)
    return text.join(called, text.ours(".")) if called else called


def _said(*parts: Markup) -> Message:
    told = text.join(*parts)
    return Message(told, (blocks.section(told),))
