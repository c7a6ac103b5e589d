"""The modals around a decision. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.people.linking import Offer
from bot.slack import blocks, text
from bot.views import phrases
from policies.approvals.votes import Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.domain.hold import Hold
    from app.domain.record.mark import FalsePositive
    from app.domain.verdict import FiredRule
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

DENY_SUBMIT = "deny_submit"
GLASS_SUBMIT = "glass_submit"
ALARM_SUBMIT = "alarm_submit"
AGAIN_SUBMIT = "again_submit"
NOTE = "note"

CATEGORIES = (
    "Sensitive data",
    "Not allowed by policy",
    "Wrong model or connection",
    "Not needed",
    "Talk to me first",
    "Other",
)
CALL_CATEGORIES = (
    "Too risky",
    "Not what was asked for",
    "Wrong target",
    "Do it another way",
    "Talk to me first",
    "Other",
)
_CATEGORY, _REASON, _SHARE = "category", "reason", "share"
_RULES, _NOTE = "rules", "note"
_REASON_LIMIT = 600
_NOTE_LIMIT = 300
# As many boxes as Slack takes.
_MOST_RULES = 10


@dataclass(frozen=True, slots=True)
class _Denial:
    """How the form for a denial is worded."""

    categories: tuple[str, ...]
    told: str
    question: str
    example: str
    shared_with: str


_REQUEST = _Denial(
    CATEGORIES,
    "One denial rejects the request unless the rule requires a majority. The requester is "
    "notified and can revise and resubmit.",
    "What should they know?",
    "For example: use the staging system instead",
    "Share it with the requester",
)
_CALL = _Denial(
    CALL_CATEGORIES,
    "🤖 *The agent reads this*, and so does the requester: what you write comes in the place of "
    "the call, and the agent goes on from there. One denial is enough unless the rule requires a "
    "majority.",
    "What should the agent do instead?",
    "For example: delete only the pods of the web tier",
    "Share it with agent and requester",
)


def deny_form(value: str, title: str, *, call: bool = False) -> Block:
    """Ask for the reason; `value` is the button's and comes back with the answer.

    `call`: it is about a tool call, so that an agent reads what is written.
    """
    words = _CALL if call else _REQUEST
    options = [blocks.option(category, category) for category in words.categories]
    share = blocks.option(
        "share", words.shared_with, under="Otherwise they'll only see that it was denied."
    )
    told = text.ours(words.told)
    why: Block = {
        "type": "static_select",
        "options": options,
        "placeholder": blocks.plain_text("Choose a reason"),
    }
    return blocks.modal(
        f"Deny {title}",
        [
            blocks.context(told),
            blocks.field("Why?", _CATEGORY, why),
            blocks.text_field(
                words.question,
                _REASON,
                limit=_REASON_LIMIT,
                optional=True,
                example=words.example,
            ),
            blocks.field(
                "Visibility",
                _SHARE,
                {"type": "checkboxes", "options": [share], "initial_options": [share]},
                optional=True,
            ),
        ],
        callback_id=DENY_SUBMIT,
        submit="Deny",
        close="Cancel",
        private=value,
    )


def read_denial(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Word:
    """Read the form as Slack sends its `state.values`."""
    chosen = values[_CATEGORY][_CATEGORY].get("selected_option") or {}
    reason = values[_REASON][_REASON].get("value") or ""
    shared = values[_SHARE][_SHARE].get("selected_options") or []
    return Word(
        approve=False,
        category=str(chosen.get("value", "")),
        reason=str(reason)[:_REASON_LIMIT],
        shared=bool(shared),
    )


def glass_form(value: str, title: str) -> Block:
    """Ask why somebody releases a request alone; the answer is read by everybody."""
    loud = text.ours(
        "🚨 This releases the request *at once, on your word alone*. Your name and reason go on "
        "the card, to the audit channel and into the record."
    )
    why = blocks.text_field("Why can't this wait?", _REASON, limit=_REASON_LIMIT)
    return blocks.modal(
        f"Break glass {title}",
        [blocks.section(loud), why],
        callback_id=GLASS_SUBMIT,
        submit="Release it",
        close="Cancel",
        private=value,
    )


@dataclass(frozen=True, slots=True)
class Alarm:
    """What somebody said of the rules of a hold: `rules` by their place in `markable`."""

    rules: frozenset[int]
    note: str


def markable(hold: Hold) -> tuple[FiredRule, ...]:
    """Return the rules that can be called a false alarm: those that the card names."""
    return hold.verdict.enforced[:_MOST_RULES]


def alarm_form(value: str, title: str, hold: Hold, marks: Mapping[str, FalsePositive]) -> Block:
    """Ask which rules should not have fired; those that are marked are ticked."""
    rules = markable(hold)
    options = [
        blocks.option(str(at), fired.title or fired.rule, under=fired.rule)
        for at, fired in enumerate(rules)
    ]
    ticked = [o for o, fired in zip(options, rules, strict=True) if fired.rule in marks]
    if not marks and len(options) == 1:
        ticked = options
    what = text.ours(
        "Tick the rules that should not have fired. This decides nothing about the request; "
        "the people who maintain the rules see your report and can improve them."
    )
    told = [_marked(mark) for mark in marks.values() if any(r.rule == mark.rule for r in rules)]
    boxes: Block = {"type": "checkboxes", "options": options}
    boxes |= {"initial_options": ticked} if ticked else {}
    return blocks.modal(
        f"False alarm {title}",
        [
            blocks.section(what),
            blocks.field("Rules that were wrong here", _RULES, boxes, optional=True),
            blocks.text_field("Why was it wrong?", _NOTE, limit=_NOTE_LIMIT, optional=True),
            *([blocks.context(*told)] if told else []),
        ],
        callback_id=ALARM_SUBMIT,
        submit="Save",
        close="Cancel",
        private=value,
    )


def _marked(mark: FalsePositive) -> Markup:
    who = phrases.marked_by(mark.slack_user)
    rule = text.join(text.ours(": "), text.code(mark.rule, 100))
    note = text.join(text.ours(" – "), text.words(mark.note, 300)) if mark.note else text.ours("")
    back = text.ours(". Clear its tick to take the mark back.")
    return text.join(who, rule, note, back)


def read_alarm(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Alarm:
    """Read the form as Slack sends its `state.values`."""
    chosen = values[_RULES][_RULES].get("selected_options") or []
    note = str(values[_NOTE][_NOTE].get("value") or "")
    return Alarm(frozenset(int(option["value"]) for option in chosen), note[:_NOTE_LIMIT])


def again_form(value: str) -> Block:
    """Explain how to ask again, and take the reason that the next card shows."""
    how = text.ours(
        "Only you can send the request again, from your tool or editor: I can't resend it for "
        "you. Say here what it is for; if the same request comes within a day, its card shows "
        "your words. (Or send them yourself in the header `Abeyance-Reason`.)"
    )
    what = blocks.text_field("What is it for?", _REASON, limit=_REASON_LIMIT)
    return blocks.modal(
        "Request again",
        [blocks.section(how), what],
        callback_id=AGAIN_SUBMIT,
        submit="Keep the reason",
        close="Cancel",
        private=value,
    )


def read_reason(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Read the one text of a form as Slack sends its `state.values`."""
    return str(values[_REASON][_REASON].get("value") or "")[:_REASON_LIMIT]


def note(title: str, said: str | Offer) -> Block:
    """Tell one thing in a modal; a sentence may come from outside."""
    told = said.blocks() if isinstance(said, Offer) else (blocks.plain_section(said),)
    return blocks.modal(title, told, callback_id=NOTE)
