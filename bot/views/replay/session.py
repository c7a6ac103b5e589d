"""One session: what it was, who decided why, and page by page what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.domain.hold import Hold
from app.domain.hook import HookEvent
from app.domain.record.mark import FalsePositive
from app.domain.record.session import Decision, SessionState
from app.ids import short
from app.replay.trail import Step
from bot.slack import blocks, text
from bot.slack.blocks import Button
from bot.views import outcomes, paging, phrases, queries
from bot.views.calls import words
from bot.views.quotes import quotes
from bot.views.replay.calls import replayed_calls
from bot.views.replay.lists import MODAL, RECORDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.record.session import CloudRun, RecordedAnswer, Session
    from app.domain.verdict import FiredRule
    from app.replay.reader import Shown
    from bot.slack.blocks import Block
    from bot.slack.text import Markup
    from bot.views.replay.lists import Shelf

BACK = "replay_back"
FORWARD = "replay_forward"
FIRST = "replay_first"
LAST = "replay_last"
LIST = "replay_list"
IN_BROWSER = "replay_in_browser"
MARK = "replay_mark"
UNMARK = "replay_unmark"
EXPORT = "replay_export"

_MOST_HOLDS = 5
_MOST_STEPS = 30
_STEPS_TOGETHER = 10
_ASKS = {
    HookEvent.PROMPT: "Prompt. ",
    HookEvent.TOOL_CALL: "Tool call. ",
    HookEvent.TOOL_RESULT: "Result of a tool. ",
    HookEvent.READ: "File. ",
}


@dataclass(frozen=True, slots=True)
class SessionDecisions:
    """What became of a session: its holds, what people called a false alarm, and the trail."""

    holds: tuple[Hold, ...] = ()
    marks: Mapping[str, FalsePositive] = field(default_factory=dict)
    """By rule."""
    trail: tuple[Step, ...] = ()
    reason: str = ""
    """Why they asked, masked."""


def replayed(
    shelf: Shelf,
    session: Session,
    decided: SessionDecisions,
    shown: Shown,
    page_url: str = "",
) -> Block:
    """Show one page of a session; before the first what it was, and the decisions.

    `page_url` is its page in a browser.
    """
    drawn: list[Block] = []
    if shown.number == 0:
        drawn += [*_overview(session), *_asked(session, decided.reason)]
        drawn += [*_rules(session, decided.marks), *_votes(decided.holds)]
        drawn += [*replayed_calls(session), *_trail(decided.trail)]
        drawn.append(blocks.divider())
    drawn += paging.shown_blocks(shown)
    # What an answer says has no place in the request.
    answered = shown.pending or shown.lost or any(not part.turn.place for part in shown.page)
    if shown.number == shown.of - 1 and session.answer is not None and not answered:
        drawn.append(blocks.section(text.ours("The answer has no text.")))
    at = text.ours(f"Page {shown.number + 1} of {shown.of}")
    drawn.append(blocks.context(at, RECORDED))
    drawn.append(blocks.actions("replay_turns", _turns(shown.number, shown.of, page_url)))
    here = replace(shelf, page=shown.number)
    title = f"Session {short(session.id)}"
    return blocks.modal(title, drawn, callback_id=MODAL, private=here.spelt())


def _turns(page: int, pages: int, url: str) -> list[Button]:
    buttons = []
    if page > 1:
        buttons.append(Button("First page", FIRST, "0"))
    if page > 0:
        buttons.append(Button("← Back", BACK, str(page - 1)))
    if page < pages - 1:
        buttons.append(Button("More →", FORWARD, str(page + 1)))
    if page < pages - 2:
        buttons.append(Button("Last page", LAST, str(pages - 1)))
    if url:
        buttons.append(Button("Open in browser", IN_BROWSER, "open", url=url))
    buttons.append(Button("Export", EXPORT, "export"))
    return [*buttons, Button("All sessions", LIST, "list")]


def _overview(session: Session) -> list[Block]:
    request = phrases.call(session.request.method, session.request.path)
    if session.hook:
        request = text.join(text.ours(_ASKS[session.hook.event]), phrases.asked_by(session.hook))
    return [
        blocks.header(f"{session.decision.value.capitalize()} · {session.identity.name}"),
        blocks.fields(
            [
                ("Who", phrases.who(session.identity, "")),
                ("From", phrases.origin(session.identity.provenance) or text.ours("unknown")),
                ("To", phrases.target(session.connection, session.model)),
                ("Request", request),
                ("Started", text.moment(session.started_at, day=True)),
                ("Answer", _answer(session)),
                ("State", text.ours(session.state.value)),
                ("Digest", text.code(session.request.digest[:16], 40)),
                *_spent(session.answer),
                *([("Cloud agent", _cloud(session.cloud))] if session.cloud else []),
            ]
        ),
    ]


def _asked(session: Session, reason: str) -> list[Block]:
    """Tell why they asked, by which rules it was judged, and which grants let it pass."""
    said = [text.join(text.ours("*Their reason:* "), text.words(reason, 600))] if reason else []
    if session.grants:
        ids = text.join(*(text.code(grant, 60) for grant in session.grants[:5]), by=" ")
        said.append(text.join(text.ours("*Passed by grants:* "), ids))
    revision = text.code(session.verdict.catalog_revision[:16] or "unknown", 40)
    return [
        *map(blocks.section, said),
        blocks.context(text.join(text.ours("Catalog revision "), revision)),
    ]


def _trail(steps: Sequence[Step]) -> list[Block]:
    """Tell what the ledger says of it, a line each: the first and the last where it is long."""
    if len(steps) > _MOST_STEPS:
        steps = [*steps[: _MOST_STEPS // 2], *steps[-_MOST_STEPS // 2 :]]
    lines = [
        text.join(
            text.moment(step.at, day=True),
            text.bold(step.words, 80),
            text.words(step.details, 120),
            by=" ",
        )
        for step in steps
    ]
    grouped = [lines[at : at + _STEPS_TOGETHER] for at in range(0, len(lines), _STEPS_TOGETHER)]
    drawn = [blocks.section(text.join(*group, by="\n")) for group in grouped]
    return [blocks.section(text.ours("*Decision trail*")), *drawn] if drawn else []


def _spent(answer: RecordedAnswer | None) -> list[tuple[str, Markup]]:
    """Return how many tokens were used and what they cost, as far as that is known."""
    fields: list[tuple[str, Markup]] = []
    if answer and answer.tokens and answer.tokens.total is not None:
        fields.append(("Tokens", text.ours(f"{answer.tokens.total:,}")))
    if answer and (cost := answer.cost):
        fields.append(("Cost", text.ours(f"{cost.dollars} (list price of {cost.as_of})")))
    return fields


def _cloud(cloud: CloudRun) -> Markup:
    """Name the agent and the run in Cursor's cloud, and what the run took."""
    named = text.words(" · ".join(filter(None, (cloud.agent, cloud.run))), 200)
    if cloud.tokens is None:
        return named
    return text.join(named, text.ours(f"{cloud.tokens:,} tokens"), by="\n")


