"""How many cards a stretch of recorded requests would have made, before a change and after it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.record.session import RecordedRequest
from cli.policy.rehearsing import RehearsalOutcome
from policies.loader import load_catalog
from tests.app.storage.test_mongo import NOW, a_session

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
- id: production
  title: Production
  on: request
  when: {{prompt: {{words: [production], roles: [user]}}}}
  then: hold
  decides: {decides}
  approval: {{from: [managers]}}
  risk: low
  explain: Ask first.
  examples: {{match: [production], skip: [product]}}
"""
FORTNIGHT = timedelta(weeks=2)


def outcome(folder: Path, decides: str) -> RehearsalOutcome:
    """Replace a rule that decides on requests by one that decides so."""
    catalogs = []
    for name, by in (("before", "request"), ("after", decides)):
        (folder / name / "catalog").mkdir(parents=True)
        (folder / name / "catalog" / "own.yaml").write_text(RULE.format(decides=by))
        catalogs.append(load_catalog(folder / name))
    return RehearsalOutcome(NOW - FORTNIGHT, NOW, *catalogs)


def record(
    into: RehearsalOutcome, hours: float, *said: str, path: str = "v1/chat/completions"
) -> None:
    """Add a request that came so many hours after the beginning."""
    messages = [{"role": "user", "content": text} for text in said]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    headers = (("content-type", "application/json"),)
    sent = RecordedRequest("POST", path, "", headers, body, f"digest-{hours}").head()
    at = NOW - FORTNIGHT + timedelta(hours=hours)
    into.add(a_session(at, connection="any", wire="auto", request=sent), body)


def test_cards_are_told_in_all_and_a_week_before_and_after(tmp_path: Path) -> None:
    tried = outcome(tmp_path, "passages")
    for turn in range(4):  # one task, within an hour
        record(tried, 1 + turn / 10, "deploy to production")
    record(tried, 30, "deploy to production")  # its cover has ended
    record(tried, 40, "hello")
    record(tried, 50, "count production", path="v1/messages/count_tokens")  # makes no card
    told = tried.data()
    assert told["cards"] == {
        "before": {"total": 5, "a_week": 2.5},
        "after": {"total": 2, "a_week": 1.0},
    }
    assert told["sessions"] == 7
    assert told["unread"] == 0
