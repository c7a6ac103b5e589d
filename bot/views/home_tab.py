"""The App Home tab and the queue, drawn: what waits, what is granted, what became of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.grant import Grant
from app.domain.hold import Hold
from app.domain.record.session import Session
from bot.slack import blocks, text
from bot.slack.blocks import Button, Menu
from bot.views import cards, coverage, phrases, queries, requester_message, together
from bot.views.calls import body
from bot.views.quotes import quote, quotes
from bot.views.together import Group
from policies.passages.trust import trusted_passage

if TYPE_CHECKING:
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

SEARCH = "home_search"
QUEUE = "queue"
REVOKE_TRUST = "trust_revoke"
NEWER = "home_newer"
OLDER = "home_older"
MINE_NEWER = "home_mine_newer"
MINE_OLDER = "home_mine_older"
_LINE = blocks.divider()


@dataclass(frozen=True, slots=True)
class Pages:
    """Which part of each list is shown, as the buttons and the view carry it."""

    queue: int = 0
    """Counted from 0."""
    before: str = ""
    """Of one's own sessions those before this id; empty: the latest."""

    def spelt(self) -> str:
        return f"{self.queue} {self.before}".strip()

    @classmethod
    def read(cls, value: str) -> Pages:
        """Read what a view or a button carries; anything else is the first page."""
        page, _, before = value.partition(" ")
        return cls(int(page), before) if page.isdecimal() and len(page) < 5 else cls()


@dataclass(frozen=True, slots=True)
class HomeTabContents:
    """What stands on somebody's tab; each hold comes with the value of its buttons."""

    pages: Pages = Pages()
    queue: tuple[tuple[Hold, str], ...] = ()
    first: int = 0
    """How many of the queue come before those."""
    waiting: int = 0
    """How many there are in all."""
    groups: tuple[Group, ...] = ()
    """Whose requests can be reviewed together."""
    others: tuple[tuple[Hold, str], ...] = ()
    """What they may release only by breaking the glass."""
    other_waiting: int = 0
    grants: tuple[tuple[Hold, str], ...] = ()
    trusts: tuple[tuple[Grant, Hold, str], ...] = ()
    """Texts that they trust or may say so of, with the holds that show them."""
    other_trusts: int = 0
    """How many more of these there are."""
    own: tuple[tuple[Hold, str], ...] = ()
    """Their own requests that wait."""
    mine: tuple[Session, ...] = ()
    """Their other requests, the latest first."""
    mine_before: str = ""
    """What their next page comes before; empty where there is none."""
    auditor: bool = False
    glass: bool = False
    approver: bool = True
    """Whether they may ever decide; who may not reads nothing of a queue."""
    known: bool = True
    """Whether it is known which requests are theirs."""


def home(shown: HomeTabContents) -> Block:
    """Draw the tab."""
    parts = []
    if shown.approver or shown.queue:
        parts.append([blocks.header("Waiting for your decision"), *_queue(shown)])
    if shown.others:
        parts.append([blocks.header("In an emergency"), *_emergency(shown)])
    if shown.grants:
        granted = [_grant(hold, value) for hold, value in shown.grants]
        parts.append([blocks.header("Grants"), *granted])
    if shown.trusts:
        parts.append([blocks.header("Trusted text"), *_trusts(shown)])
    if shown.auditor:
        parts.append([blocks.header("Find a session"), *_search()])
    parts.append([blocks.header("Your requests"), *_mine(shown)])
    first, *others = parts
    drawn = [*first, *(b for p in others for b in (_LINE, *p))]
    return {"type": "home", "private_metadata": shown.pages.spelt(), "blocks": drawn}


def queue(shown: HomeTabContents | None) -> Block:
    """Draw the queue in a modal; None as long as it is being read."""
    drawn = _queue(shown) if shown else [blocks.section(text.ours("Reading…"))]
    pages = shown.pages.spelt() if shown else ""
    return blocks.modal("The queue", drawn, callback_id=QUEUE, private=pages)


def _queue(shown: HomeTabContents) -> list[Block]:
    drawn = together.offers(shown.groups)
    for hold, value in shown.queue:
        drawn += _hold(hold, value, glass=shown.glass)
    if not shown.queue:
        drawn.append(blocks.section(text.ours("You're all caught up.")))
    last = shown.first + len(shown.queue)
    if shown.waiting > len(shown.queue):
        told = f"{shown.first + 1} to {last} of {shown.waiting}, the oldest first"
        drawn.append(blocks.context(text.ours(told)))
    turns = []
    if shown.first:
        turns.append(_turn("← Older", OLDER, replace(shown.pages, queue=shown.pages.queue - 1)))
    if last < shown.waiting:
        turns.append(_turn("Newer →", NEWER, replace(shown.pages, queue=shown.pages.queue + 1)))
    return [*drawn, blocks.actions("queue_pages", turns)] if turns else drawn


def _turn(label: str, action_id: str, pages: Pages) -> Button:
    return Button(label, action_id, pages.spelt())


