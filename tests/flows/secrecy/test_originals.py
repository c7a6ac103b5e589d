"""What a rule masks and keeps is opened by its group alone, and is nowhere else."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
from typing import TYPE_CHECKING, cast

import bson
import pytest
from pymongo import MongoClient

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.event import EventKind
from app.errors import StorageUnavailable
from app.storage.store import MongoStorage
from proxy.replay.originals import Originals
from proxy.replay.viewers import Viewer
from sandbox.idp.clients import GATEWAY_SECRET
from tests.conftest import NOBODY, free_port
from tests.flows.house import House, open_house
from tests.policies.made import ALICE
from tests.proxy.linking import Browser
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from proxy.terminal.voters import Approver
    from sandbox.idp.driver import IdpDriver

ASKED, ANSWERED = "AKIAQZ7KW3MHT5VJ2RBX", "AKIAIOSFODNN7EXAMPLE"
NOT_KEPT = "ghp_016C7e3f2A9b4D5c6E7f8A9b0C1d2E3f4A5b6"
RULES = """
- id: keys-of-the-cloud
  title: A key of the cloud
  on: both
  when: {text: {detectors: [aws-access-key-id]}}
  then: mask
  keep_original: {sealed_for: [responders]}
  explain: The key was taken out.
  examples: {match: [AKIA2RBXQZ7KW3MHT5VJ], skip: [AKIA]}
- id: tokens
  title: A token of GitHub
  on: request
  when: {prompt: {detectors: [github-token]}}
  then: mask
  explain: The token was taken out.
  examples: {match: [ghs_QSuJTCQoxVNQkRU4pLRuw8AuTNvQJfuanTeF3ex], skip: [ghs_]}