def _answer(session: Session) -> Markup:
    answer = session.answer
    if answer is None:
        line = text.ours(_no_answer(session))
        return text.join(line, text.words(session.reason, 300), by="\n") if session.reason else line
    parts = [f"{answer.status}", phrases.size(answer.body_bytes), f"{answer.masked} masked"]
    if (timing := answer.timing) and timing.upstream is not None:
        parts.append(f"the model began after {timing.upstream / 1000:.2f} s")
        if timing.sent is not None and timing.last is not None:
            parts.append(f"took {(timing.last - timing.sent) / 1000:.2f} s")
    line = text.ours(" · ".join(parts))
    if session.hook:
        line = text.ours("told to the hook; whether the agent obeyed is not known")
    why = answer.error or session.reason
    return text.join(line, text.words(why, 300), by="\n") if why else line


def _no_answer(session: Session) -> str:
    match session.state:
        case SessionState.OPEN if session.decision is Decision.PENDING:
            return "none yet: nothing was sent to the model"
        case SessionState.OPEN:
            return "none yet"
        case SessionState.INDETERMINATE:
            return "none seen: the request may have reached the model"
        case SessionState.CLOSED:
            return "none: nothing was sent to the model"


def _rules(session: Session, marks: Mapping[str, FalsePositive]) -> list[Block]:
    asked = {fired.rule: _rule(fired) for fired in session.verdict.fired}
    return [
        blocks.section(
            text.join(asked.get(rule) or _on_answer(rule, session), _marked(marks.get(rule))),
            button=Button("Undo false alarm", UNMARK, rule)
            if rule in marks
            else Button("Mark as a false alarm", MARK, rule),
        )
        for rule in session.fired_rules[:10]
    ]


def _marked(mark: FalsePositive | None) -> Markup:
    if mark is None:
        return text.ours("")
    note = text.join(text.ours(": "), text.words(mark.note, 300)) if mark.note else text.ours("")
    return text.join(text.ours("\n✗ "), phrases.marked_by(mark.slack_user), note)


def _on_answer(rule: str, session: Session) -> Markup:
    on_text = session.answer is not None and rule in session.answer.rules
    where = " fired on the answer" if on_text else " fired on a tool call in the answer"
    return text.join(text.ours("Rule "), text.code(rule, 100), text.ours(where))


def _rule(fired: FiredRule) -> Markup:
    mode = "" if fired.enforced else " (shadow)"
    head = text.join(
        text.ours("Rule "), text.code(fired.rule, 100),
        text.ours(f" asked to {fired.action.value}{mode}: "),
        text.words(fired.explain or fired.title, 600),
    )  # fmt: skip
    return text.join(head, *quotes(fired), by="\n")


def _votes(holds: Sequence[Hold]) -> list[Block]:
    return [section for hold in holds[:_MOST_HOLDS] for section in _voted(hold)]


def _voted(hold: Hold) -> list[Block]:
    lines = [
        text.join(
            text.ours("👍 " if vote.approve else "👎 "),
            phrases.voter(vote),
            text.ours(" "),
            text.code(vote.by.email, 120),
            text.ours(" at "),
            text.moment(vote.at, day=True),
            phrases.reason(vote, text.ours(": ")),
        )
        for vote in hold.votes[:5]
    ]
    outcome = outcomes.outcome(hold) or text.ours("waits for a decision")
    call = [text.words(words.shown(hold.tool.tool), 100)] if hold.tool else []
    head = text.join(text.ours(f"*Hold {phrases.name(hold)}*"), *call, outcome, by=" · ")
    return [blocks.section(line) for line in (head, *lines, *queries.lines(hold))]
