"""What was changed in the record is named in red, and takes nothing else of a page along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from app.domain.record.session_facts import Conversation
from tests.proxy.linking import Browser
from tests.proxy.replay.conftest import identity_of, recorded
from tests.proxy.replay.test_pages import body, signed_in

if TYPE_CHECKING:
    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


def change(place: Place, collection: str, name: str) -> None:
    """Flip a byte of what is sealed, as somebody with access to the database can."""
    with MongoClient[dict[str, Any]](place.settings.mongodb_uri.get_secret_value()) as client:
        stored = client[place.settings.mongodb_database][collection]
        found = stored.find_one({"_id": {"$gte": name, "$lt": f"{name}~"}})
        assert found is not None
        seal = bytearray(found["seal"])
        seal[-1] ^= 1
        stored.update_one({"_id": found["_id"]}, {"$set": {"seal": bytes(seal)}})


async def test_a_changed_session_is_drawn_without_content_and_with_a_red_seal(
    place: Place,
) -> None:
    alice = identity_of(place, "alice")
    talk = Conversation("5ea1" * 8, "sealed", "header")
    asked = await recorded(place, alice, body("first ask"), "first word", conversation=talk)
    answered = await recorded(place, alice, body("second ask"), "second word", conversation=talk)
    whole = await recorded(place, alice, body("third ask"), "third word", conversation=talk)
    change(place, "pieces", asked.request.pieces[0])
    change(place, "chunks", answered.id)
    said = ("first ask", "first word", "second ask", "second word")
    async with Browser() as browser:
        await signed_in(browser, place, "ines")
        for session, changed in ((asked, "packed piece"), (answered, f"part {answered.id}")):
            address = f"{place.url}/-/replay/{session.id}"
            page = await browser.get(address)
            assert page.status_code == 200
            assert "✗ Not intact" in page.text
            assert f"The record was changed: the {changed}" in page.text
            assert not [words for words in said if words in page.text]
            export = json.loads((await browser.get(f"{address}/export")).text)
            assert changed in export["lost"]
            raw = await browser.get(f"{address}/raw")
            assert (raw.status_code, changed in raw.text) == (500, True)
        talked = await browser.get(f"{place.url}/-/replay/{whole.id}/conversation")
    assert "third word" in talked.text
    assert talked.text.count("its record is not intact") == 2
    assert not [words for words in said if f"<p>{words}" in talked.text]
