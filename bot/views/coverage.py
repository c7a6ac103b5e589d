"""What an approval or a grant lets pass, in words. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.slack import text
from bot.views.durations import duration

if TYPE_CHECKING:
    from app.domain.hold import Granted, Hold
    from bot.slack.text import Markup


def also_covers(hold: Hold) -> Markup:
    """Say what an approval covers beside the request; empty where it covers nothing more."""
    asked = [fired.question for fired in hold.verdict.holding if fired.question]
    longest = max((q.cover.most for q in asked if q.cover), default=None)
    if longest is None:
        return text.ours("")
    work = any(passage.asked for question in asked for passage in question.passages)
    what = "what tools return and the model says while working on this" if work else "this text"
    return text.join(
        text.ours(f"Approving also covers {what}, until "),
        text.moment(hold.created_at + longest),
        text.ours(" at the latest"),
    )


def covers(hold: Hold, length: timedelta | None = None) -> str:
    """Say, in plain text of at most 300, exactly what a grant of that length lets pass.

    None: of a length that is still to be chosen.
    """
    time = duration(length) if length else "the time you choose"
    rules = ", ".join(fired.rule for fired in hold.verdict.holding)[:70]
    where = hold.requester.provenance.repository if hold.requester.provenance else ""
    inside = f" from {where[:50]}" if where else ""
    return (
        f"For {time}, every request of {hold.requester.name[:40]}{inside} over "
        f"{hold.connection[:30]} that only the rule {rules} would hold goes through without "
        "approval. Everything else is still held. You can revoke this at any time."
    )


def grant(granted: Granted) -> Markup:
    """Tell of a grant or a cover: until when, and how often it was used."""
    length = duration(timedelta(seconds=granted.seconds))
    lead = text.ours(
        "🕐 Covers this work until " if granted.passages else f"🕐 *Granted {length}* until "
    )
    latest = " at the latest" if granted.passages else ""
    uses = text.ours(f"{latest}, {used(granted.uses)}")
    told = text.join(lead, text.moment(granted.until), uses)
    if granted.used_at is not None:
        told = text.join(told, text.ours(", last "), text.moment(granted.used_at))
    if granted.revoked_by:
        return text.join(told, text.ours(", revoked by "), text.words(granted.revoked_by, 80))
    return text.join(told, text.ours(", over")) if granted.over else told


def used(uses: int) -> str:
    return {0: "not used yet", 1: "used once", 2: "used twice"}.get(uses, f"used {uses} times")