def _emergency(shown: HomeTabContents) -> list[Block]:
    how = text.ours(
        "Others decide on these. You may release one alone, with a reason: the requester, the "
        "approvers and the record are told at once."
    )
    drawn = [blocks.context(how)]
    for hold, value in shown.others:
        lines = (_line(hold), *_first_quote(hold))
        menu = Menu(cards.MORE, (cards.break_glass(value),))
        drawn.append(blocks.section(text.join(*lines, by="\n"), button=menu))
    if more := shown.other_waiting - len(shown.others):
        drawn.append(blocks.context(text.ours(f"… and {more} newer")))
    return drawn


def _mine(shown: HomeTabContents) -> list[Block]:
    drawn = [_own(hold, value) for hold, value in shown.own]
    drawn += [_session(session) for session in shown.mine]
    turns = []
    if shown.pages.before:
        turns.append(_turn("← Latest", MINE_NEWER, replace(shown.pages, before="")))
    if shown.mine_before:
        turns.append(_turn("Older →", MINE_OLDER, replace(shown.pages, before=shown.mine_before)))
    if turns:
        drawn.append(blocks.actions("mine_pages", turns))
    return drawn or [_none_of_mine(shown)]


def _none_of_mine(shown: HomeTabContents) -> Block:
    if shown.known:
        return blocks.section(
            text.ours(
                "None yet. Requests you send through the gateway appear here with their outcome; "
                "while one is waiting for approval, you can withdraw it."
            )
        )
    return blocks.section(
        text.ours(
            "I can't tell which requests are yours: this workspace vouches for no address of "
            "your account. Confirm your e-mail address in Slack's settings."
        )
    )


def _search() -> list[Block]:
    example = "user:alice since:1d decision:denied"
    how = text.ours("Press Enter to search. Each look at a session is recorded.")
    return [blocks.search("search", SEARCH, "Filter or session id", example), blocks.context(how)]


def _grant(hold: Hold, value: str) -> Block:
    if hold.granted is None:
        return blocks.section(text.ours("–"))
    line = text.join(
        text.bold(hold.requester.name, 80),
        phrases.passes(hold),
        text.ours("\n"),
        coverage.grant(hold.granted, hold),
    )
    return blocks.section(line, button=cards.revoke(hold, value))


def _trusts(shown: HomeTabContents) -> list[Block]:
    drawn = [_trust(*one) for one in shown.trusts]
    if shown.other_trusts:
        more = f"… and {shown.other_trusts} more. `abeyance trust list` shows all of them."
        drawn.append(blocks.context(text.ours(more)))
    return drawn


def _trust(trust: Grant, hold: Hold, value: str) -> Block:
    said = "From now on, requests that carry this text need approval again."
    button = Button("Revoke", REVOKE_TRUST, value, style="danger", confirm=said)
    passage = trusted_passage(trust, hold)
    lines = (quote(passage) if passage else text.ours(""), coverage.trust(trust))
    told = text.join(*(line for line in lines if line), by="\n")
    return blocks.section(told, button=button)


def _line(hold: Hold) -> Markup:
    return text.join(
        text.ours(f"{phrases.risk(hold)} · *{phrases.name(hold)}* · "),
        phrases.who(hold.requester, ""),
        phrases.waits(hold),
    )


def _hold(hold: Hold, value: str, *, glass: bool) -> list[Block]:
    lines = [_line(hold), phrases.origin(hold.requester.provenance), *_first_quote(hold)]
    if hold.reason:
        lines.append(text.join(text.ours("*Their reason:* "), text.words(hold.reason, 200)))
    if hold.votes or phrases.several(hold):
        lines.append(phrases.progress(hold))
    lines.append(queries.count(hold))
    if not hold.attached:
        lines.append(phrases.disconnected(hold))
    buttons = cards.buttons(hold, value, glass=glass)
    return [
        blocks.section(
            text.join(*(line for line in lines if line), by="\n"),
            button=cards.about_rule(hold, value),
        ),
        blocks.actions(f"home:{hold.id}", buttons),
    ]


def _first_quote(hold: Hold) -> list[Markup]:
    if hold.tool:
        return body.lines(hold.tool)
    decisive = hold.verdict.decisive
    return quotes(decisive)[:1] if decisive else []


def _own(hold: Hold, value: str) -> Block:
    line = text.join(
        text.moment(hold.created_at, day=True),
        text.ours(" → "),
        phrases.aim(hold),
        text.ours(f" · *{phrases.name(hold)} is waiting for approval* · "),
        text.code(phrases.rule_name(hold), 80),
        text.ours(" · expires "),
        text.moment(hold.deadline),
    )
    lines = (line, *_first_quote(hold), text.code(hold.session_id, 60))
    return blocks.section(
        text.join(*lines, by="\n"), button=Button("Withdraw", requester_message.WITHDRAW, value)
    )


def _session(session: Session) -> Block:
    parts = [
        text.join(
            text.moment(session.started_at, day=True),
            text.ours(" → "),
            text.words(session.model or session.connection, 80),
        ),
        text.ours(f"*{session.decision.value}*"),
    ]
    if decisive := session.verdict.decisive:
        parts.append(text.code(decisive.rule, 80))
    return blocks.section(text.join(*parts, text.code(session.id, 60), by=" · "))
