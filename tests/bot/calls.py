"""Held tool calls for the tests of the bot."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.domain.passage import Passage, PassageKind
from app.domain.segment import Role
from app.domain.tool_call import HeldCall
from app.domain.verdict import Approval, CoverTerms, Question
from tests.bot.values import fired

if TYPE_CHECKING:
    from app.domain.verdict import FiredRule

COVER = CoverTerms()
COMMAND = "kubectl delete namespace staging"
BASH = HeldCall(
    "Bash",
    json.dumps({"command": COMMAND, "timeout": 120000}),
    conversation="6c1f",
    folder="/home/dana/shop",
    ask="Clean up what the load test left behind",
    before=("Bash: kubectl get namespaces", "Bash: kubectl get pods -n staging"),
)


def call(arguments: Any, tool: str = "Bash", **changes: Any) -> HeldCall:  # noqa: ANN401 - JSON, and fields to replace
    """Return a call with these arguments: JSON, or a text."""
    spelt = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return replace(BASH, tool=tool, arguments=spelt, **changes)


def cluster_rule(
    name: str = "name", *, quorum: int = 1, cover: CoverTerms | None = COVER
) -> FiredRule:
    """Return a rule that holds calls, as it fired on one."""
    passage = Passage(name, PassageKind.CALL, Role.ASSISTANT, "/calls/0")
    return fired(
        rule="cluster-deletion",
        title="Deleting in a cluster",
        explain="What is deleted in a cluster is gone for everyone.",
        excerpts=(),
        question=Question("law", Approval(("managers",), quorum), (passage,), cover),
    )
