"""Which agent of a conversation started which, whatever a client claims."""

from __future__ import annotations

import pytest

from app.domain.record.session_facts import Conversation
from app.replay.agents import Agent, agents_of
from tests.app.storage.test_mongo import NOW, a_session


def spelled(agents: tuple[Agent, ...]) -> str:
    """Spell a tree as `main:2(explore:1)`, with the number of turns of each."""
    return " ".join(
        f"{agent.name}:{len(agent.turns)}"
        + (f"({spelled(agent.started)})" if agent.started else "")
        for agent in agents
    )


@pytest.mark.parametrize(
    ("turns", "tree"),
    [
        ((), ""),
        ((("", ""), ("", "")), "main:2"),
        ((("", ""), ("a", ""), ("b", "a"), ("a", ""), ("c", "")), "main:1(a:2(b:1) c:1)"),
        ((("b", "a"),), "a:0(b:1)"),
        ((("a", ""),), "main:0(a:1)"),
        ((("a", "b"), ("b", "c"), ("c", "a")), "c:1(b:1(a:1))"),
        ((("a", "a"), ("main", "main")), "a:1 main:1"),
        ((("a", "b"), ("a", "c")), "b:0(a:2)"),
    ],
)
def test_agents_are_a_tree_by_who_started_whom(
    turns: tuple[tuple[str, str], ...], tree: str
) -> None:
    talks = [Conversation("id", "talk", "header", agent, parent) for agent, parent in turns]
    sessions = [a_session(NOW), *(a_session(NOW, conversation=talk) for talk in talks)]
    assert spelled(agents_of(sessions)) == tree
