"""Auditors find and replay sessions in Slack; everybody else is refused, and it is recorded."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.record.session import Chunk, Decision, RecordedAnswer
from app.domain.record.session_facts import Timing
from app.storage.store import MongoStorage
from bot.views.replay.lists import SEARCH, Shelf
from proxy.record.pager import Pager
from sandbox.slack.people.driver import SeenView
from tests.bot.values import JOB
from tests.conftest import NOBODY
from tests.written import append_chunks, change_session

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from sandbox.slack.people.driver import SlackUser
    from tests.bot.conftest import Office

CLOCK = SystemClock()


async def replay(user: SlackUser, asked: str, part: str) -> SeenView:
    opened = await user.command("/replay", asked)
    assert isinstance(opened, SeenView)
    return await user.wait_for_view(part)


async def answered(office: Office, held: Hold, *pieces: str) -> None:
    """Record an answer, as the gateway does."""
    began = held.created_at
    event = 'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
    chunks = [Chunk(n, 100 * n, (event % piece).encode()) for n, piece in enumerate(pieces)]
    await append_chunks(office.storage, held.session_id, chunks)
    answer = RecordedAnswer(
        200,
        (("content-type", "text/event-stream"),),
        began,
        began + timedelta(seconds=1),
        99,
        1,
        timing=Timing(sent=30_000, headed=31_200, first=31_210, last=34_000),
    )
    await change_session(office.storage, held.session_id, answer=answer)
    await change_session(office.storage, held.session_id, decision=Decision.APPROVED)


async def test_an_auditor_lists_sessions_opens_one_and_goes_back(office: Office) -> None:
    held = await office.hold()
    other = await office.hold(requester=JOB)
    await answered(office, held, "Sure, ", "here it is: AKIAIOSFODNN7EXAMPLQ")
    async with office.bot():
        ines, maria = await office.slack.user("ines"), await office.slack.user("maria")
        await maria.click(await maria.wait_for_message(held.id[-6:].upper()), "Approve")
        listed = await replay(ines, "", "Filter: ")
        for part in (held.session_id, other.session_id, "Dana Reyes", "Viewing is logged"):
            assert part in listed.words
        assert listed.buttons == ["Open", "Open"]
        await ines.command("/abeyance", "replay dana")
        listed = await ines.wait_for_view("`dana`")
        assert other.session_id not in listed.words
        listed = await replay(ines, "user:dana", "user:dana")
        await ines.click(listed, "Open")
        shown = await ines.wait_for_view("Sure, here it is")
        for part in (
            "Approved · Dana Reyes",
            "deploy to production",
            "production-needs-a-manager",
            "👍 <@U0MARIA001> `maria@acme.example`",
            "0.00 s – 0.10 s",
            "200 · 99 bytes · 1 masked · the model began after 1.20 s · took 4.00 s",
        ):
            assert part in shown.words
        assert "AKIA" not in shown.words
        await ines.click(shown, "All sessions")
        await ines.wait_for_view("user:dana")
    event = (await office.events(held.session_id))[-1]
    assert (event.kind, event.data["email"]) == (EventKind.REPLAY_SHOWN, "ines@acme.example")


async def test_a_session_is_shown_by_its_id(office: Office) -> None:
    held = await office.hold(requester=JOB)
    async with office.bot():
        ines = await office.slack.user("ines")
        shown = await replay(ines, held.session_id, "Session")
        shown = await ines.wait_for_view("deploy to production")
        assert "acme/payments@5f0c2b9" in shown.words
        assert "nothing was sent to the model" in shown.words
        session = await office.storage.sessions.get(held.session_id)
        assert session is not None
        await office.storage.pieces.remove(session.request.pieces)
        await replay(ines, held.session_id, "Session")
        shown = await ines.wait_for_view("A piece of the record is not stored")
        assert "nothing was sent to the model" in shown.words
        assert (
            "deploy to production" not in shown.words.partition("Page 1 of")[0].partition("🔴")[2]
        )


async def test_a_long_list_is_paged_both_ways(office: Office) -> None:
    held = [await office.hold() for _ in range(18)]
    async with office.bot():
        ines = await office.slack.user("ines")
        view = await replay(ines, "", held[-1].session_id)
        assert view.buttons.count("Open") == 8
        await ines.click(view, "Older →")
        view = await ines.wait_for_view(held[9].session_id)
        await ines.click(view, "Older →")
        view = await ines.wait_for_view(held[0].session_id)
        assert "Older →" not in view.buttons
        await ines.click(view, "← Newer")
        view = await ines.wait_for_view(held[9].session_id)
        await ines.click(view, "← Newer")
        view = await ines.wait_for_view(held[-1].session_id)
        assert "← Newer" not in view.buttons


async def test_a_long_session_is_paged(office: Office) -> None:
    held = await office.hold()
    await answered(office, held, *[f"part {n} " + "word " * 1000 for n in range(12)])
    async with office.bot():
        ines = await office.slack.user("ines")
        view = await replay(ines, held.session_id, "Page 1 of")
        turns, words = 1, view.words
        while "More →" in view.buttons:
            await ines.click(view, "More →")
            turns += 1
            view = await ines.wait_for_view(f"Page {turns} of")
            words += view.words
        assert [n for n in range(12) if f"part {n} word" not in words] == []
        await ines.click(view, "← Back")
        view = await ines.wait_for_view(f"Page {turns - 1} of")
        await ines.click(view, "First page")
        await ines.click(await ines.wait_for_view("Page 1 of"), "Last page")
        await ines.wait_for_view(f"Page {turns} of")
        await replay(ines, f"{held.session_id} 3", "Page 3 of")
    pages = [e.data["page"] for e in await office.events(held.session_id)]
    assert pages == [*range(turns), turns - 2, 0, turns - 1, 2]


async def test_a_large_held_request_is_viewed_page_by_page_and_masked(office: Office) -> None:
    said = [{"role": "user", "content": f"{n} deploy to production\n" * 40_000} for n in range(2)]
    said.append({"role": "user", "content": "with AKIAIOSFODNN7EXAMPLQ, please"})
    held = await office.hold(body=json.dumps({"model": "m", "messages": said}).encode())
    stores = office.storage.sessions, office.storage.pieces, office.storage.pages
    await Pager(*stores, office.storage.data_keys, "", CLOCK).look()
    async with office.bot():
        maria, ines = await office.slack.user("maria"), await office.slack.user("ines")
        await maria.click(await maria.wait_for_message("Approval needed"), "View full")
        view = await maria.wait_for_view("Page 1 of")
        assert "0 deploy to production" in view.words
        await maria.click(view, "More →")
        assert "continued" in (await maria.wait_for_view("Page 2 of")).words
        await ines.click(await replay(ines, held.session_id, "Page 1 of"), "Last page")
        last = await ines.wait_for_view("please")
        assert "[aws-access-key-id]" in last.words
        assert "AKIA" not in last.words


@pytest.mark.parametrize("who", ["dana", "maria"])
async def test_who_is_no_auditor_is_refused_politely_and_it_is_recorded(
    office: Office, who: str
) -> None:
    held = await office.hold()
    async with office.bot():
        user = await office.slack.user(who)
        view = await replay(user, held.session_id, "Only auditors can replay sessions")
        assert "deploy" not in view.words
    [event] = await office.events(held.session_id)
    assert (event.kind, event.data["email"]) == (EventKind.REPLAY_REFUSED, f"{who}@acme.example")


async def test_an_auditor_who_loses_the_right_can_turn_no_page(office: Office) -> None:
    held = await office.hold()
    async with office.bot():
        ines = await office.slack.user("ines")
        view = await replay(ines, "", held.session_id)
        await office.slack.settings(usergroups={"auditors": ["maria"]})
        await ines.click(view, "Open")
        view = await ines.wait_for_view("Only auditors")
        assert "deploy" not in view.words


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("colour:red", "I don't recognize “colour:red”"),
        ("decision:maybe", "is none of"),
        ("0123456789abcdefghjkmnpqrs", "There is no session 0123456789abcdefghjkmnpqrs"),
        ("user:nobody", "No session fits"),
    ],
)
async def test_what_cannot_be_found_is_told_in_words(
    office: Office, asked: str, answer: str
) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        await replay(ines, asked, answer)


async def test_a_wrong_filter_comes_back_to_be_mended(office: Office) -> None:
    held = await office.hold()
    async with office.bot():
        ines = await office.slack.user("ines")
        view = await replay(ines, "dana colour:red", "I don't recognize “colour:red”")
        field = view.element(SEARCH)
        assert field.raw["initial_value"] == "dana colour:red"
        await ines.click(view, SEARCH, choose="dana since:1d")
        assert held.session_id in (await ines.wait_for_view("`dana since:1d`")).words


async def test_a_text_is_searched_in_what_was_asked_and_answered(office: Office) -> None:
    held = await office.hold()
    other = await office.hold(body=b'{"messages": [{"role": "user", "content": "hello"}]}')
    await answered(office, other, "the quick ", "brown fox")
    async with office.bot():
        ines = await office.slack.user("ines")
        view = await replay(ines, "text:“quick brown”", "Looked at 2 sessions")
        assert other.session_id in view.words
        assert held.session_id not in view.words
        await replay(ines, '"purple cow"', "No session fits")


async def test_the_record_is_opened_from_the_card_and_exported(office: Office) -> None:
    held = await office.hold(reason="a demo with AKIAIOSFODNN7EXAMPLQ")
    await answered(office, held, "Sure")
    async with office.bot():
        ines, maria = await office.slack.user("ines"), await office.slack.user("maria")
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Record")
        await maria.wait_for_view("Only auditors can replay sessions")
        await maria.close_view()
        await maria.click(card, "Approve")
        decided = await ines.wait_for_message(
            lambda m: "*Approved* by" in m.words and "Record" in m.buttons
        )
        await ines.click(decided, "Record")
        shown = await ines.wait_for_view("Decision trail")
        for part in (
            "*Their reason:* a demo with [aws-access-key-id]",
            "deploy this to *production*",
            "Catalog revision `c0ffee",
            "Approved by ",
        ):
            assert part in shown.words
        await ines.click(shown, "Export")
        await ines.wait_for_view("The export is in your direct messages")
        told = await ines.wait_for_message(lambda m: bool(m.raw.get("files")))
        [file] = told.raw["files"]
        assert file["name"] == f"session-{held.session_id}.json"
        assert '"format": "abeyance.session/1"' in file["preview"]
    what = [
        (e.kind, e.data["what"]) for e in await office.events(held.session_id) if "what" in e.data
    ]
    assert what == [
        (EventKind.REPLAY_REFUSED, "session"),
        (EventKind.REPLAY_SHOWN, "session"),
        (EventKind.REPLAY_SHOWN, "export"),
    ]


async def test_who_lost_the_right_exports_nothing(office: Office) -> None:
    held = await office.hold()
    async with office.bot():
        ines = await office.slack.user("ines")
        view = await replay(ines, held.session_id, "Page 1 of")
        await office.slack.settings(usergroups={"auditors": ["maria"]})
        await ines.click(view, "Export")
        await ines.wait_for_view("Only auditors")
        assert [m for m in ines.messages("abeyance") if m.raw.get("files")] == []


def test_a_shelf_comes_back_as_it_was_put() -> None:
    shelf = Shelf("user:dana").older("a").older("b").opened("s").at(3)
    assert Shelf.read(shelf.spelt()) == shelf
    assert shelf.newer().before == "a"


def test_a_shelf_stays_within_what_slack_keeps() -> None:
    shelf = Shelf("x" * 300)
    for _ in range(500):
        shelf = shelf.older("0" * 26)
    assert len(shelf.opened("0" * 26).spelt()) <= 3000


@pytest.mark.parametrize("spelt", ["", "{}", "[1]", '["", [], "", -1]'])
def test_a_shelf_that_we_did_not_write_is_refused(spelt: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json and we raise the same
        Shelf.read(spelt)


async def test_nothing_is_replayed_where_the_view_cannot_be_recorded(
    office: Office, database_name: str
) -> None:
    held = await office.hold()
    away = MongoStorage.connect(NOBODY, database_name)
    office.storage.ledger = away.ledger
    async with office.bot():
        ines = await office.slack.user("ines")
        for asked in (held.session_id, "user:dana"):
            view = await replay(ines, asked, "nothing is shown")
            assert "deploy" not in view.words
            assert "Dana Reyes" not in view.words
    away.close()
