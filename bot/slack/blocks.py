"""Block Kit, as small functions that can't build what Slack refuses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bot.slack import text
from bot.slack.text import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

Block: TypeAlias = dict[str, object]

MODAL_BLOCKS = 100
MESSAGE_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class Message:
    """What one Slack message says; `summary` is its line in a notification."""

    summary: Markup
    blocks: tuple[Block, ...]

    @property
    def fingerprint(self) -> str:
        """The same for the same words, in every process."""
        spelt = json.dumps([self.summary, self.blocks], sort_keys=True)
        return hashlib.sha256(spelt.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Button:
    """`text` is our own literal; `value` comes back with the click; `url` opens a page."""

    text: str
    action_id: str
    value: str
    style: str = ""
    confirm: str = ""
    url: str = ""

    def spelt(self) -> Block:
        block: Block = {
            "type": "button",
            "text": _plain(self.text, 75),
            "action_id": self.action_id,
            # A lone surrogate could not even be sent; what is cut is not known when it comes back.
            "value": self.value.encode(errors="replace").decode()[:2000],
        }
        if self.url:
            block["url"] = self.url
        if self.style:
            block["style"] = self.style
        if self.confirm:
            block["confirm"] = {
                "title": _plain(f"{self.text}?", 100),
                "text": _plain(self.confirm, 300),
                "confirm": _plain(self.text, 30),
                "deny": _plain("Cancel", 30),
            }
        return block


@dataclass(frozen=True, slots=True)
class Menu:
    """What is seldom done, behind three dots: each option with the value that it carries."""

    action_id: str
    options: tuple[tuple[str, str], ...]

    def spelt(self) -> Block:
        options = [{"text": _plain(label, 75), "value": value} for label, value in self.options]
        return {"type": "overflow", "action_id": self.action_id, "options": options}


def header(words: str) -> Block:
    return {"type": "header", "text": _plain(words, 150)}


def section(markup: Markup, *, button: Button | Menu | None = None) -> Block:
    """`markup` is at most 3,000 long: whoever composes it sees to that."""
    block: Block = {"type": "section", "text": _mrkdwn(markup)}
    if button is not None:
        block["accessory"] = button.spelt()
    return block


def plain_section(words: str) -> Block:
    """Show outside text as it is, lines and all; what is longer than 3,000 is cut."""
    return {"type": "section", "text": _plain(words, 3000, lines=True)}


def fields(pairs: Sequence[tuple[str, Markup]]) -> Block:
    """Show up to ten named values side by side."""
    spelt = [_mrkdwn(text.ours(f"*{name}*\n{value}")) for name, value in pairs[:10]]
    return {"type": "section", "fields": spelt}


def context(*markups: Markup) -> Block:
    return {"type": "context", "elements": [_mrkdwn(markup) for markup in markups[:10]]}


def actions(block_id: str, buttons: Sequence[Button | Menu]) -> Block:
    spelt = [button.spelt() for button in buttons[:25]]
    return {"type": "actions", "block_id": block_id, "elements": spelt}


def search(block_id: str, action_id: str, label: str, example: str, value: str = "") -> Block:
    """Take a line of text that is sent as soon as its writer presses Enter.

    `value` is what it has at first.
    """
    element: Block = {
        "type": "plain_text_input",
        "action_id": action_id,
        "placeholder": _plain(example, 150),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if value:
        element["initial_value"] = value
    return {
        "type": "input",
        "block_id": block_id,
        "dispatch_action": True,
        "label": _plain(label, 2000),
        "element": element,
    }


def field(label: str, name: str, element: Block, *, optional: bool = False) -> Block:
    """Return a field of a form; what is entered comes back under its name, twice."""
    return {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": plain_text(label),
        "element": element | {"action_id": name},
    }


def text_field(
    label: str, name: str, *, limit: int, optional: bool = False, example: str = ""
) -> Block:
    """Return a field for some lines of text, of at most `limit` characters."""
    element: Block = {"type": "plain_text_input", "multiline": True, "max_length": limit}
    element |= {"placeholder": plain_text(example)} if example else {}
    return field(label, name, element, optional=optional)


def option(value: str, label: str, *, under: str = "") -> Block:
    """Return what can be chosen; `label` and `under` are cut to 75 characters."""
    spelt: Block = {"text": plain_text(text.plain_line(label, 75) or "–")}
    if under:
        spelt["description"] = plain_text(text.plain_line(under, 75) or "–")
    return spelt | {"value": value}


def plain_text(words: str) -> Block:
    return {"type": "plain_text", "text": words}


def divider() -> Block:
    return {"type": "divider"}


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str,
    submit: str = "",
    close: str = "Close",
    private: str = "",
) -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": _plain(title, 24),
        "close": _plain(close, 24),
        "blocks": list(blocks[:MODAL_BLOCKS]),
        "private_metadata": private,
    }
    if submit:
        view["submit"] = _plain(submit, 24)
    return view


def _plain(words: str, limit: int, *, lines: bool = False) -> Block:
    shown = text.plain(words, limit) if lines else text.plain_line(words, limit)
    return {"type": "plain_text", "text": shown if shown.strip() else "–", "emoji": False}


def _mrkdwn(markup: Markup) -> Block:
    # verbatim: Slack makes no link, channel or mention of words that look like one.
    return {"type": "mrkdwn", "text": markup or "–", "verbatim": True}