"""
SETS = """
- {name: responders, emails: [maria@acme.example]}
- {name: auditors, idp_groups: [auditors]}
"""


def settings_of_pages() -> dict[str, str]:
    port = free_port()
    return {
        "ABEYANCE_PORT": str(port),
        "ABEYANCE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ABEYANCE_LOGIN_CLIENT_SECRET": GATEWAY_SECRET,
    }


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    catalog, data = tmp_path_factory.mktemp("policies"), tmp_path_factory.mktemp("house")
    (catalog / "catalog").mkdir()
    (catalog / "catalog" / "rules.yaml").write_text(RULES)
    (catalog / "approvers.yaml").write_text(SETS)
    with open_house(data, mongodb_uri, catalog, **settings_of_pages()) as house:
        yield house


async def ask(house: House, token: str, *, stream: bool = True) -> str:
    """Send a key and be answered with one; return the id of the session, once it has ended."""
    said = [{"role": "user", "content": f"Is {ASKED} ours, and {NOT_KEPT}?"}]
    body = {"model": "sandbox-leaky", "messages": said, "stream": stream}
    async with house.http(token) as http:
        answer = await http.post("/openai/v1/chat/completions", json=body)
    assert ASKED not in answer.text
    assert ANSWERED not in answer.text
    session_id = answer.headers["abeyance-session"]
    storage = house.storage()
    await recorded(storage, session_id)
    storage.close()
    return session_id


async def kept(house: House, session_id: str) -> list[tuple[str, str, str]]:
    storage = house.storage()
    found = await storage.originals.of_session(session_id)
    told = [(one.name, one.label, await storage.originals.opened(one)) for one in found]
    storage.close()
    return told


async def ledger(house: House, session_id: str) -> list[tuple[EventKind, str]]:
    """Return who was shown, and refused, an original."""
    storage = house.storage()
    events = [entry.event for entry in await storage.ledger.entries(session_id)]
    storage.close()
    return [
        (event.kind, f"{event.data['email']} {event.data.get('original', '')}".strip())
        for event in events
        if event.kind is EventKind.ORIGINAL_OPENED or event.data.get("what") == "original"
    ]


async def look(browser: Browser, house: House, person: str, session_id: str) -> httpx.Response:
    """Sign in, and open the page of a session."""
    choice = await browser.get(f"{house.url}/-/replay/{session_id}")
    return await browser.post(choice.url, data={"person": person})


def form_of(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    return found[1] if found else ""


@pytest.mark.parametrize("stream", [True, False])
async def test_what_a_rule_keeps_is_sealed_and_what_no_rule_keeps_is_nowhere(
    house: House, idp: IdpDriver, *, stream: bool
) -> None:
    session_id = await ask(house, await idp.token("alice"), stream=stream)
    label = "[aws-access-key-id]"
    assert await kept(house, session_id) == [
        ("request-1", label, ASKED),
        ("answer-1", label, ANSWERED),
    ]
    with MongoClient[dict[str, object]](house.mongodb_uri) as client:
        database = client[house.database]
        for name in database.list_collection_names():
            stored = b"".join(bson.encode(row) for row in database[name].find())
            found = [one for one in (ASKED, ANSWERED, NOT_KEPT) if one.encode() in stored]
            assert found == [], name
    storage = house.storage()
    entries = await storage.ledger.entries(session_id)
    storage.close()
    counts = {e.event.kind: e.event.data.get("originals") for e in entries}
    assert counts[EventKind.SESSION_OPENED] == counts[EventKind.ANSWER_ENDED] == 1


async def test_only_the_group_opens_an_original_and_the_ledger_has_it_first(
    house: House, idp: IdpDriver
) -> None:
    session_id = await ask(house, await idp.token("alice"))
    page = f"{house.url}/-/replay/{session_id}"
    for person in ("ines", "alice"):  # an auditor, and whose session it is
        async with Browser() as browser:
            seen = await look(browser, house, person, session_id)
            assert seen.status_code == 200
            assert "2 masked values kept sealed" in seen.text
            assert "for responders" in seen.text
            assert "Open original" not in seen.text
            form = {"form": form_of(seen)}
            tried = await browser.post(f"{page}/originals/request-1", data=form)
            assert tried.status_code == (404 if person == "ines" else 400)
            exported = await browser.get(f"{page}/export")
            assert json.loads(exported.text)["session"]["id"] == session_id
            for shown in (seen, tried, exported):
                assert ASKED not in shown.text
    async with Browser() as browser:
        assert (await look(browser, house, "dana", session_id)).status_code == 404
    async with Browser() as browser:
        seen = await look(browser, house, "maria", session_id)
        assert seen.text.count("Open original") == 2
        assert ASKED not in seen.text
        for beyond in ("/raw", "/export", "/conversation"):
            assert (await browser.get(page + beyond)).status_code == 404
        without_form = await browser.post(f"{page}/originals/request-1", data={"form": "x"})
        assert without_form.status_code == 400
        form = {"form": form_of(seen)}
        opened = await browser.post(f"{page}/originals/request-1", data=form)
        assert f'<pre dir="auto">{ASKED}</pre>' in opened.text
        assert opened.headers["cache-control"] == "no-store"
        missing = await browser.post(f"{page}/originals/request-2", data=form)
        assert missing.status_code == 404
    assert await ledger(house, session_id) == [
        (EventKind.REPLAY_REFUSED, "ines@acme.example"),
        (EventKind.ORIGINAL_OPENED, "maria@acme.example request-1"),
        (EventKind.REPLAY_REFUSED, "maria@acme.example"),
    ]


async def test_the_group_opens_an_original_in_a_terminal(house: House, idp: IdpDriver) -> None:
    session_id = await ask(house, await idp.token("alice"))

    async def typed(person: str, *words: str) -> str:
        settings = {"ABEYANCE_GATEWAY_URL": house.url, "ABEYANCE_TOKEN": await idp.token(person)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", "session", "originals", session_id, *words),
            env=house.env | settings | {"HOME": str(house.data)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return said.decode()

    listed = await typed("maria")
    assert "request-1" in listed
    assert "rule keys-of-the-cloud" in listed
    assert ASKED not in listed
    assert ASKED in await typed("maria", "--open", "request-1")
    told = json.loads(await typed("maria", "--open", "answer-1", "--json"))
    assert told["value"] == ANSWERED
    for person in ("ines", "alice"):
        for words in ((), ("--open", "request-1")):
            refused = await typed(person, *words)
            assert "not kept for you" in refused
            assert ASKED not in refused
    assert [told for kind, told in await ledger(house, session_id)] == [
        *("maria@acme.example request-1", "maria@acme.example answer-1"),
        *("ines@acme.example", "ines@acme.example", "alice@acme.example", "alice@acme.example"),
    ]


async def test_nothing_is_opened_where_the_ledger_cannot_be_written(
    house: House, idp: IdpDriver
) -> None:
    session_id = await ask(house, await idp.token("alice"))
    storage, away = house.storage(), MongoStorage.connect(NOBODY, "away")
    unwritten = ChainedLedger(away.ledger, "test")
    viewer = Viewer(ALICE, cast("Approver", None), frozenset({"responders"}))
    originals = Originals(storage.originals, unwritten, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(unwritten.run())
        with pytest.raises(StorageUnavailable):
            await originals.opened(viewer, session_id, "request-1", "test")
        running.cancel()
    away.close()
    storage.close()


async def test_a_request_keeps_nothing_of_the_credential_that_it_goes_out_with(
    house: House, idp: IdpDriver
) -> None:
    await house.register("own", f"{house.sandbox['model']['url']}/openai", ASKED)
    written = base64.b64encode(f"key={ASKED} of ours".encode()).decode()
    said = [{"role": "user", "content": f"Is {ASKED}, or {written}, or {ANSWERED} ours?"}]
    async with house.http(await idp.token("alice")) as http:
        body = {"model": "sandbox-echo", "messages": said}
        answer = await http.post("/own/v1/chat/completions", json=body)
    session_id = answer.headers["abeyance-session"]
    storage = house.storage()
    await recorded(storage, session_id)
    storage.close()
    values = [value for name, _, value in await kept(house, session_id) if "request" in name]
    assert values == [ANSWERED]
