"""The one filter language, for Slack, pages and terminal alike.

    user:alice since:1d decision:denied rule:no-production connection:openai repo:acme/x
    tool:Bash call:denied hook:cursor
    agent:bc-5f8e8af5-3f0a-4683-aff7-28554450e05d
    conversation:0198d2c4-77a1-7000-8000-2f6d1c0a9b3e until:2026-11-23
    model:gpt-5 client:claude-code commit:4be1c02
    8JYASA

Words may come in any order; each at most once; all must hold. `tool:Bash call:denied` finds answers
in which a call of that tool was denied, and over MCP requests that are such a call. A session is
also found by its id, or by the last six characters of it, as cards and messages call it. Any other
word without a colon is a person, so `alice` means `user:alice`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.identity import Identity
from app.domain.session import Decision
from app.errors import BadRequest
from app.ids import SHORT

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,4})([mhdw])")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_ID = re.compile(r"[0-9a-z]{6}|[0-9a-z]{26}")
_WORDS = (
    *("user", "since", "until", "decision", "rule", "connection", "repo", "tool", "call"),
    *("agent", "hook", "conversation", "model", "client", "commit"),
)


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
    owner: Identity | None = None
    """Whose sessions alone; no word says it, but who looks."""
    id: str = ""
    """The whole of it or its last six characters, in lower case."""


def parse_filter(text: str, now: datetime) -> SessionFilter:
    """Read a filter as a person types it.

    Raises BadRequest, naming the word that is not understood and what may stand there.
    """
    given: dict[str, str] = {}
    for word in text.split():
        name, colon, value = word.partition(":")
        if not colon:
            name, colon, value = "id" if _names_session(word) else "user", ":", word.lower()
        if name not in (*_WORDS, "id") or not colon or not value:
            words = ", ".join(f"{word}:…" for word in _WORDS)
            raise BadRequest(f"I don't recognize “{word}”. Use a session's id, or any of: {words}")
        if name in given:
            raise BadRequest(f"“{name}:” is given twice; give it once.")
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
        id=given.get("id", ""),
    )


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
