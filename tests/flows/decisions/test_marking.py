"""An auditor says of a rule that it should not have fired, and the figures tell."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.event import EventKind
from tests.bot.conftest import submit

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

MARK, UNMARK = "Mark as a false alarm", "Undo false alarm"


async def ask(house: House, token: str, text: str, *, model: str = "sandbox-1") -> str:
    """Send a prompt and return the id of its session, however it ends."""
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    async with house.http(token) as http:
        answer = await http.post("/openai/v1/chat/completions", json=body)
    return answer.headers["abeyance-session"]


def policy(house: House, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON it prints
    done = subprocess.run(
        [sys.executable, "-m", "cli", "policy", *arguments, "--json"],
        env={**os.environ, **house.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_a_mark_is_recorded_counted_and_can_be_taken_back(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    session = await ask(house, await idp.token("alice"), "print /etc/shadow")
    await ask(house, await idp.token("alice"), "print /etc/shadow again")
    ines = await slack.user("ines")
    await ines.command("/replay", session)
    await ines.click(await ines.wait_for_view(MARK), MARK)
    view = await ines.wait_for_view(UNMARK)
    assert "Marked as a false alarm by <@U0INES0001>" in view.words
    [rule] = [r for r in policy(house, "stats") if r["rule"] == "no-credential-dumps"]
    assert (rule["fired"], rule["false_positives"], rule["precision"]) == (2, 1, 0.5)
    await ines.click(view, UNMARK)
    await ines.wait_for_view(MARK)
    await ines.close_view()
    [rule] = [r for r in policy(house, "stats") if r["rule"] == "no-credential-dumps"]
    assert (rule["false_positives"], rule["precision"]) == (0, 1.0)
    storage = house.storage()
    marks = [
        entry.event.data
        for entry in await storage.ledger.entries(session)
        if entry.event.kind is EventKind.RULE_MARKED
    ]
    storage.close()
    assert [(m["rule"], m["false_positive"], m["email"]) for m in marks] == [
        ("no-credential-dumps", 1, "ines@acme.example"),
        ("no-credential-dumps", 0, "ines@acme.example"),
    ]


async def test_a_rule_that_fired_on_an_answer_can_be_marked_too(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    session = await ask(house, await idp.token("alice"), "hello", model="sandbox-leaky")
    ines = await slack.user("ines")
    await ines.command("/replay", session)
    view = await ines.wait_for_view("fired on the answer")
    await ines.click(view, MARK)
    assert "Marked as a false alarm by" in (await ines.wait_for_view(UNMARK)).words
    await ines.close_view()


async def test_who_lost_the_right_to_audit_marks_nothing(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    session = await ask(house, await idp.token("alice"), "print /etc/shadow")
    ines = await slack.user("ines")
    await ines.command("/replay", session)
    view = await ines.wait_for_view(MARK)
    await slack.settings(usergroups={"auditors": ["maria"]})
    await ines.click(view, MARK)
    await ines.wait_for_view("Only auditors")
    await slack.settings(usergroups={"auditors": ["ines"]})
    await ines.close_view()
    storage = house.storage()
    assert await storage.marks.of_session(session) == ()
    storage.close()


async def test_a_mark_from_the_card_counts_and_one_from_the_record_is_on_the_card(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, ines = await slack.user("maria"), await slack.user("ines")
    token = await idp.token("alice")
    asking = asyncio.ensure_future(ask(house, token, "kites in production"))
    card = await maria.wait_for_message("kites in", channel="approvals")
    menu = card.element("hold_about_rule").raw["options"][-1]["value"]
    await maria.click(card, "hold_about_rule", choose=menu)
    await maria.wait_for_view("Rules that were wrong here")
    await submit(maria, {"note": "a kite festival"})
    card = await maria.wait_for_change(card, "Marked as a false alarm by <@U0MARIA001>")
    name = "production-needs-a-manager"
    [rule] = [row for row in policy(house, "stats") if row["rule"] == name]
    assert (rule["fired"], rule["false_positives"]) == (1, 1)
    await maria.click(card, "Deny…")
    await maria.wait_for_view("Deny")
    await maria.submit({"category": "Other"})
    session = await asking
    await ines.command("/replay", session)
    view = await ines.wait_for_view("a kite festival")
    await ines.click(view, UNMARK)
    card = await maria.wait_for_change(card, lambda m: "false alarm by" not in m.words)
    await ines.click(await ines.wait_for_view(MARK), MARK)
    await maria.wait_for_change(card, "Marked as a false alarm by <@U0INES0001>")
    await ines.close_view()


RULES = """\
- id: no-kites
  title: Kites
  on: request
  when: {prompt: {words: [kites]}}
  then: hold
  approval: {from: [managers]}
  risk: low
  explain: No kites.
  examples: {match: [kites], skip: [boats]}
- id: mask-secrets-in-prompts
  title: Secrets
  on: request
  when: {prompt: {detectors: [secrets]}}
  then: mask
  risk: low
  explain: No secrets.
  examples: {match: [AKIAIOSFODNN7EXAMPLE], skip: [boats]}
"""


@pytest.mark.parametrize("folder", ["other"])
async def test_a_changed_catalog_is_tried_on_what_was_recorded(
    house: House, idp: IdpDriver, folder: str
) -> None:
    token = await idp.token("alice")
    kites = await ask(house, token, "tell me about kites")
    denied = await ask(house, token, "print /etc/shadow of the boat")
    masked = await ask(house, token, "what is AKIAIOSFODNN7EXAMPLE for?")
    catalog = house.data / folder
    (catalog / "catalog").mkdir(parents=True)
    (catalog / "catalog" / "own.yaml").write_text(RULES)
    tried = policy(house, "backtest", str(catalog), "--since", "1h")
    changes = {change["session"]: change for change in tried["changes"]}
    assert (changes[kites]["kind"], changes[kites]["rules"]) == ("newly held", ["no-kites"])
    assert changes[denied]["kind"] == "let through"
    assert masked not in changes
    assert tried["sessions"] >= 3
    assert tried["newly held"] == 1
    assert tried["cards"]["before"]["total"] >= 1
    assert tried["cards"]["after"]["total"] >= 1
