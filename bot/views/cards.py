"""The card that a manager decides from in ten seconds. Pure: the same hold, the same card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from bot.slack import blocks, text
from bot.slack.blocks import Block, Button, Menu, Message
from bot.views import coverage, outcomes, phrases, queries
from bot.views.calls import body, words
from bot.views.calls.change_form import is_offered
from bot.views.durations import duration
from bot.views.headline import LIMIT, headline
from bot.views.quotes import passages, quotes
from bot.views.replay.lists import RECORD
from policies.approvals.grant_lengths import grant_length, grant_lengths
from policies.approvals.habits import ADVICE
from policies.calls.voting import about_calls, may_pass_task
from policies.passages.trust import trustable

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.passage import Passage
    from bot.people.approvers import Audience
    from bot.slack.text import Markup

APPROVE = "hold_approve"
GRANT = "hold_grant"
DENY = "hold_deny"
TASK = "hold_task"
DENY_CALL = "hold_deny_call"
VIEW = "hold_view"
MORE = "hold_more"
ABOUT_RULE = "hold_about_rule"
ALARM = "alarm:"
"""What an option behind the dots begins with that is about a false alarm."""
TRUST = "trust:"
"""What the option behind the dots begins with that opens the form for trusting text."""
ONCE = "once:"
"""What the option behind the dots begins with that approves one request and covers nothing."""
CHANGE = "change:"
"""What the option begins with that opens the form for changing a tool call."""
NOTED = "note:"
"""What the option begins with that approves with a note."""
LENGTH = "for:"
"""What the option begins with that approves for a length of the approver's choice."""
REVOKE = "grant_revoke"
_MOST_PASSAGES = 5
_TOOL_NAME = 30
_MOST_OTHERS = 2
# As many as Slack takes behind one row of dots.
_MOST_OPTIONS = 5


def card(
    hold: Hold,
    *,
    requester: str,
    value: str,
    audience: Audience | None = None,
    warning: str = "",
    glass: bool = False,
    habit: bool = False,
) -> Message:
    """Draw the card of a hold: what decides it above the buttons, the rest below.

    `requester` is their Slack user id, empty where they are not known in Slack. `value` is what
    the buttons carry. `audience` is whom it mentions, if anybody. `warning` is a sentence of
    ours that managers should know. `glass` says whether anybody may break it, `habit`
    whether the last requests of its rule were all approved.
    """
    drawn: list[Block] = [
        blocks.header(headline(hold)),
        *_call(hold),
        blocks.section(_who(hold, requester)),
        blocks.section(_why(hold), button=about_rule(hold, value)),
    ]
    drawn += [blocks.section(line) for line in queries.lines(hold)]
    if outcome := outcomes.outcome(hold):
        drawn.append(blocks.section(outcome, button=revoke(hold, value)))
    if votes := phrases.votes(hold):
        drawn.append(blocks.context(*votes))
    if trusted := coverage.trusted(hold):
        drawn.append(blocks.context(*trusted))
    if hold.state is HoldState.PENDING:
        drawn.append(blocks.section(_approvers(hold, audience)))
        drawn.append(blocks.actions(f"hold:{hold.id}", buttons(hold, value, glass=glass)))
        if terms := _terms(hold):
            drawn.append(blocks.context(*terms))
    drawn.append(blocks.context(*_footnotes(hold, warning, habit=habit)))
    drawn.append(_record(hold))
    return Message(_summary(hold), tuple(drawn))


def buttons(hold: Hold, value: str, *, glass: bool = False) -> list[Button | Menu]:
    """Return what a person can do about a hold that waits."""
    drawn: list[Button | Menu] = [Button("Approve", APPROVE, value, style="primary")]
    if hold.tool and may_pass_task(hold):
        tool = text.shortened(words.shown(hold.tool.tool), _TOOL_NAME)
        label = f"Approve {tool} for this task"
        drawn.append(Button(label, TASK, value, confirm=coverage.of_task(hold, tool)))
    length = grant_length(hold)
    if length is not None:
        label = f"Approve {'all such calls ' if hold.tool else ''}for {duration(length)}"
        drawn.append(Button(label, GRANT, value, confirm=coverage.covers(hold, length)))
    deny = DENY_CALL if hold.tool else DENY
    drawn.append(Button("Deny…", deny, value, style="danger"))
    more = 0 if hold.is_of_answer else len(_open_passages(hold)) - _MOST_PASSAGES
    drawn.append(Button(f"View full (+{more} more)" if more > 0 else "View full", VIEW, value))
    return [*drawn, Menu(MORE, tuple(_seldom(hold, value, glass=glass)))]


def _seldom(hold: Hold, value: str, *, glass: bool) -> list[tuple[str, str]]:
    """Return what stands behind the dots of a hold that waits."""
    what = "call" if hold.tool else "request"
    seldom = [("Change and approve…", f"{CHANGE}{value}")] if is_offered(hold) else []
    if _open_passages(hold):
        seldom.append((f"Approve only this {what}", f"{ONCE}{value}"))
    seldom.append(("Approve with a note…", f"{NOTED}{value}"))
    others = queries.option(hold, value) + ([break_glass(value)] if glass else [])
    if len(grant_lengths(hold)) > 1 and len(seldom) + len(others) < _MOST_OPTIONS:
        seldom.append(("Approve for…", f"{LENGTH}{value}"))
    return seldom + others


def about_rule(hold: Hold, value: str) -> Menu | None:
    """Return what can be said of the rule and its words, before the decision and after it.

    It has a menu of its own: one takes five options at most.
    """
    options: list[tuple[str, str]] = []
    if hold.state is HoldState.PENDING and trustable(hold):
        options.append(("Never ask about this text again…", f"{TRUST}{value}"))
    if hold.verdict.enforced:
        options.append(_false_alarm(value))
    return Menu(ABOUT_RULE, tuple(options)) if options else None


