"""Several waiting requests of one person, decided together in one modal. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.slack import blocks, text
from bot.slack.blocks import Button
from bot.views import coverage, phrases, queries
from bot.views.calls.body import call_blocks
from bot.views.headline import headline
from bot.views.quotes import quotes
from policies.approvals.votes import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.domain.hold import Hold
    from bot.slack.blocks import Block

OPEN = "together_open"
SUBMIT = "together_submit"
RESULT = "together_result"
_HOLDS, _WORD, _REASON = "holds", "word", "reason"
_APPROVE, _DENY = "approve", "deny"
_REASON_LIMIT = 600
# Of a tool call, each of up to ten: its card has more.
_ROWS = 6
MOST = 10
"""As many boxes as Slack takes in one field."""
NO_REASON = {_REASON: "Please give a reason: the requester will read it."}


@dataclass(frozen=True, slots=True)
class Group:
    """The requests of one person that are waiting for the same reader; there are several.

    `value` stands for the first of them.
    """

    requester: str
    count: int
    value: str


@dataclass(frozen=True, slots=True)
class Ballot:
    """What was chosen: the values of the holds, and what is said to each of them."""

    values: tuple[str, ...]
    word: Word


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What became of one request: why the decision on it does not count, or nothing.

    `covered`: it goes on by what was approved of another request.
    """

    name: str
    why: str
    covered: bool = False


def by_requester(holds: Iterable[Hold]) -> list[list[Hold]]:
    """Return the holds of each person who has several, in their order."""
    found: dict[str, list[Hold]] = {}
    for hold in holds:
        found.setdefault(hold.requester.key, []).append(hold)
    return [theirs for theirs in found.values() if len(theirs) > 1]


def offers(groups: Sequence[Group], *, most: int = 3) -> list[Block]:
    """Offer to review what one person has waiting, for the first few of them."""
    return [
        blocks.section(
            text.join(
                text.bold(group.requester, 80),
                text.ours(f" has {group.count} requests waiting for you."),
            ),
            button=Button(f"Review {group.count} together…", OPEN, group.value),
        )
        for group in groups[:most]
    ]


def form(holds: Sequence[tuple[Hold, str]]) -> Block:
    """List the requests, each with what approving covers; each comes with its value."""
    shown = holds[:MOST]
    drawn = [block for hold, _ in shown for block in _listed(hold)]
    if more := len(holds) - len(shown):
        drawn.append(blocks.context(text.ours(f"… and {more} more: decide on these first.")))
    boxes = [blocks.option(value, _label(hold)) for hold, value in shown]
    ticked: Block = {"type": "checkboxes", "options": boxes, "initial_options": boxes}
    words = [
        blocks.option(_APPROVE, "Approve", under="As the button on each card does"),
        blocks.option(_DENY, "Deny", under="Please give a reason: the requester will read it"),
    ]
    return blocks.modal(
        "Review together",
        [
            *drawn,
            blocks.field("Decide on", _HOLDS, ticked),
            blocks.field("Decision", _WORD, {"type": "radio_buttons", "options": words}),
            blocks.text_field(
                "Reason for all of them", _REASON, limit=_REASON_LIMIT, optional=True
            ),
        ],
        callback_id=SUBMIT,
        submit="Decide",
        close="Cancel",
    )


def read(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Ballot:
    """Read the form as Slack sends its `state.values`. A decision that is not ours is a denial."""
    chosen = values[_HOLDS][_HOLDS].get("selected_options") or []
    said = (values[_WORD][_WORD].get("selected_option") or {}).get("value")
    reason = str(values[_REASON][_REASON].get("value") or "").strip()[:_REASON_LIMIT]
    word = Word(approve=said == _APPROVE, reason=reason)
    return Ballot(tuple(str(option["value"]) for option in chosen[:MOST]), word)


def result(word: Word, outcomes: Iterable[RequestOutcome]) -> Block:
    """Tell what became of each request."""
    drawn = [
        blocks.section(
            text.join(
                text.code(outcome.name, 20), text.ours(" "), text.words(_told(word, outcome), 600)
            )
        )
        for outcome in outcomes
    ]
    return blocks.modal("Review together", drawn, callback_id=RESULT)


def _told(word: Word, outcome: RequestOutcome) -> str:
    if outcome.covered:
        return "✅ Goes on: it is covered by what was approved of another request."
    if outcome.why:
        return f"⚠️ {outcome.why}"
    return "✅ Your approval counts." if word.approve else "⛔ Your denial counts."


def _listed(hold: Hold) -> list[Block]:
    decisive = hold.verdict.decisive
    lines = [
        text.join(
            text.bold(headline(hold), 300),
            text.ours(f" · {phrases.name(hold)} · {phrases.risk(hold)} · expires "),
            text.moment(hold.deadline),
        ),
        *(quotes(decisive)[:1] if decisive and not hold.is_of_answer else []),
    ]
    if hold.reason:
        lines.append(text.join(text.ours("*Their reason:* "), text.words(hold.reason, 200)))
    covers = coverage.also_covers(hold) or text.ours("Approving covers this request only")
    told = [blocks.section(text.join(*(line for line in lines if line), by="\n"))]
    told += call_blocks(hold.tool, rows=_ROWS) if hold.tool else []
    told += [blocks.section(line) for line in queries.lines(hold)]
    return [*told, blocks.context(covers), blocks.divider()]


def _label(hold: Hold) -> str:
    return f"{phrases.name(hold)} · {headline(hold)}"
