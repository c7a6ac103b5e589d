"""Lists of sessions: those that a filter leaves, and filters that are no good."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.slack import blocks, text
from bot.slack.blocks import Button
from bot.views import phrases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.domain.record.session import Session
    from app.replay.text_search import Progress
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

OPEN = "replay_open"
OLDER = "replay_older"
NEWER = "replay_newer"
MODAL = "replay_modal"

SEARCH = "replay_search"
RECORD = "replay_record"

PAGE_SESSIONS = 8
_FILTER = "replay_filter"
_EXAMPLE = "user:dana since:1d decision:denied"
_MOST_PAGES_BACK = 80
RECORDED = text.ours("🔎 Viewing is logged.")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where an auditor is; it travels in the modal's private metadata.

    `passed` are the last ids of the pages above, so that Newer finds its way back.
    """

    query: str
    passed: tuple[str, ...] = ()
    session: str = ""
    page: int = 0

    @property
    def before(self) -> str:
        return self.passed[-1] if self.passed else ""

    def older(self, last: str) -> Shelf:
        return replace(self, passed=(*self.passed, last)[-_MOST_PAGES_BACK:])

    def newer(self) -> Shelf:
        return replace(self, passed=self.passed[:-1])

    def opened(self, session: str) -> Shelf:
        return replace(self, session=session, page=0)

    def at(self, page: int) -> Shelf:
        return replace(self, page=max(page, 0))

    def spelt(self) -> str:
        return json.dumps([self.query, self.passed, self.session, self.page])

    @staticmethod
    def read(spelt: str) -> Shelf:
        """Raises ValueError where we did not write it."""
        match json.loads(spelt):
            case [str(query), list(passed), str(session), int(page)] if page >= 0:
                return Shelf(query, tuple(map(str, passed)), session, page)
            case _:
                raise ValueError(spelt)


def listing(
    shelf: Shelf, found: Sequence[Session], older: str, looked: Progress | None = None
) -> Block:
    """List sessions, newest first, each with a button that opens it.

    The next page begins after the id `older`; empty: there is none. `looked` is how far a search
    for a text has come.
    """
    asked = text.code(shelf.query, 300) if shelf.query else text.ours("all sessions")
    shown = [_field(shelf), blocks.context(text.ours("Filter: "), asked, RECORDED)]
    if looked:
        shown.append(blocks.context(_looked(looked)))
    shown += [_entry(session) for session in found]
    if not found:
        shown.append(blocks.section(text.ours("No session fits this filter.")))
    turns = []
    if shelf.passed:
        turns.append(Button("← Newer", NEWER, "newer"))
    if older:
        turns.append(Button("Older →", OLDER, older))
    if turns:
        shown.append(blocks.actions("replay_pages", turns))
    return _modal(shelf, shown)


def searching(shelf: Shelf, looked: Progress) -> Block:
    """Show how far a search for a text has come."""
    shown = [
        blocks.section(text.ours("Looking at what was said…")),
        blocks.context(_looked(looked)),
    ]
    return blocks.modal("Sessions", shown, callback_id=MODAL, private=shelf.spelt())


def faulty(shelf: Shelf, fault: str) -> Block:
    """Give a filter back to be mended, with what is wrong in it."""
    wrong = blocks.section(text.words(f"⚠️ {fault}", 2000))
    return _modal(shelf, [_field(shelf), wrong, blocks.context(RECORDED)])


def read_filter(view: Mapping[str, Any]) -> str:
    """Return what is typed above a list."""
    return str(view["state"]["values"][_FILTER][SEARCH].get("value") or "")


def _modal(shelf: Shelf, shown: Sequence[Block]) -> Block:
    return blocks.modal(
        "Sessions", shown, callback_id=MODAL, submit="Search", private=shelf.spelt()
    )


def _field(shelf: Shelf) -> Block:
    return blocks.search(_FILTER, SEARCH, "Filter or session id", _EXAMPLE, shelf.query)


def _looked(looked: Progress) -> Markup:
    if not looked.back_to:
        return text.ours("No session was left to look at.")
    counted = f"Looked at {looked.looked_at:,} sessions, back to "
    unread = f" {looked.unread:,} could not be read: erased or damaged." if looked.unread else ""
    more = " There may be older ones." if looked.has_more else ""
    return text.join(
        text.ours(counted),
        text.moment(looked.back_to, day=True),
        text.ours(f". {len(looked.found)} found.{unread}{more}"),
    )


def _entry(session: Session) -> Block:
    line = text.join(
        text.moment(session.started_at, day=True),
        text.bold(session.identity.name, 100),
        text.ours("→"),
        text.words(session.model or session.connection, 100),
        text.ours(f"· *{session.decision.value}*"),
        *([phrases.hooked(session.hook)] if session.hook else []),
        by=" ",
    )
    rule = session.verdict.decisive
    under = text.join(
        text.code(session.id, 60),
        *([text.ours(" · "), text.code(rule.rule, 100)] if rule else []),
    )
    button = Button("Open", OPEN, session.id)
    return blocks.section(text.join(line, under, by="\n"), button=button)
