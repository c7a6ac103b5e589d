"""The one filter language, for Slack, pages and terminal alike.

    user:alice since:1d decision:denied rule:no-production connection:openai repo:acme/x
    tool:Bash call:denied hook:cursor
    agent:bc-5f8e8af5-3f0a-4683-aff7-28554450e05d
    conversation:0198d2c4-77a1-7000-8000-2f6d1c0a9b3e until:2026-11-23
    model:gpt-5 client:claude-code commit:4be1c02
    approver:maria cost>0.50 cost<2 text:"drop table"
    8JYASA
    "drop table"

Words may come in any order; each at most once; all must hold. `tool:Bash call:denied` finds answers
in which a call of that tool was denied, and over MCP requests that are such a call. A value with
blanks is in quotes. A session is also found by its id, or by the last six characters of it, as
cards and messages call it. Any other word without a colon is a person, so `alice` means
`user:alice`; in quotes it is a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from app.domain.identity import Identity
from app.domain.record.session import Decision
from app.errors import BadRequest
from app.ids import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,4})([mhdw])")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_ID = re.compile(r"[0-9a-z]{6}|[0-9a-z]{26}")
WORDS = (
    *("user", "since", "until", "decision", "rule", "connection", "repo", "tool", "call"),
    *("agent", "hook", "conversation", "model", "client", "commit", "approver", "text"),
)
COMPARED = ("cost>", "cost<")
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_QUOTES = str.maketrans("“”„", '"""')
"""What Slack and word processors make of quotes."""
_AMOUNT = re.compile(r"\$?(\d{1,6}(?:\.\d{1,6})?)")
_SHORTEST_TEXT = 3


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Each empty field matches everything; `user` is an e-mail, its local part, or a name."""

    user: str = ""
    since: datetime | None = None
    until: datetime | None = None
    decision: Decision | None = None
    rule: str = ""
    connection: str = ""
    repo: str = ""
    tool: str = ""
    """In lower case: of a tool call in the answer that a rule looked at, or that the request is."""
    call: Decision | None = None
    """What became of such a call."""
    agent: str = ""
    """The id of an agent in Cursor's cloud."""
    hook: str = ""
    """The tool whose hook asked, where it is no request to a model."""
    conversation: str = ""
    """What its client calls it, or the name that the record gives it, in lower case."""
    model: str = ""
    """As the request names it, in lower case."""
    client: str = ""
    """The program that asked, in lower case, with hyphens for blanks."""
    commit: str = ""
    """The first seven characters of it or more, in lower case."""
    approver: str = ""
    """Who has voted on one of its holds, as for `user`."""
    cost_over: int | None = None
    """In millionths of a US dollar, without the amount itself."""
    cost_under: int | None = None
    text: str = ""
    """A text in what was asked or answered; case and blanks do not matter."""
    owner: Identity | None = None
    """Whose sessions alone; no word says it, but who looks."""
    voters: frozenset[str] = frozenset()
    """Names of somebody who has voted on one of its holds; no word says it, but who looks."""
    id: str = ""
    """The whole of it or its last six characters, in lower case."""


def parse_filter(text: str, now: datetime) -> SessionFilter:
    """Read a filter as a person types it.

    Raises BadRequest, naming the word that is not understood and what may stand there.
    """
    given: dict[str, str] = {}
    for name, value in _words(text):
        if name in given:
            raise BadRequest(f"“{name}” is given twice; give it once.")
        given[name] = value
    return SessionFilter(
        user=given.get("user", "").lower(),
        since=_time("since", given["since"], now) if "since" in given else None,
        until=_time("until", given["until"], now) if "until" in given else None,
        decision=_decision("decision", given["decision"]) if "decision" in given else None,
        rule=given.get("rule", ""),
        connection=given.get("connection", ""),
        repo=given.get("repo", ""),
        tool=given.get("tool", "").lower(),
        call=_decision("call", given["call"]) if "call" in given else None,
        agent=given.get("agent", ""),
        hook=given.get("hook", "").lower(),
        conversation=given.get("conversation", "").lower(),
        model=given.get("model", "").lower(),
        client=given.get("client", "").lower(),
        commit=_commit(given["commit"]) if "commit" in given else "",
        approver=given.get("approver", "").lower(),
        cost_over=_micros("cost>", given["cost>"]) if "cost>" in given else None,
        cost_under=_micros("cost<", given["cost<"]) if "cost<" in given else None,
        text=_text(given["text"]) if "text" in given else "",
        id=given.get("id", ""),
    )


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Yield each word's name and value. Raises BadRequest."""
    text = text.translate(_QUOTES)
    if text.count('"') % 2:
        raise BadRequest("A quote is not closed. Put a value with blanks in two quotes.")
    for word in _WORD.findall(text):
        name, value = _named(word)
        if name not in (*WORDS, *COMPARED, "id") or not value:
            words = ", ".join([*(f"{known}:…" for known in WORDS), *(f"{c}…" for c in COMPARED)])
            raise BadRequest(f"I don't recognize “{word}”. Use a session's id, or any of: {words}")
        yield name, value


def _named(word: str) -> tuple[str, str]:
    """Return the name and the value of a word; what has no name is a text, an id or a person."""
    bare = word.replace('"', "").strip()
    if word.startswith('"'):
        return "text", bare
    for name in (*COMPARED, *(f"{known}:" for known in (*WORDS, "id"))):
        if bare.startswith(name):
            return name.removesuffix(":"), bare.removeprefix(name).strip()
    if ":" in word:
        return "", bare
    return "id" if _names_session(bare) else "user", bare.lower()


def _names_session(word: str) -> bool:
    """Tell an id from a person's name: six small letters are rather a name."""
    return _ID.fullmatch(word.lower()) is not None and not (
        len(word) == SHORT and word.islower() and word.isalpha()
    )


def _time(word: str, value: str, now: datetime) -> datetime:
    if age := _AGE.fullmatch(value):
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        day = datetime.fromisoformat(value)
    except ValueError:
        raise BadRequest(
            f"“{word}:{value}” is not a time. Use an age (30m, 12h, 7d, 2w) or a date (2026-11-23)."
        ) from None
    return day if day.tzinfo else day.replace(tzinfo=now.tzinfo)


def _micros(word: str, value: str) -> int:
    amount = _AMOUNT.fullmatch(value)
    if amount is None:
        raise BadRequest(f"“{word}{value}” is no amount. Use US dollars, such as {word}0.50.")
    return int(Decimal(amount[1]) * 1_000_000)


def _text(value: str) -> str:
    if len(value) < _SHORTEST_TEXT:
        raise BadRequest(f"“text:{value}” is too short. Use {_SHORTEST_TEXT} characters or more.")
    return value


def _commit(value: str) -> str:
    if not _COMMIT.fullmatch(value.lower()):
        raise BadRequest(f"“commit:{value}” is no commit. Use its first seven characters, or more.")
    return value.lower()


def _decision(word: str, value: str) -> Decision:
    try:
        return Decision(value.lower())
    except ValueError:
        choices = ", ".join(decision.value for decision in Decision)
        raise BadRequest(f"“{word}:{value}” is none of: {choices}.") from None
