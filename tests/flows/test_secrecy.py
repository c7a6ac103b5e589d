"""Keys wherever a caller can put one: none shows where operators and managers look."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

CHAT = "/openai/v1/chat/completions"


def key(place: str) -> str:
    """Return a key that says, in its own alphabet, where it was put."""
    return f"AKIA{place.upper()}QZ7KW3MHT5VJ2RBXPNL"[:20]


KEYS = {
    place: key(place)
    for place in ("prompt", "reason", "model", "header", "path", "query", "connection", "method")
}


def asked(word: str) -> dict[str, object]:
    said = f"Deploy build {word} to production with {KEYS['prompt']}"
    return {"model": f"m-{KEYS['model']}", "messages": [{"role": "user", "content": said}]}


async def test_no_key_shows_in_a_log_a_figure_or_in_slack(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, alice = await slack.user("maria"), await slack.user("alice")
    token, word = await idp.token("alice"), uuid4().hex[:8]
    async with house.http(token) as http, asyncio.TaskGroup() as tasks:
        reason = {"abeyance-reason": f"needed for {KEYS['reason']}", "idempotency-key": word}
        asking = tasks.create_task(http.post(CHAT, json=asked(word), headers=reason))
        card = await maria.wait_for_message(word)
        await maria.click(card, "View full")
        full = await maria.wait_for_view("[aws-access-key-id]")
        home = await maria.open_home()
        await maria.close_view()
        await maria.click(card, "Deny…")
        await maria.submit({"category": "Not allowed by policy", "reason": "Use staging"})
        answers = [await asking]
        answers += [
            await http.post(CHAT, json=asked(word), headers={"openai-beta": KEYS["header"]}),
            await http.get(f"/openai/v1/models/{KEYS['path']}"),
            await http.get("/openai/v1/models", params={"q": KEYS["query"]}),
            await http.get(f"/{KEYS['connection']}/v1/models"),
            await http.request(KEYS["method"], "/openai/v1/models"),
        ]
        figures = await http.get("/-/metrics")
    assert [answer.status_code for answer in answers] == [403, 403, 403, 403, 404, 405]
    await maria.wait_for_change(card, "Denied")
    await alice.wait_for_message("Use staging", channel="abeyance")
    shown = [*maria.messages(), *alice.messages(), full, home]
    outputs = {
        "what Slack shows": str([seen.raw for seen in shown]),
        "the figures": figures.text,
        "the log of the gateway": house.gateway.log.read_text(),
        "the log of the bot": house.bot.log.read_text(),
        "what callers are told": str([(answer.text, answer.headers) for answer in answers]),
    }
    found = [
        (place, where) for place, it in KEYS.items() for where, out in outputs.items() if it in out
    ]
    assert found == []
    secrets = [token, token.rpartition(".")[2], "sandbox-model-credential", house.vault_key]
    assert not [where for where, out in outputs.items() if any(it in out for it in secrets)]


async def test_what_the_query_says_is_found_once_and_shown_once(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, word = await slack.user("maria"), uuid4().hex[:8]
    async with house.http(await idp.token("alice")) as http, asyncio.TaskGroup() as tasks:
        said = {"note": f"build {word} goes to production"}
        asking = tasks.create_task(http.get("/openai/v1/models", params=said))
        card = await maria.wait_for_message(word)
        await maria.click(card, "Deny…")
        await maria.submit({"category": "Not allowed by policy", "reason": "Use staging"})
    assert (await asking).status_code == 403
    assert card.words.count(word) == 1
