"""Approved for an hour: one person, one rule, one connection, until somebody revokes it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

from app.domain.event import EventKind

if TYPE_CHECKING:
    import httpx

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser
    from tests.flows.house import House

PATH = "/openai/v1/chat/completions"


def risky(word: str) -> dict[str, object]:
    prompt = {"role": "user", "content": f"Deploy {word} to production"}
    return {"model": "sandbox-1", "messages": [prompt]}


def new_word() -> str:
    return f"build-{uuid4().hex[:8]}"


def cards_of(user: SlackUser) -> list[SeenMessage]:
    return [m for m in user.messages("approvals") if m.thread_ts in (None, m.ts)]


async def granted(
    http: httpx.AsyncClient, maria: SlackUser, name: str = "Approve for 1 h"
) -> tuple[SeenMessage, httpx.Response]:
    """Have a request held and approved with that button."""
    word = new_word()
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(http.post(PATH, json=risky(word)))
        card = await maria.wait_for_message(word, channel="approvals")
        await maria.click(card, name)
    return card, asking.result()


async def test_what_was_taken_back_does_not_go_on_when_its_client_returns(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, word = await slack.user("maria"), new_word()
    async with house.http(await idp.token("alice")) as http:
        asking = asyncio.ensure_future(http.post(PATH, json=risky(word)))
        card = await maria.wait_for_message(word, channel="approvals")
        asking.cancel()
        card = await maria.wait_for_change(card, "requester disconnected")
        await maria.click(card, "Approve for 1 h")
        card = await maria.wait_for_change(card, lambda m: "Revoke" in m.buttons)
        await maria.click(card, "Revoke")
        await maria.wait_for_change(card, "revoked by")
        refused = await http.post(PATH, json=risky(word))
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "grant_ended"


async def test_a_grant_lets_the_same_person_pass_until_it_is_revoked_on_the_card(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    async with house.http(await idp.token("alice")) as http:
        card, first = await granted(http, maria)
        assert first.headers["abeyance-decision"] == "approved"
        card = await maria.wait_for_change(card, "Granted 1 h")
        assert card.buttons == ["Revoke", "Record"]
        cards = len(cards_of(maria))
        passed = await http.post(PATH, json=risky(new_word()))
        assert passed.headers["abeyance-decision"] == "granted"
        card = await maria.wait_for_change(card, "used once")
        await http.post(PATH, json=risky(new_word()))
        card = await maria.wait_for_change(card, "used twice")
        assert len(cards_of(maria)) == cards, "nobody was asked"
        await maria.click(card, "Revoke")
        await maria.wait_for_change(
            card, lambda m: "revoked by" in m.words and m.buttons == ["Record"]
        )
        _, again = await granted(http, maria, "Approve")
        assert again.headers["abeyance-decision"] == "approved"
    assert len(await model.requests()) == 4
    storage = house.storage()
    told = await storage.ledger.entries(first.headers["abeyance-session"])
    kinds = [entry.event.kind for entry in told]
    used = await storage.ledger.entries(passed.headers["abeyance-session"])
    storage.close()
    assert kinds.count(EventKind.GRANT_GIVEN) == kinds.count(EventKind.GRANT_REVOKED) == 1
    assert kinds.index(EventKind.VOTE_CAST) < kinds.index(EventKind.GRANT_GIVEN)
    assert EventKind.GRANT_USED in [entry.event.kind for entry in used]


async def test_a_grant_covers_nobody_else_and_no_other_connection(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    alice, dana = await idp.token("alice"), await idp.token("dana")
    async with house.http(alice) as hers, house.http(dana) as others:
        card, _ = await granted(hers, maria)
        for http, path in ((others, PATH), (hers, "/anthropic/v1/messages")):
            word = new_word()
            body = risky(word) | {"max_tokens": 9}
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(http.post(path, json=body))
                held = await maria.wait_for_message(word, channel="approvals")
                await maria.click(held, "Approve")
            assert asking.result().headers["abeyance-decision"] == "approved"
        card = await maria.wait_for_change(card, "Granted 1 h")
        await maria.click(card, "Revoke")
        await maria.wait_for_change(card, "revoked by")


async def test_the_home_tab_and_the_command_line_list_and_end_grants(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, alice = await slack.user("maria"), await slack.user("alice")
    async with house.http(await idp.token("alice")) as http:
        card, _ = await granted(http, maria)
        await maria.wait_for_change(card, "Granted 1 h")
        home = await maria.open_home()
        assert "Alice Chen" in home.words
        assert "Revoke" in home.buttons
        own = await alice.command("/abeyance", "grants")
        assert "production-needs-a-manager" in own.words
        await maria.click(home, "Revoke")
        await maria.wait_for_home(lambda view: "Granted 1 h" not in view.words)
        card, _ = await granted(http, maria)
        await maria.wait_for_change(card, "Granted 1 h")
        listed = abeyance(house, "grant", "list")
        assert "Alice Chen" in listed
        storage = house.storage()
        held = await storage.holds.get_many([card.raw["metadata"]["event_payload"]["hold"]])
        storage.close()
        assert held[0].granted is not None
        assert "is revoked" in abeyance(house, "grant", "revoke", held[0].granted.ids[0])
        await maria.wait_for_change(card, "at a terminal")
        _, again = await granted(http, maria, "Approve")
        assert again.headers["abeyance-decision"] == "approved"


def abeyance(house: House, *arguments: str) -> str:
    """Run the command as a person types it; returns what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env={**os.environ, **house.env, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
