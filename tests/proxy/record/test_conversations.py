"""A request is put into its conversation by the first thing that names one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from policies.passages.names import PassageNames
from proxy.record.conversations import conversation_name, conversation_of
from tests.policies.made import ALICE, JOB

if TYPE_CHECKING:
    from app.wire.base import Json

NAMES = PassageNames(b"key")
SESSION = "0198d2c4-77a1-7000-8000-2f6d1c0a9b3e"


@pytest.mark.parametrize(
    ("headers", "body", "source", "name"),
    [
        ({"abeyance-conversation": "c1", "session-id": "s"}, {}, "abeyance-conversation", "c1"),
        ({"x-claude-code-session-id": SESSION}, {}, "x-claude-code-session-id", SESSION),
        (
            {},
            {"metadata": {"user_id": f"user_1_account__session_{SESSION}"}},
            "metadata.user_id",
            SESSION,
        ),
        (
            {},
            {"metadata": {"user_id": json.dumps({"session_id": SESSION})}},
            "metadata.user_id",
            SESSION,
        ),
        ({}, {"metadata": {"thread_id": "t1"}}, "metadata.thread_id", "t1"),
        ({}, {"conversation": {"id": "conv_1"}}, "conversation", "conv_1"),
        ({}, {"prompt_cache_key": "k1", "conversation": 7}, "prompt_cache_key", "k1"),
    ],
    ids=["ours", "claude", "claude-old", "claude-new", "metadata", "responses", "codex"],
)
def test_it_is_named_by_what_says_it_best(
    headers: dict[str, str], body: Json, source: str, name: str
) -> None:
    found = conversation_of(tuple(headers.items()), body, ALICE, NAMES, str)
    assert found is not None
    assert (found.source, found.name) == (source, name)
    # A hook that names the same conversation is in it.
    assert found.id == conversation_name(NAMES, name)


@pytest.mark.parametrize(
    "body",
    [None, [], {"metadata": {"user_id": "alice"}}, {"metadata": {"user_id": "{"}}, {"metadata": 1}],
    ids=["none", "list", "user", "broken", "number"],
)
def test_what_names_no_conversation_is_in_none(body: Json) -> None:
    assert conversation_of((), body, ALICE, NAMES, str) is None


def test_a_ci_job_is_in_the_conversation_of_its_run() -> None:
    assert JOB.provenance is not None
    job = replace(JOB, provenance=replace(JOB.provenance, run="42"))
    found = conversation_of((), {}, job, NAMES, str)
    assert found is not None
    assert found.source == "CI run"


def test_agents_within_a_conversation_are_told_apart_and_names_are_masked() -> None:
    headers = (
        ("x-claude-code-session-id", SESSION),
        ("x-claude-code-agent-id", "scout"),
        ("x-claude-code-parent-agent-id", "main"),
    )
    found = conversation_of(headers, {}, ALICE, NAMES, lambda text: f"<{text}>")
    assert found is not None
    assert (found.name, found.agent, found.parent) == (f"<{SESSION}>", "<scout>", "<main>")
