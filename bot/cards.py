"""The card that a manager decides from in ten seconds. Pure: the same hold, the same card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from bot import blocks, phrases, text
from bot.blocks import Block, Button, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.hold import Hold
    from app.domain.verdict import Excerpt, FiredRule
    from bot.text import Markup

APPROVE = "hold_approve"
DENY = "hold_deny"
VIEW = "hold_view"

_EXCERPTS = 3
_BOUNDARY = text.ours("\u200b")


def card(hold: Hold, *, requester: str, value: str, warning: str = "") -> Message:
    """Draw the card of a hold.

    `requester` is their Slack user id, empty where they are not known in Slack. `value` is what
    the buttons carry. `warning` is a sentence of ours that managers should know.
    """
    drawn: list[Block] = [
        blocks.header(f"{phrases.risk(hold)} · request held · {phrases.name(hold)}"),
        blocks.section(_why(hold)),
        blocks.fields(_facts(hold, requester)),
    ]
    if hold.reason:
        reason = text.join(text.ours("*Their reason:* "), text.words(hold.reason, 600))
        drawn.append(blocks.section(reason))
    if outcome := phrases.outcome(hold):
        drawn.append(blocks.section(outcome))
    if hold.state is HoldState.PENDING:
        drawn.append(blocks.actions(f"hold:{hold.id}", _buttons(value)))
    drawn.append(blocks.context(*_footnotes(hold, warning)))
    return Message(_summary(hold), tuple(drawn))


def _summary(hold: Hold) -> Markup:
    """Write the notification line, which says who, what and until when."""
    asker = text.words(hold.requester.name, 80)
    rule = text.words(phrases.rule_name(hold), 80)
    name = text.ours(f" · {phrases.name(hold)}")
    if hold.state is not HoldState.PENDING:
        state = text.ours(f"{hold.state.value.capitalize()}: ")
        return text.join(state, asker, text.ours(" → "), text.words(_target(hold), 120), name)
    lead = text.ours("Approval needed: ")
    why = text.join(text.ours(f" ({phrases.risk(hold)}: "), rule, text.ours(")"))
    until = text.join(text.ours(". Expires "), text.moment(hold.deadline))
    target = text.words(_target(hold), 120)
    return text.join(lead, asker, text.ours(" → "), target, why, until, name)


def _why(hold: Hold) -> Markup:
    decisive = hold.verdict.decisive
    if decisive is None:
        return text.ours("No rule of the catalog is named: look at the whole request.")
    head = text.join(
        text.ours("Rule "),
        text.code(decisive.rule, 100),
        text.ours(" "),
        text.bold(decisive.title, 200),
    )
    lines = [head, text.words(decisive.explain, 500), *_quotes(decisive)]
    others = [
        fired.rule for fired in hold.verdict.fired if fired.enforced and fired is not decisive
    ]
    if others:
        lines.append(text.join(text.ours("Also: "), text.words(", ".join(others), 300)))
    return text.join(*(line for line in lines if line), by="\n")


def _quotes(fired: FiredRule) -> list[Markup]:
    different = _different(fired.excerpts)
    quotes = [_quote(excerpt) for excerpt in different[:_EXCERPTS]]
    more = fired.findings - len(fired.excerpts) + len(different) - len(quotes)
    if quotes and more > 0:
        quotes[-1] = text.join(quotes[-1], text.ours(f"  _(+{more} more)_"))
    return quotes


def _different(excerpts: Sequence[Excerpt]) -> list[Excerpt]:
    """Keep one of those that quote the same stretch of text: the one with the most words."""
    kept: dict[tuple[str, str], Excerpt] = {}
    for excerpt in excerpts:
        stretch = (excerpt.place, f"{excerpt.before}{excerpt.words}{excerpt.after}")
        known = kept.setdefault(stretch, excerpt)
        if len(excerpt.words) > len(known.words):
            kept[stretch] = excerpt
    return list(kept.values())


def _quote(excerpt: Excerpt) -> Markup:
    """Quote a finding; the blank of zero width lets bold begin and end within a word."""
    before = text.words(excerpt.before, 160)
    after = text.words(excerpt.after, 160)
    found = text.bold(excerpt.words, 160)
    gap_before = text.ours(" ") if excerpt.before[-1:].isspace() else _BOUNDARY
    gap_after = text.ours(" ") if excerpt.after[:1].isspace() else _BOUNDARY
    return text.join(text.ours("> …"), before, gap_before, found, gap_after, after, text.ours("…"))


def _facts(hold: Hold, requester: str) -> list[tuple[str, Markup]]:
    return [
        ("Who", phrases.who(hold.requester, requester)),
        ("From", phrases.origin(hold.requester.provenance)),
        ("To", _to(hold)),
        ("Size", text.ours(phrases.size(hold.body_bytes))),
        (
            "Approvals",
            text.join(phrases.progress(hold), text.ours(" · "), phrases.approvers(hold)),
        ),
        ("Expires", text.join(text.moment(hold.deadline, day=True), text.ours(" → refused"))),
    ]


def _target(hold: Hold) -> str:
    return hold.model or hold.connection


def _to(hold: Hold) -> Markup:
    target = phrases.target(hold.connection, hold.model)
    return text.join(target, phrases.call(hold.method, hold.path), by="\n")


def _buttons(value: str) -> list[Button]:
    return [
        Button("Approve once", APPROVE, value, style="primary"),
        Button("Deny…", DENY, value, style="danger"),
        Button("View full", VIEW, value),
    ]


def _footnotes(hold: Hold, warning: str) -> list[Markup]:
    notes = [text.join(text.ours("Waiting since "), text.moment(hold.created_at))]
    if hold.state is HoldState.PENDING:
        notes.append(text.ours("The requester can't approve."))
        if not hold.attached:
            left = "🔌 The requester disconnected: an approval will be used when they retry."
            notes.append(text.ours(left))
    else:
        notes.append(text.join(text.ours("Record: "), text.code(f"/replay {hold.session_id}", 80)))
    if warning:
        notes.append(text.words(warning, 300))
    digest = text.join(text.ours("Digest "), text.code(hold.digest[:16], 40))
    catalog = text.join(text.ours("catalog "), text.code(hold.verdict.catalog_revision, 40))
    return [*notes, digest, catalog]