def break_glass(value: str) -> tuple[str, str]:
    """Return the option that opens the form for it."""
    return "Break glass…", value


def _false_alarm(value: str) -> tuple[str, str]:
    return "This was a false alarm…", f"{ALARM}{value}"


def revoke(hold: Hold, value: str) -> Button | None:
    """Return the button that ends the grant of a hold, as long as there is one to end."""
    if hold.granted is None or hold.granted.over:
        return None
    said = "These requests will need approval again."
    return Button("Revoke", REVOKE, value, style="danger", confirm=said)


def _summary(hold: Hold) -> Markup:
    """Write the notification line: what the headline says, and until when."""
    said = text.words(headline(hold), 2 * LIMIT)
    if hold.state is not HoldState.PENDING:
        return said
    until = text.join(text.ours(". Expires "), text.moment(hold.deadline))
    return text.join(text.ours("Approval needed: "), said, until)


def _call(hold: Hold) -> list[Block]:
    """Show the tool call that waits, what led to it, and the change that was made of it."""
    call = hold.tool
    if call is None:
        return []
    shown = [*body.call_blocks(call), *body.changed_blocks(hold)]
    ran = body.before(call)
    return [*shown, blocks.section(body.facts(call)), *([blocks.context(*ran)] if ran else [])]


def _who(hold: Hold, requester: str) -> Markup:
    who = phrases.who(hold.requester, requester)
    to = text.join(text.ours(" → "), phrases.target(hold.connection, hold.model))
    lines = [text.join(who, to)]
    if origin := phrases.origin(hold.requester.provenance):
        lines.append(origin)
    if hold.hook:
        lines.append(phrases.asked_by(hold.hook, folder=hold.tool is None))
    if hold.reason:
        lines.append(text.join(text.ours("*Their reason:* "), text.words(hold.reason, 600)))
    return text.join(*lines, by="\n")


def _why(hold: Hold) -> Markup:
    decisive = hold.verdict.decisive
    if decisive is None:
        return text.ours("No rule of the catalog is named: look at the whole request.")
    others = [fired for fired in hold.verdict.holding if fired is not decisive]
    lines, left = [], _MOST_PASSAGES
    for fired in (decisive, *others[:_MOST_OTHERS]):
        # A call that is shown as a whole holds what was found in it.
        told = hold.tool is not None and about_calls(fired) and not body.is_folded(hold.tool)
        quoted = [] if told or not left else (passages(fired, left) or quotes(fired))[:left]
        left -= len(quoted)
        lines += [text.bold(fired.title, 200) or text.code(fired.rule, 100), *quoted]
    return text.join(*(line for line in lines if line), by="\n")


def _open_passages(hold: Hold) -> list[Passage]:
    asked = [fired.question for fired in hold.verdict.holding if fired.question]
    found = {passage.name: passage for question in asked for passage in question.passages}
    return list(found.values())


def _approvers(hold: Hold, audience: Audience | None) -> Markup:
    """Say who may approve, and until when."""
    who = phrases.called(audience) if audience else phrases.approvers(hold)
    until = text.join(
        text.ours(" · auto-denied "),
        text.moment(hold.deadline, day=True),
        text.ours(" if no one responds"),
    )
    return text.join(text.ours("*Approvers:* "), who, until)


def _terms(hold: Hold) -> list[Markup]:
    """Say how many have approved, where it takes several, and what an approval covers."""
    terms = [phrases.progress(hold)] if phrases.several(hold) or hold.votes else []
    if covered := coverage.also_covers(hold):
        terms.append(covered)
    if phrases.several(hold) and may_pass_task(hold):
        terms.append(text.ours("*Approve … for this task* counts if each approver says so"))
    if hold.escalated_at is not None and hold.verdict.approval is not None:
        to = text.words(", ".join(hold.verdict.approval.escalate_to), 200)
        at = text.join(text.ours(" at "), text.moment(hold.escalated_at))
        terms.append(text.join(text.ours("📣 Escalated to "), to, at))
    if not hold.attached:
        terms.append(phrases.disconnected(hold))
    return terms


def _footnotes(hold: Hold, warning: str, *, habit: bool) -> list[Markup]:
    notes = [text.words(warning, 300)] if warning else []
    notes += [_rules(hold), phrases.marks(hold)]
    notes += [text.ours(f"💡 {ADVICE}")] if habit else []
    return [note for note in notes if note]


def _record(hold: Hold) -> Block:
    """Tell since when it has been waiting; the button opens the record, for auditors."""
    said = text.ours("The whole record, for auditors")
    if hold.state is HoldState.PENDING:
        waiting = text.join(text.ours("Waiting since "), text.moment(hold.created_at))
        said = text.join(waiting, text.ours(" · the requester can't approve"))
    return blocks.section(said, button=Button("Record", RECORD, hold.session_id))


def _rules(hold: Hold) -> Markup:
    """Tell the risk and the name of the hold; which rule decided and why; which others fired."""
    head = text.ours(f"{phrases.risk(hold)} · {phrases.name(hold)}")
    decisive = hold.verdict.decisive
    if decisive is None:
        return head
    said = text.join(head, text.ours(" · rule "), text.code(decisive.rule, 100))
    others = [
        fired.rule for fired in hold.verdict.fired if fired.enforced and fired is not decisive
    ]
    if others:
        said = text.join(said, text.ours(", also "), text.words(", ".join(others), 300))
    if hold.state is HoldState.PENDING:
        said = text.join(said, text.ours(". "), text.words(decisive.explain, 500))
    return said
