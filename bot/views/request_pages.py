"""View full: a held request, page by page. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack import blocks, text
from bot.slack.blocks import Button
from bot.views import paging, phrases
from bot.views.news import news

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.reader import Shown
    from bot.slack.blocks import Block

MODAL = "hold_view_modal"
OLDER = "view_back"
NEWER = "view_on"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a prompt a reader is; it travels in the buttons of the modal."""

    value: str
    page: int

    def spelt(self) -> str:
        return json.dumps([self.value, self.page])

    @staticmethod
    def read(spelt: str) -> Place:
        """Raises ValueError where we did not write it."""
        match json.loads(spelt):
            case [str(value), int(page)] if page >= 0:
                return Place(value, page)
            case _:
                raise ValueError(spelt)


def request_page(hold: Hold, value: str, shown: Shown) -> Block:
    """Show one page of a held prompt; `value` is the hold's id under seal."""
    head = text.join(
        text.ours("Rule "), text.code(phrases.rule_name(hold), 100), text.ours(" · to "),
        text.words(hold.model or hold.connection, 120), text.ours(" · secrets are masked"),
    )  # fmt: skip
    drawn = [
        blocks.section(head),
        _facts(hold),
        *paging.shown_blocks(shown, hold.verdict.enforced, news(hold)),
    ]
    page = shown.number
    if shown.of > 1:
        buttons = []
        if page > 0:
            buttons.append(Button("← Back", OLDER, Place(value, page - 1).spelt()))
        if page < shown.of - 1:
            buttons.append(Button("More →", NEWER, Place(value, page + 1).spelt()))
        drawn.append(blocks.context(text.ours(f"Page {page + 1} of {shown.of}")))
        drawn.append(blocks.actions("view_pages", buttons))
    return blocks.modal(f"Request {phrases.name(hold)}", drawn, callback_id=MODAL)


def _facts(hold: Hold) -> Block:
    """Show what tells one request from another, for whoever looks into it."""
    size = text.ours(f" {phrases.size(hold.body_bytes)}")
    digest = text.join(text.ours("digest "), text.code(hold.digest[:12], 40))
    catalog = text.join(text.ours("catalog "), text.code(hold.verdict.catalog_revision, 40))
    call = text.join(phrases.call(hold.method, hold.path), size)
    return blocks.context(text.join(call, digest, catalog, by=" · "))
