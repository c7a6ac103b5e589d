"""The page of a conversation shows what each turn added, on every page and of large turns."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.record.legal_hold import HoldScope
from app.domain.record.session import Chunk, RecordedAnswer, Side
from app.domain.record.session_facts import Conversation
from app.ids import new_id
from proxy.record.pager import Pager
from tests.proxy import linking
from tests.proxy.linking import CLOCK, Browser
from tests.proxy.replay.conftest import identity_of, recorded
from tests.proxy.replay.test_pages import signed_in
from tests.written import append_chunks, change_session

if TYPE_CHECKING:
    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")
TURNS = 23


async def test_turns_repeat_nothing_across_pages_and_a_large_one_shows_its_end(
    place: Place,
) -> None:
    alice, began = identity_of(place, "alice"), CLOCK.now() - timedelta(hours=1)
    talk = Conversation("7a1c" * 8, "long", "header")
    said: list[dict[str, str]] = []
    for turn in range(TURNS):
        said.append({"role": "user", "content": f"ask {turn}."})
        await recorded(
            place,
            alice,
            {"messages": said},
            f"answer {turn}.",
            id=new_id(began + timedelta(seconds=turn)),
            conversation=talk,
        )
        said.append({"role": "assistant", "content": f"answer {turn}."})
    long = [*said, {"role": "user", "content": "much\n" * 600_000}]
    last = await recorded(
        place,
        alice,
        {"messages": [*long, {"role": "user", "content": "the very end"}]},
        "I see.",
        conversation=talk,
        unpaged=(Side.REQUEST,),
    )
    stores = place.storage.sessions, place.storage.pieces, place.storage.pages
    await Pager(*stores, place.storage.data_keys, "", CLOCK).look()
    address = f"{place.url}/-/replay/{last.id}/conversation"
    async with Browser() as browser:
        await signed_in(browser, place, "ines")
        newest = (await browser.get(address)).text
        found = re.search(r'href="(\?before=[^"]+)">← Earlier turns', newest)
        assert found is not None
        earlier = (await browser.get(address + found[1])).text
        exported = json.loads((await browser.get(f"{address}/export")).text)
        form = linking.hidden(await browser.get(address)) | {"reason": "a claim"}
        held = await browser.post(f"{place.url}/-/replay/{last.id}/legal-hold", data=form)
    assert held.status_code == 200
    for turn in exported["sessions"]:
        entries = await place.storage.ledger.entries(turn["session"]["id"])
        assert "conversation export" in [entry.event.data.get("what") for entry in entries]
    placed = [one for one in await place.storage.legal_holds.all() if one.target == talk.id]
    assert [(one.scope, one.reason) for one in placed] == [(HoldScope.CONVERSATION, "a claim")]
    assert len(exported["sessions"]) == TURNS + 1
    assert exported["sessions"][-1]["request_body"].count("ask 0.") == 1
    assert "only the end of it is shown" in newest
    assert "the very end" in newest
    for turn in range(TURNS):
        pages = newest.count(f"<p>ask {turn}.</p>"), earlier.count(f"<p>ask {turn}.</p>")
        assert pages == ((0, 1) if turn < TURNS - 19 else (1, 0)), turn
    assert "Latest turns" in earlier
    assert "Earlier turns" not in earlier


async def test_of_a_large_answer_the_end_is_shown_and_masked(place: Place) -> None:
    talk = Conversation("5b2d" * 8, "large answer", "header")
    session = await recorded(
        *(place, identity_of(place, "alice"), {"messages": [{"role": "user", "content": "go"}]}),
        said=None,
        conversation=talk,
    )
    words = ["so it was, " * 20] * 3_000
    words += [
        'DB_PASSWORD = "Tr0ub4dor&35" ',
        *["and on. " * 20] * 500,
        "Tr0ub4dor&35 is set. The end.",
    ]
    events = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    data = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
    await append_chunks(place.storage, session.id, [Chunk(0, 40, data)])
    kind = (("content-type", "text/event-stream"),)
    answer = RecordedAnswer(200, kind, CLOCK.now(), CLOCK.now(), len(data))
    await change_session(place.storage, session.id, answer=answer, unpaged=(Side.ANSWER,))
    address = f"{place.url}/-/replay/{session.id}/conversation"
    stores = place.storage.sessions, place.storage.pieces, place.storage.pages
    async with Browser() as browser:
        await signed_in(browser, place, "ines")
        early = (await browser.get(address)).text
        await Pager(*stores, place.storage.data_keys, "", CLOCK).look()
        shown = (await browser.get(address)).text
    assert "still being prepared" in early
    assert "only the end of it is shown" in shown
    assert "is set. The end." in shown
    assert "Tr0ub4dor" not in shown
    assert "so it was" in shown
    assert shown.count("so it was") < 60_000 // 2


async def test_the_agents_of_a_conversation_are_a_tree_with_a_link_to_the_turns_of_each(
    place: Place,
) -> None:
    alice = identity_of(place, "alice")
    turns = []
    for agent, parent in (("", ""), ("explore", ""), ("<b>deep</b>", "explore")):
        talk = Conversation("a9e7" * 8, "spawned", "header", agent, parent)
        said = {"messages": [{"role": "user", "content": f"by {agent}"}]}
        turns.append(await recorded(place, alice, said, "done", conversation=talk))
    alone = Conversation("10e1" * 8, "alone", "header")
    single = await recorded(place, alice, {"messages": []}, "done", conversation=alone)
    async with Browser() as browser:
        await signed_in(browser, place, "ines")
        pages = [
            (await browser.get(f"{place.url}/-/replay/{one.id}/conversation")).text
            for one in (turns[-1], single)
        ]
    section = pages[0].partition('id="agents-title"')[2].partition("</section>")[0]
    tree = re.findall(r"</?ul>|<bdi>(.*?)</bdi>", section)
    assert tree == ["", "main", "", "explore", "", "&lt;b&gt;deep&lt;/b&gt;", "", "", ""]
    assert section.count("1 turn</a>") == 3
    for turn in turns:
        assert f'href="#turn-{turn.id}"' in pages[0]
        assert f'id="turn-{turn.id}"' in pages[0]
    assert "agents-title" not in pages[1]
