"""What approvers ask the requester, and the answers, wherever they are shown. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.slack import blocks, text
from bot.slack.blocks import Button, Message
from bot.views import phrases
from policies.approvals.queries import MOST, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.domain.hold import Hold, Query
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

ASK_SUBMIT = "query_ask_submit"
REPLY = "query_reply"
REPLY_SUBMIT = "query_reply_submit"
ASK = "ask:"
"""What the option behind the dots begins with that asks the requester."""
_WORDS = "words"
_QUESTION_LIMIT, _ANSWER_LIMIT = 300, 600


@dataclass(frozen=True, slots=True)
class QuestionRef:
    """A question of a hold, by its number; it travels in the button. `value` is signed."""

    value: str
    number: int

    def spelt(self) -> str:
        return json.dumps([self.value, self.number])

    @staticmethod
    def read(spelt: str) -> QuestionRef:
        """Raises ValueError where we did not write it."""
        match json.loads(spelt):
            case [str(value), int(number)]:
                return QuestionRef(value, number)
            case _:
                raise ValueError(spelt)


def option(hold: Hold, value: str) -> list[tuple[str, str]]:
    """Return the option that opens the form, as long as there is something left to ask."""
    return [("Ask the requester…", f"{ASK}{value}")] if len(hold.queries) < MOST else []


def ask_form(value: str, title: str) -> Block:
    """Ask for the question; `value` is the button's and comes back with the answer."""
    how = text.ours(
        "The requester gets your question in Slack and can reply there. Both are shown on the card "
        "and go into the record. The request keeps waiting until its deadline."
    )
    example = "For example: which cluster is this for?"
    question = blocks.text_field("Question", _WORDS, limit=_QUESTION_LIMIT, example=example)
    return blocks.modal(
        f"Ask about {title}",
        [blocks.context(how), question],
        callback_id=ASK_SUBMIT,
        submit="Ask",
        close="Cancel",
        private=value,
    )


def reply_form(spelt: str, hold: Hold, query: Query) -> Block:
    """Ask for the answer to a question; `spelt` is the button's and comes back with it."""
    how = text.ours("Your answer is shown on the card and goes into the record.")
    return blocks.modal(
        f"About {phrases.name(hold)}",
        [
            blocks.section(_question(query)),
            blocks.text_field("Your answer", _WORDS, limit=_ANSWER_LIMIT),
            blocks.context(how),
        ],
        callback_id=REPLY_SUBMIT,
        submit="Send",
        close="Cancel",
        private=spelt,
    )


def read_question(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Read the form as Slack sends its `state.values`."""
    return str(values[_WORDS][_WORDS].get("value") or "").strip()[:_QUESTION_LIMIT]


def read_answer(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Read the form as Slack sends its `state.values`."""
    return str(values[_WORDS][_WORDS].get("value") or "").strip()[:_ANSWER_LIMIT]


def lines(hold: Hold) -> list[Markup]:
    """Tell each question with its answer, for those who decide and for the record."""
    return [
        text.join(_question(query), text.ours("\n"), _answer(query, still=unanswered(hold)))
        for query in hold.queries
    ]


def count(hold: Hold) -> Markup:
    """Tell how many questions there are, where there is no room for them; empty for none."""
    done = sum(query.answered_at is not None for query in hold.queries)
    asked = len(hold.queries)
    questions = "1 question" if asked == 1 else f"{asked} questions"
    return text.ours(f"💬 {questions}, {done} answered: see the card" if asked else "")


def to_answer(hold: Hold, value: str) -> Iterator[Block]:
    """Tell the requester each question; what they can still answer has a button."""
    for number, query in enumerate(hold.queries):
        if query.answered_at or not unanswered(hold):
            told = text.join(_question(query), text.ours("\n"), _answer(query, still=False))
            yield blocks.section(told)
        else:
            button = Button("Reply", REPLY, QuestionRef(value, number).spelt(), style="primary")
            yield blocks.section(_question(query), button=button)


def calls(hold: Hold, requester: str) -> Iterator[tuple[str, Message]]:
    """Call the requester to each question that is open, by the name of its notice."""
    if not unanswered(hold):
        return
    for number, query in enumerate(hold.queries):
        if not query.answered_at:
            said = text.join(
                text.mention(requester),
                text.ours(f", about {phrases.name(hold)}: "),
                _question(query),
                text.ours("\nPress *Reply* in the message above."),
            )
            yield f"query{number}:{hold.id}", Message(said, (blocks.section(said),))


def answers(hold: Hold) -> Iterator[tuple[str, Message]]:
    """Tell whoever asked that there is an answer, by the name of its notice."""
    for number, query in enumerate(hold.queries):
        if query.answered_at:
            said = text.join(
                text.mention(query.by.slack_user), text.ours(" "), _answer(query, still=False)
            )
            yield f"answer{number}", Message(said, (blocks.section(said),))


def _question(query: Query) -> Markup:
    who = text.mention(query.by.slack_user)
    return text.join(text.ours("💬 "), who, text.ours(" asks: "), text.words(query.text, 600))


def _answer(query: Query, *, still: bool) -> Markup:
    if query.answered_at is None:
        return text.ours("_No answer yet._" if still else "_Not answered._")
    at = text.join(text.ours(" at "), text.moment(query.answered_at))
    lead = text.join(text.ours("↳ The requester answered"), at, text.ours(": "))
    return text.join(lead, text.words(query.answer, 1200))
