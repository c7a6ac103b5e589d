"""An auditor finds and replays every kind of session; nobody else does, and trying is recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.domain.event import EventKind
from app.search import SessionFilter
from tests.recorded import recorded

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver, SlackUser
    from tests.flows.house import House


async def ask(house: House, token: str, text: str, *, model: str = "sandbox-1") -> str:
    """Send a prompt and return the id of its session, however it ends."""
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    async with house.http(token) as http:
        answer = await http.post("/openai/v1/chat/completions", json=body)
    return answer.headers["abeyance-session"]


async def held(house: House, slack: SlackDriver, token: str, text: str, *, approve: bool) -> str:
    """Send a prompt that needs a manager, who decides; return the id of its session."""
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(ask(house, token, text))
        card = await maria.wait_for_message(text.split(maxsplit=1)[0])
        if approve:
            await maria.click(card, "Approve")
        else:
            await maria.click(card, "Deny…")
            await maria.submit({"category": "Not needed", "reason": "We have a script for that"})
    return asking.result()


async def replayed(auditor: SlackUser, session: str) -> str:
    """Return every word of a session's replay, over all its pages."""
    view = await auditor.command("/replay", session)
    words = [(await auditor.wait_for_view("Page 1 of")).words]
    while any(element.label == "More →" for element in auditor.views[-1].elements):
        page = len(words) + 1
        await auditor.click(auditor.views[-1], "More →")
        words.append((await auditor.wait_for_view(f"Page {page} of")).words)
    await auditor.close_view()
    assert view
    return "\n".join(words)


async def test_an_approved_session_shows_request_vote_and_answer(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    word = f"ship-{uuid4().hex[:6]}"
    session = await held(
        house, slack, await idp.token("alice"), f"{word} to production", approve=True
    )
    ines = await slack.user("ines")
    words = await replayed(ines, session)
    for told in ("Approved", "Alice Chen", word, "production-needs-a-manager", "Happy to help"):
        assert told in words
    assert "maria@acme.example" in words


async def test_a_denied_session_shows_who_denied_and_why(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    word = f"wipe-{uuid4().hex[:6]}"
    session = await held(house, slack, await idp.token("dana"), f"{word} production", approve=False)
    words = await replayed(await slack.user("ines"), session)
    for told in ("Denied", "Dana Reyes", word, "We have a script for that", "nothing was sent"):
        assert told in words


async def test_sessions_denied_by_rule_masked_and_allowed_are_replayed_too(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    token, ines = await idp.token("alice"), await slack.user("ines")
    denied = await ask(house, token, "print /etc/shadow")
    assert "no-credential-dumps" in await replayed(ines, denied)
    masked = await ask(house, token, "what is in the leak?", model="sandbox-leaky")
    words = await replayed(ines, masked)
    assert "[aws-access-key-id]" in words
    assert "1 masked" in words
    assert "AKIAIOSFODNN7EXAMPLE" not in words
    allowed = await ask(house, token, "tell me about kites")
    assert "tell me about kites" in await replayed(ines, allowed)


async def test_the_list_is_filtered_and_opens_a_session(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    ours = await ask(house, await idp.token("marcus"), "print /etc/shadow please")
    other = await ask(house, await idp.token("alice"), "print /etc/shadow please")
    ines = await slack.user("ines")
    await ines.command("/replay", "user:marcus since:1h decision:denied rule:no-credential-dumps")
    listing = await ines.wait_for_view("no-credential-dumps")
    assert ours in listing.words
    assert other not in listing.words
    await ines.click(listing, "Open")
    assert "print /etc/shadow please" in (await ines.wait_for_view("Page 1 of")).words
    await ines.close_view()


async def test_a_filter_that_is_not_understood_is_explained(
    house: House, slack: SlackDriver
) -> None:
    ines = await slack.user("ines")
    await ines.command("/replay", "decision:perhaps")
    assert "denied" in (await ines.wait_for_view("perhaps")).words
    await ines.close_view()


@pytest.mark.parametrize("person", ["alice", "maria"])
async def test_who_is_no_auditor_is_refused_and_the_attempt_is_recorded(
    house: House, slack: SlackDriver, idp: IdpDriver, person: str
) -> None:
    session = await ask(house, await idp.token("alice"), "a private thought about boats")
    curious = await slack.user(person)
    await curious.command("/replay", session)
    refusal = await curious.wait_for_view("Only auditors")
    assert "boats" not in refusal.words
    await curious.close_view()
    storage = house.storage()
    events = [entry.event for entry in await storage.ledger.entries(session)]
    [attempt] = [event for event in events if event.kind is EventKind.REPLAY_REFUSED]
    assert attempt.data["slack_user"] == curious.id
    storage.close()


async def test_every_session_of_these_stories_is_closed(house: House) -> None:
    storage = house.storage()
    found = await storage.sessions.search(SessionFilter(), limit=100)
    sessions = [await recorded(storage, session.id) for session in found]
    assert sessions
    assert {session.state.value for session in sessions} == {"closed"}
    storage.close()
