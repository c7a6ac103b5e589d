"""View full: a held request, page by page; of a tool call, that comes first. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack import blocks, text
from bot.slack.blocks import Button
from bot.views import paging, phrases
from bot.views.calls import body
from bot.views.news import news

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.replay.reader import Shown
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

MODAL = "hold_view_modal"
OLDER = "view_back"
NEWER = "view_on"


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Where in a prompt a reader is; it travels in the buttons of the modal."""

    value: str
    page: int

    def spelt(self) -> str:
        return json.dumps([self.value, self.page])

    @staticmethod
    def read(spelt: str) -> PagePosition:
        """Raises ValueError where we did not write it."""
        match json.loads(spelt):
            case [str(value), int(page)] if page >= 0:
                return PagePosition(value, page)
            case _:
                raise ValueError(spelt)


def request_page(hold: Hold, value: str, shown: Shown, number: int) -> Block:
    """Show one page of a hold, or the last one where there are not so many.

    `value` is the hold's id, signed; `shown` is `page_of_request` of the number.
    """
    calls = body.pages(hold)
    of = len(calls) + shown.of
    number = min(number, of - 1)
    if number < len(calls):
        name, drawn = "Tool call", [blocks.section(_head(hold)), *calls[number]]
    else:
        name, drawn = "Request", [blocks.section(_head(hold)), *_request(hold, shown)]
    if of > 1:
        buttons = []
        if number > 0:
            buttons.append(Button("← Back", OLDER, PagePosition(value, number - 1).spelt()))
        if number < of - 1:
            buttons.append(Button("More →", NEWER, PagePosition(value, number + 1).spelt()))
        drawn.append(blocks.context(text.ours(f"Page {number + 1} of {of}")))
        drawn.append(blocks.actions("view_pages", buttons))
    return blocks.modal(f"{name} {phrases.name(hold)}", drawn, callback_id=MODAL)


def page_of_request(hold: Hold, number: int) -> int:
    """Return which page of the request itself stands on a page, or the first as long as none."""
    return max(0, number - len(body.pages(hold)))


def _head(hold: Hold) -> Markup:
    to = text.join(text.ours("to "), text.words(hold.model or hold.connection, 120))
    rule = text.join(text.ours("Rule "), text.code(phrases.rule_name(hold), 100))
    aim = phrases.aim(hold) if hold.tool else to
    return text.join(rule, aim, text.ours("secrets are masked"), by=" · ")


def _request(hold: Hold, shown: Shown) -> list[Block]:
    return [_facts(hold), *paging.shown_blocks(shown, hold.verdict.enforced, news(hold))]


def _facts(hold: Hold) -> Block:
    """Show what tells one request from another, for whoever looks into it."""
    size = text.ours(f" {phrases.size(hold.body_bytes)}")
    digest = text.join(text.ours("digest "), text.code(hold.digest[:12], 40))
    catalog = text.join(text.ours("catalog "), text.code(hold.verdict.catalog_revision, 40))
    call = text.join(phrases.call(hold.method, hold.path), size)
    return blocks.context(text.join(call, digest, catalog, by=" · "))
