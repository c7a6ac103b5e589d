"""The modals in which an approver says more than yes: a note, or for how long. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.slack import blocks, text
from bot.views import coverage, phrases
from bot.views.durations import duration
from policies.approvals.grant_lengths import grant_length, grant_lengths
from policies.approvals.votes import Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.domain.hold import Hold
    from bot.slack.blocks import Block

NOTE_SUBMIT = "approve_note_submit"
LENGTH_SUBMIT = "approve_for_submit"
_NOTE, _LENGTH = "note", "length"
_NOTE_LIMIT = 600


def note_form(value: str, title: str) -> Block:
    """Ask for the note; `value` is the button's and comes back with the answer."""
    how = text.ours(
        "This approves the request as *Approve* does. The note is shown on the card, in the "
        "requester's message and in the record."
    )
    example = "For example: only the web tier, and not before 6 PM"
    return blocks.modal(
        f"Approve {title}",
        [blocks.context(how), blocks.text_field("Note", _NOTE, limit=_NOTE_LIMIT, example=example)],
        callback_id=NOTE_SUBMIT,
        submit="Approve",
        close="Cancel",
        private=value,
    )


def length_form(value: str, hold: Hold) -> Block:
    """Offer each length that the rules of a hold allow; there is one at least."""
    lengths = grant_lengths(hold)
    options = [blocks.option(_spelt(length), duration(length)) for length in lengths]
    usual = grant_length(hold)
    element: Block = {"type": "radio_buttons", "options": options}
    element["initial_option"] = options[lengths.index(usual) if usual else 0]
    return blocks.modal(
        f"Approve {phrases.name(hold)}",
        [
            blocks.plain_section(coverage.covers(hold)),
            blocks.field("For how long?", _LENGTH, element),
            blocks.text_field("Note", _NOTE, limit=_NOTE_LIMIT, optional=True),
        ],
        callback_id=LENGTH_SUBMIT,
        submit="Approve",
        close="Cancel",
        private=value,
    )


def read_note(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Word:
    """Read the form as Slack sends its `state.values`."""
    return Word(approve=True, reason=_note(values))


def read_length(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Word:
    """Read the form as Slack sends its `state.values`. What is no length of ours is none."""
    chosen = str((values[_LENGTH][_LENGTH].get("selected_option") or {}).get("value", ""))
    seconds = int(chosen) if chosen.isdecimal() and len(chosen) < 9 else 0
    length = timedelta(seconds=seconds or -1)
    return Word(approve=True, grant=True, length=length, reason=_note(values))


def _note(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    return str(values[_NOTE][_NOTE].get("value") or "")[:_NOTE_LIMIT]


def _spelt(length: timedelta) -> str:
    return str(int(length.total_seconds()))
