"""A session as a terminal shows it. Pure; what others wrote cannot move the cursor or hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from rich.text import Text

from app.ids import short
from app.replay.blocks import BlockKind
from app.replay.session_holds import own_hold
from bot.slack.text import clean, one_line
from proxy.replay.html import took

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.domain.hold import Hold, Vote
    from app.domain.record.original import KeptOriginal
    from app.domain.record.session import RecordedCall, Session
    from app.domain.record.session_facts import Cost
    from app.replay.blocks import Block

Json: TypeAlias = dict[str, Any]
_STYLES = {
    BlockKind.CALL: "bold cyan",
    BlockKind.RESULT: "cyan",
    BlockKind.THINKING: "dim",
    BlockKind.SETUP: "dim",
    BlockKind.ERROR: "bold red",
}
_SETUP_CHARACTERS = 300
"""Of a system prompt and of a tool's description; all of it is in --json."""


def row(session: Session) -> tuple[str, ...]:
    """Return the cells of a list: id, when, who, to, decision, rule, time, tokens and cost."""
    rule = session.verdict.decisive
    tokens, last = _tokens(session), _last(session)
    return (
        short(session.id),
        session.started_at.astimezone().strftime("%m-%d %H:%M:%S"),
        one_line(session.identity.name),
        one_line(session.model or session.connection),
        session.decision.value,
        rule.rule if rule else "",
        took(last) if last is not None else "",
        f"{tokens:,}" if tokens is not None else "",
        cost.dollars if (cost := _priced(session)) else "",
    )


def as_json(session: Session) -> Json:
    """Return what a list tells of a session, for programs."""
    origin, talk = session.origin, session.conversation
    return {
        "id": session.id,
        "started_at": session.started_at.isoformat(),
        "who": session.identity.name,
        "email": session.identity.email,
        "client": origin.client if origin else "",
        "connection": session.connection,
        "base_url": session.upstream.base_url if session.upstream else "",
        "credential": session.upstream.credential if session.upstream else "",
        "model": session.model,
        "decision": session.decision.value,
        "state": session.state.value,
        "rules": [fired.rule for fired in session.verdict.fired],
        "calls": [call_json(call) for call in _calls(session)],
        "conversation": talk.name if talk else "",
        "status": session.answer.status if session.answer else None,
        "took_ms": _last(session),
        "tokens": _tokens(session),
        "cost_micros": cost.micros if (cost := _priced(session)) else None,
    }


def facts(session: Session, holds: Sequence[Hold], mask: Callable[[str], str]) -> Text:
    """Return who asked whom, and what was decided by whom."""
    origin, there, hold = session.origin, session.upstream, own_hold(session, holds)
    told = [
        ("session", session.id),
        ("started", session.started_at.astimezone().isoformat(sep=" ", timespec="seconds")),
        ("who", f"{session.identity.name} {session.identity.email}"),
        ("client", f"{origin.client} at {origin.address}" if origin else ""),
        ("to", f"{session.connection} {session.model}"),
        ("at", f"{there.base_url}, credential {there.credential}" if there else ""),
        ("decision", f"{session.decision.value} {session.reason}"),
        ("reason", mask(hold.reason) if hold else origin.reason if origin else ""),
        ("conversation", session.conversation.name if session.conversation else ""),
        ("tokens", f"{tokens:,}" if (tokens := _tokens(session)) is not None else ""),
        (
            "cost",
            f"{cost.dollars} (list price of {cost.as_of})" if (cost := _priced(session)) else "",
        ),
        *((f"rule {fired.rule}", fired.action.value) for fired in session.verdict.fired),
        *(("tool call", line) for call in _calls(session) for line in _became(call)),
        *((_voted(vote), _said(vote, one, mask)) for one in holds for vote in one.votes),
    ]
    text = Text()
    for name, value in told:
        if line := one_line(value):
            text.append(f"{name:>14}  ", style="dim").append(f"{line}\n")
    return text


def kept(originals: Iterable[KeptOriginal]) -> Text:
    """Say which originals of what was masked are kept sealed, and for whom."""
    text = Text()
    for one in originals:
        sealed = f"{one.label}, {one.side}, {one.place}: sealed for {', '.join(one.sealed_for)}"
        text.append(f"{'original':>14}  ", style="dim").append(f"{one_line(sealed)}\n")
    return text


def lost(why: str) -> Text:
    """Say that content was changed or erased, and what to do."""
    words = f"✗ Not intact: {one_line(why)} Run `abeyance audit verify` to see all that is changed."
    return Text(f"{words}\n", style="bold red")


def _calls(session: Session) -> tuple[RecordedCall, ...]:
    return session.answer.calls if session.answer else ()


def _became(call: RecordedCall) -> Iterator[str]:
    """Yield what a call was and what became of it, then what an approver made of it."""
    by = f" by {call.by}" if call.by else ""
    waited = f" after {took(call.waited_ms)}" if call.waited_ms else ""
    rules = f" (rule {', '.join(call.rules)})" if call.rules else ""
    yield f"{call.decision.value}{by}{waited}{rules}: {call.tool} {call.arguments}"
    if call.changed:
        yield f"{call.change} {call.changed}"


def call_json(call: RecordedCall) -> Json:
    """Return what became of a tool call, for programs."""
    return {
        "tool": call.tool,
        "arguments": call.arguments,
        "changed": call.changed,
        "decision": call.decision.value,
        "rules": list(call.rules),
        "by": call.by,
        "waited_ms": call.waited_ms,
        "hold": call.hold_id,
    }


def _voted(vote: Vote) -> str:
    return "approved by" if vote.approve else "denied by"


def _said(vote: Vote, hold: Hold, mask: Callable[[str], str]) -> str:
    tool = f"({mask(hold.tool.tool)}) " if hold.tool else ""
    return f"{vote.by.name} {tool}{mask(vote.reason)}"


def said(blocks: Iterable[Block], mask: Callable[[str], str]) -> Text:
    """Return a conversation, one entry after the other."""
    text = Text()
    for block in blocks:
        style = _STYLES.get(block.kind, "bold")
        title = block.role.value if block.kind is BlockKind.TEXT else block.kind.value
        text.append(" · ".join(filter(None, (title, one_line(block.tool)))), style=style)
        words = mask(block.text)
        if block.kind is BlockKind.SETUP and len(words) > _SETUP_CHARACTERS:
            words = f"{words[:_SETUP_CHARACTERS]}…"
        lines = [clean(line) for line in words.split("\n")]
        text.append("\n").append("\n".join(f"  {line}" for line in lines)).append("\n\n")
    return text


def _tokens(session: Session) -> int | None:
    return session.answer.tokens.total if session.answer and session.answer.tokens else None


def _priced(session: Session) -> Cost | None:
    return session.answer.cost if session.answer else None


def _last(session: Session) -> int | None:
    return session.answer.timing.last if session.answer and session.answer.timing else None
