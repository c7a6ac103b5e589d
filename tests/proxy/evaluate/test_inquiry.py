"""A prompt has the same name through a hook as on the wire, so that people decide on it once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.domain.hook import HookEvent, HookTool
from policies.loader import load_catalog
from policies.passages.names import PassageNames
from proxy.evaluate.evaluation import Evaluation
from proxy.evaluate.inquiry import HookQuestion, examined
from proxy.inspection import Incoming, inspect
from tests.policies.made import ALICE

if TYPE_CHECKING:
    from pathlib import Path

    from app.domain.verdict import Verdict
    from policies.compiled_catalog import Catalog
    from proxy.facts import Inquiry

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAMES = PassageNames(b"key")
LONG = "Please deploy the whole shop to production tonight"
RULE = """
- id: production
  title: Production
  on: request
  when: {prompt: {words: [production]}}
  then: hold
  approval: {from: [managers]}
  explain: Because.
  examples: {match: ["production"], skip: ["staging"]}
"""
WIRES = {
    HookTool.CLAUDE_CODE: ("anthropic", "v1/messages", "messages"),
    HookTool.CODEX: ("openai", "v1/responses", "input"),
}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "detectors").mkdir()
    (tmp_path / "catalog" / "own.yaml").write_text(RULE)
    (tmp_path / "approvers.yaml").write_text("- {name: managers, slack_groups: [managers]}\n")
    return load_catalog(tmp_path)


def connection(wire: str) -> Connection:
    return Connection(wire, "https://api.example", CredentialScheme.BEARER, b"", wire)


def through_hook(
    catalog: Catalog, tool: HookTool, wire: str, prompt: str, conversation: str = "one"
) -> tuple[Inquiry, Verdict]:
    asked = Evaluation(tool, HookEvent.PROMPT, {"prompt": prompt}, conversation=conversation)
    found = examined(HookQuestion(asked, connection(wire), ALICE, NAMES), NOW, catalog)
    return found.inquiry, found.verdict


def names(verdict: Verdict) -> frozenset[str]:
    return frozenset(n for f in verdict.holding if f.question for n in f.question.names)


@pytest.mark.parametrize("tool", WIRES)
def test_a_prompt_has_the_name_and_the_kind_of_call_that_it_has_on_the_wire(
    catalog: Catalog, tool: HookTool
) -> None:
    wire, path, member = WIRES[tool]
    body = json.dumps({"model": "any", member: [{"role": "user", "content": LONG}]}).encode()
    headers = (("content-type", "application/json"),)
    incoming = Incoming(connection(wire), "POST", path, "", headers, body, ALICE, names=NAMES)
    sent = inspect(incoming, NOW, catalog)
    inquiry, verdict = through_hook(catalog, tool, wire, LONG)
    assert names(verdict) == names(sent.verdict) != frozenset()
    assert inquiry.asker(ALICE) == sent.inquiry.asker(ALICE)
    assert verdict.holding[0].question
    assert sent.verdict.holding[0].question
    assert verdict.holding[0].question.law == sent.verdict.holding[0].question.law


def test_few_words_are_approved_for_their_conversation_alone(catalog: Catalog) -> None:
    short = "to production"
    of = {
        talk: names(through_hook(catalog, HookTool.CURSOR, "cursor", short, talk)[1])
        for talk in ("one", "two")
    }
    assert of["one"] != of["two"]
    same = (through_hook(catalog, HookTool.CURSOR, "cursor", LONG, t)[1] for t in ("one", "two"))
    assert len({names(verdict) for verdict in same}) == 1


def test_nothing_around_the_content_is_judged(catalog: Catalog) -> None:
    asked = Evaluation(
        HookTool.CURSOR,
        HookEvent.TOOL_RESULT,
        {"name": "production", "arguments": {"a": "production"}, "result": "done"},
        folder="/srv/production",
        branch="production",
    )
    question = HookQuestion(asked, connection("cursor"), ALICE, NAMES)
    assert not examined(question, NOW, catalog).verdict.fired
    said = replace(asked, content={**asked.content, "result": "production is slow"})
    assert examined(replace(question, evaluation=said), NOW, catalog).verdict.holding
