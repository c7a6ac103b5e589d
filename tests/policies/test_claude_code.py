"""`claude-code.yaml`: what Claude Code is told, by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import BadCatalog
from policies.claude_code import ClaudeCodePolicy, policy_for, settings_of
from policies.loader import load_catalog

if TYPE_CHECKING:
    from pathlib import Path

RULE = """
- id: none
  title: A prompt that nobody sends
  on: request
  when: {prompt: {words: [xyzzy]}}
  then: deny
  risk: low
  explain: Say something else.
  examples: {match: ["xyzzy"], skip: ["plugh"]}
"""
CONTRACTORS = ClaudeCodePolicy(frozenset({"contractors"}), settings={"model": "small"})
EVERYONE = ClaudeCodePolicy(hooks=True, settings={"hooks": {"Stop": ["theirs"]}})


def catalog(folder: Path, policies: str) -> Path:
    (folder / "catalog").mkdir()
    (folder / "catalog" / "rule.yaml").write_text(RULE)
    (folder / "claude-code.yaml").write_text(policies)
    return folder


def test_the_first_policy_that_fits_counts() -> None:
    both = (CONTRACTORS, EVERYONE)
    assert policy_for(both, frozenset({"contractors", "developers"})) is CONTRACTORS
    assert policy_for(both, frozenset({"developers"})) is EVERYONE
    assert policy_for((CONTRACTORS,), frozenset({"developers"})) is None


def test_our_hooks_stand_beside_those_of_the_policy() -> None:
    ours = {"hooks": {"Stop": ["ours"], "PreToolUse": ["ours"]}}
    told = settings_of(EVERYONE, ours)
    assert told == {"hooks": {"Stop": ["theirs", "ours"], "PreToolUse": ["ours"]}}
    assert settings_of(CONTRACTORS, ours) == {"model": "small"}
    assert EVERYONE.settings == {"hooks": {"Stop": ["theirs"]}}


def test_a_policy_is_part_of_the_catalog(tmp_path: Path) -> None:
    bare = load_catalog(catalog(tmp_path, "[]"))
    (tmp_path / "claude-code.yaml").write_text("- settings: {model: small}")
    loaded = load_catalog(tmp_path)
    assert loaded.claude_code == (ClaudeCodePolicy(settings={"model": "small"}),)
    assert loaded.revision != bare.revision


@pytest.mark.parametrize(
    ("policies", "fault"),
    [
        ("- settings: {model: small}\n  group: [a]", "claude-code.yaml:2: item 1.group"),
        ("- settings: {limit: 90071992547409930}", "claude-code.yaml:1: item 1.settings"),
        ("settings: {}", "claude-code.yaml:1: file: must be a list"),
        ("- hooks: maybe", "claude-code.yaml:1: item 1.hooks"),
        ("- settings: {hooks: [Stop]}", "claude-code.yaml:1: item 1.settings"),
        ("- settings: {hooks: {Stop: echo}}", "claude-code.yaml:1: item 1.settings"),
    ],
    ids=["unknown", "number", "no-list", "hooks", "hooks-list", "hooks-text"],
)
def test_faults_name_file_line_and_field(tmp_path: Path, policies: str, fault: str) -> None:
    with pytest.raises(BadCatalog) as raised:
        load_catalog(catalog(tmp_path, policies))
    assert any(told.startswith(fault) for told in raised.value.faults), raised.value.faults
