"""Which of Cursor's cloud agents a call is about, by its path and by what it answers.

>>> called("GET", "v1/agents/bc-1/runs/run-2/stream")
Called(version='v1', agent='bc-1', run='run-2', what='stream')
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.wire.base import Json

_CALL = re.compile(
    r"(?:^|/)(?P<version>v[01])/agents(?:/(?P<agent>[^/]+)"
    r"(?:/runs(?:/(?P<run>[^/]+)(?:/(?P<of_run>[^/]+))?)?|/(?P<of_agent>.+))?)?$",
    re.IGNORECASE,
)
_LISTED = ("items", "agents")
_NEXT = "nextCursor"


@dataclass(frozen=True, slots=True)
class Called:
    """A call of the API, `what` in a word: what it does, or the thing that it asks for."""

    version: str
    agent: str = ""
    run: str = ""
    what: str = ""


def called(method: str, path: str) -> Called | None:
    """Return what a call is about; None where it is about no agents."""
    found = _CALL.search(path.strip("/"))
    if found is None:
        return None
    agent, run = found["agent"] or "", found["run"] or ""
    what = (found["of_run"] or found["of_agent"] or "").lower()
    if not agent:
        what = {"GET": "list", "POST": "launch"}.get(method, "")
    elif what == "followup" or (method == "POST" and not what and not run):
        what = "follow-up"
    return Called(found["version"].lower(), agent, run, what)


def started(answer: Json) -> tuple[str, str]:
    """Return the ids of the agent and of the run that an answer says were started."""
    if not isinstance(answer, dict):
        return "", ""
    agent, run = answer.get("agent"), answer.get("run")
    agent = agent if isinstance(agent, dict) else answer
    run = run if isinstance(run, dict) else {}
    return _text(run.get("agentId")) or _text(agent.get("id")), _text(run.get("id"))


def tokens_of_turn(update: Json) -> int | None:
    """Return the tokens that the end of a turn tells of in a stream; None where it tells none."""
    if not isinstance(update, dict) or update.get("type") != "turn-ended":
        return None
    return _tokens(update.get("usage"))


def tokens_of_usage(answer: Json) -> dict[str, int]:
    """Return the tokens of each run, by its id, as `…/usage` answers."""
    runs = answer.get("runs") if isinstance(answer, dict) else None
    counted = [
        (_text(run.get("id")), _tokens(run.get("usage")))
        for run in (runs if isinstance(runs, list) else [])
        if isinstance(run, dict)
    ]
    return {run: tokens for run, tokens in counted if run and tokens is not None}


def agents_listed(answer: Json) -> frozenset[str]:
    """Return the ids of the agents in a list. Raises ValueError where it is none."""
    _, agents = _listed(answer)
    return frozenset(_text(agent.get("id")) for agent in agents if isinstance(agent, dict))


def only(answer: Json, ids: frozenset[str]) -> Json:
    """Return a list with those agents alone, and where it goes on. Raises ValueError."""
    name, agents = _listed(answer)
    kept: list[Json] = [
        agent for agent in agents if isinstance(agent, dict) and _text(agent.get("id")) in ids
    ]
    more = next_page(answer)
    return {name: kept, **({_NEXT: more} if more else {})}


def next_page(answer: Json) -> str:
    """Return where a list goes on; empty where it does not."""
    return _text(answer.get(_NEXT)) if isinstance(answer, dict) else ""


def _listed(answer: Json) -> tuple[str, list[Json]]:
    found = answer if isinstance(answer, dict) else {}
    for name in _LISTED:
        agents = found.get(name)
        if isinstance(agents, list):
            return name, agents
    raise ValueError("no list of agents")


def _tokens(usage: Json) -> int | None:
    """Return what went in and what came out; what was read from a cache is part of what went in."""
    if not isinstance(usage, dict):
        return None
    counts = [usage.get(name) for name in ("inputTokens", "outputTokens")]
    numbers = [count for count in counts if type(count) is int]
    return sum(numbers) if numbers else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
