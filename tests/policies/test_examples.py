"""The worked policies of the guide: each loads, does what its examples say, and decides."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.domain.tool_call import ToolCall
from app.domain.verdict import Action
from policies.calls.judge import judge_call, watch
from policies.decide import decide
from policies.loader import SHIPPED, load_catalog
from policies.passages.names import UNKEYED
from policies.rehearse import check
from tests.policies.made import ALICE, AWS_KEY, JOB, facts

if TYPE_CHECKING:
    from pathlib import Path

    from app.domain.identity import Identity
    from app.domain.segment import Facts
    from policies.compiled_catalog import Catalog

EXAMPLES = sorted((SHIPPED / "examples").glob("*.yaml"))
NIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
WEEKEND = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _catalog(tmp_path: Path, name: str) -> Catalog:
    (tmp_path / "catalog").mkdir()
    (source,) = (path for path in EXAMPLES if name in path.name)
    shutil.copy(source, tmp_path / "catalog")
    return load_catalog(tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_worked_policy_does_what_its_examples_say(tmp_path: Path, path: Path) -> None:
    assert [fault for fault in check(_catalog(tmp_path, path.name)) if "rule" in fault] == []


_BRANCH = replace(JOB, provenance=replace(JOB.provenance, ref="refs/heads/x"))  # type: ignore[type-var]
_IMAGE = replace(facts("see"), prompt=replace(facts("see").prompt, uninspected=("/0",)))


@pytest.mark.parametrize(
    ("name", "asked", "identity", "now", "action"),
    [
        ("01", facts("restart prod-db"), JOB, DAY, Action.HOLD),
        ("01", facts("restart prod-db"), ALICE, DAY, Action.ALLOW),
        ("02", facts(AWS_KEY), ALICE, DAY, Action.MASK),
        ("03", facts("-----BEGIN PRIVATE KEY-----"), ALICE, DAY, Action.DENY),
        ("04", facts("to bob@example.com"), ALICE, DAY, Action.MASK),
        ("05", facts("hello"), JOB, DAY, Action.ALLOW),
        ("05", facts("hello"), _BRANCH, DAY, Action.HOLD),
        ("05", facts("hello"), ALICE, DAY, Action.ALLOW),
        ("06", facts("hello"), ALICE, NIGHT, Action.HOLD),
        ("06", facts("hello"), ALICE, DAY, Action.ALLOW),
        ("06", facts("hello", model="small"), ALICE, NIGHT, Action.ALLOW),
        ("07", facts("word " * 80_001), ALICE, DAY, Action.HOLD),
        ("07", facts("word"), ALICE, DAY, Action.ALLOW),
        ("08", _IMAGE, ALICE, DAY, Action.DENY),
        ("08", facts("see"), ALICE, DAY, Action.ALLOW),
        ("10", facts("drop table users"), ALICE, DAY, Action.ALLOW),
    ],
)
def test_a_worked_policy_decides_as_the_guide_says(
    tmp_path: Path, name: str, asked: Facts, identity: Identity, now: datetime, action: Action
) -> None:
    assert decide(asked, identity, _catalog(tmp_path, name), now).action is action


@pytest.mark.parametrize(
    ("name", "connection", "tool", "arguments", "now", "action"),
    [
        ("11", "review-1", "Edit", {"file_path": "a"}, DAY, Action.DENY),
        ("11", "openai", "Edit", {"file_path": "a"}, DAY, Action.ALLOW),
        ("11", "review-1", "Bash", {"command": "git diff main"}, DAY, Action.ALLOW),
        ("11", "review-1", "Bash", {"command": "git push"}, DAY, Action.HOLD),
        ("12", "openai", "Bash", {"command": "ssh prod-db"}, WEEKEND, Action.HOLD),
        ("12", "openai", "Bash", {"command": "ssh prod-db"}, DAY, Action.ALLOW),
        ("13", "openai", "mcp__db__query", {"sql": "update a set b = 1"}, DAY, Action.HOLD),
        ("13", "openai", "mcp__db__query", {"sql": "drop table a"}, DAY, Action.DENY),
        ("13", "openai", "mcp__db__query", {"sql": "select 1"}, DAY, Action.ALLOW),
    ],
)
def test_a_worked_policy_decides_on_tool_calls_as_the_guide_says(
    tmp_path: Path,
    name: str,
    connection: str,
    tool: str,
    arguments: dict[str, str],
    now: datetime,
    action: Action,
) -> None:
    asked = replace(facts(), connection=connection)
    call = ToolCall(tool, json.dumps(arguments))
    judged = judge_call(call, asked, ALICE, now, UNKEYED, _catalog(tmp_path, name))
    assert judged.verdict.action is action


def test_during_the_freeze_calls_are_released_together(tmp_path: Path) -> None:
    call = ToolCall("Bash", '{"command": "ssh prod-db"}')
    catalog = _catalog(tmp_path, "12")
    judged = judge_call(call, facts(), ALICE, WEEKEND, UNKEYED, catalog)
    watching = watch(catalog, facts(), ALICE, WEEKEND)
    assert watching is not None
    assert watching.together
    assert judged.verdict.approval is not None
    assert judged.verdict.approval.quorum == 2


def test_an_answer_that_names_the_unannounced_project_ends_there(tmp_path: Path) -> None:
    masking = _catalog(tmp_path, "09").answer_masking(facts(), ALICE, "", DAY)
    assert masking.whole("as part of Project Bluebird we") == "as part of "
    assert masking.denied is not None


def test_a_rule_in_shadow_is_told_and_not_acted_on(tmp_path: Path) -> None:
    verdict = decide(facts("drop table users"), ALICE, _catalog(tmp_path, "10"), DAY)
    assert [(fired.rule, fired.enforced) for fired in verdict.fired] == [
        ("database-statements", False)
    ]
