"""Catalogs with rules about tool calls, and what they say of a call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain.tool_call import ToolCall
from policies.calls.judge import JudgedCall, judge_call
from policies.passages.names import PassageNames
from tests.policies.made import ALICE, facts

if TYPE_CHECKING:
    from app.domain.identity import Identity
    from policies.compiled_catalog import Catalog

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAMES = PassageNames(b"key")


def rule(when: str, then: str = "hold", *, more: str = "", id: str = "one") -> str:  # noqa: A002
    """Return a rule about tool calls in YAML; `when` is what stands below `tool_call`."""
    approval = "  approval: {from: [managers]}\n" if then == "hold" else ""
    examples = (
        "" if "examples:" in more else "  examples: {match: [{tool: x}], skip: [{tool: y}]}\n"
    )
    return (
        f"- id: {id}\n  title: One\n  explain: Because.\n  on: response\n"
        f"  when: {{tool_call: {when}}}\n  then: {then}\n{approval}{examples}{more}"
    )


def judged(
    catalog: Catalog, tool: str, arguments: object, *, identity: Identity = ALICE
) -> JudgedCall:
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return judge_call(ToolCall(tool, written), facts("hi"), identity, NOW, NAMES, catalog)
