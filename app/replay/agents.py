"""Which agents took part in a conversation, and which of them started which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.record.session import Session

MAIN = "main"
"""How the agent is called that no header names: the one that a person talks to."""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent with the agents that it started, in the order of their first turns."""

    name: str
    turns: tuple[str, ...]
    """The ids of its sessions; none of one that is only named as who started another."""
    started: tuple[Agent, ...] = ()


def agents_of(sessions: Iterable[Session]) -> tuple[Agent, ...]:
    """Return the agents that no other one started, as a tree; sessions come oldest first.

    Clients may claim any name. Of agents that claim to have started each other, the one that came
    last counts as started by no one.
    """
    turns: dict[str, list[str]] = {}
    parents: dict[str, str] = {}
    for session in sessions:
        talk = session.conversation
        if talk is None:
            continue
        name = talk.agent or MAIN
        turns.setdefault(name, []).append(session.id)
        parent = (talk.parent or MAIN) if talk.agent else ""
        if parent and name not in parents and not _starts(name, parent, parents):
            parents[name] = parent
    # Of an agent that is known only as who started another, nothing is known but its name.
    for parent in list(parents.values()):
        turns.setdefault(parent, [])
    return tuple(_tree(name, turns, parents) for name in turns if name not in parents)


def _starts(name: str, other: str, parents: dict[str, str]) -> bool:
    """Whether one agent is another, or started it, or one of those that did."""
    while other != name and other in parents:
        other = parents[other]
    return other == name


def _tree(name: str, turns: dict[str, list[str]], parents: dict[str, str]) -> Agent:
    started = tuple(_tree(one, turns, parents) for one in turns if parents.get(one) == name)
    return Agent(name, tuple(turns[name]), started)
