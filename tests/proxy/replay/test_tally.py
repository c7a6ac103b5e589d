"""What is kept of the counts of an hour: names of the catalog, few of each kind, and no content."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from app.domain.identity import Provenance
from app.domain.record.session import RecordedAnswer
from app.domain.record.session_facts import Tokens
from app.domain.verdict import Action, Verdict
from policies.decide import decide
from policies.loader import load_catalog
from proxy.replay.dashboard.tally import OTHERS, Tally
from tests.app.storage.test_mongo import a_session
from tests.bot.values import fired
from tests.policies.made import ALICE, AWS_KEY, facts

if TYPE_CHECKING:
    from pathlib import Path

    from app.domain.record.session import Session
    from policies.compiled_catalog import Catalog

NOW = datetime(2026, 11, 30, 20, 40, tzinfo=UTC)
TITLE = "[CONFIDENTIAL: layoffs of Bob Smith]"
RULES = r"""
- id: keys
  title: Keys
  on: request
  when: {prompt: {detectors: [aws-access-key-id]}}
  then: mask
  explain: Leave keys out.
  examples: {match: [AKIAQZ7KW3MHT5VJ2RBX], skip: [AKIA]}
- id: confidential
  title: Confidential
  on: request
  when: {prompt: {regex: ['\[CONFIDENTIAL[^\]]{0,80}\]']}}
  then: %s
  explain: Leave it out.
  examples: {match: ['[CONFIDENTIAL]'], skip: [confidential, open]}
"""
MOST_OF_A_DAY = 8 << 20
"""Bytes: half of what MongoDB takes for a document."""


def catalog(folder: Path, then: str) -> Catalog:
    (folder / "catalog").mkdir()
    (folder / "catalog" / "own.yaml").write_text(RULES % then, encoding="utf-8")
    return load_catalog(folder)


def counted(*sessions: Session, labels: frozenset[str] = frozenset()) -> Tally:
    tally = Tally()
    tally.add(sessions, (), labels)
    tally.shorten()
    return tally


@pytest.mark.parametrize("then", ["deny", "mask"])
def test_what_was_masked_is_counted_by_labels_and_without_words_of_the_text(
    tmp_path: Path, then: str
) -> None:
    loaded = catalog(tmp_path, then)
    said = facts(f"[see here] {AWS_KEY} of {TITLE}")
    verdict = decide(said, ALICE, loaded, NOW)
    assert {rule.rule for rule in verdict.enforced} >= {"keys", "confidential"}
    tally = counted(a_session(NOW, verdict=verdict), labels=loaded.labels)
    kept = {"confidential"} if then == "mask" else set()
    assert {label.strip("[]") for label in tally.masked} - kept == {"aws-access-key-id"}
    assert kept <= {label.strip("[]") for label in tally.masked}
    assert b"Bob" not in msgspec.json.encode(tally)


def test_a_matched_text_in_brackets_is_no_label_whatever_its_rule_did() -> None:
    of_text = replace(fired(action=Action.MASK).excerpts[0], words=f"[aws] {TITLE}")
    for action in Action:
        verdict = Verdict(action, (fired(action=action, excerpts=(of_text,)),), "r1")
        tally = counted(a_session(NOW, verdict=verdict), labels=frozenset({"[aws]"}))
        assert tally.masked == ({"[aws]": 1} if action is Action.MASK else {})


def named(number: int) -> Session:
    """Return a session with names of its own, as long as a client may send them."""
    name = f"{number}" + "\x01" * 100_000
    made = a_session(NOW, model=name)
    who = replace(made.identity, groups=frozenset({name}), provenance=Provenance(name))
    excerpt = replace(fired().excerpts[0], words=f"[label-{number}]")
    rule = fired(rule=name, action=Action.MASK, excerpts=(excerpt,))
    answer = RecordedAnswer(200, (), NOW, tokens=Tokens(input=number, output=0))
    return replace(made, identity=who, verdict=Verdict(Action.MASK, (rule,), "r"), answer=answer)


def test_an_hour_keeps_the_names_with_the_most_and_the_sum_of_the_others() -> None:
    labels = frozenset(f"[label-{number}]" for number in range(300))
    tally = counted(*map(named, range(300)), labels=labels)
    for figures in (tally.models, tally.repositories, tally.teams):
        assert sum(one.sessions for one in figures.values()) == 300
        assert sum(one.tokens for one in figures.values()) == sum(range(300))
        assert {name[:3] for name in figures if name != OTHERS} == set(map(str, range(200, 300)))
    assert sum(rule.fired for rule in tally.rules.values()) == 300
    assert sum(tally.masked.values()) == 300
    for found in (tally.rules, tally.masked):
        assert len(found) == 101
    assert 24 * len(msgspec.json.encode(tally)) < MOST_OF_A_DAY
