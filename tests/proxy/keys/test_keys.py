"""Keys from their creation to their end, at a real issuer that rotates refresh tokens."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from app.domain.connection import Connection, CredentialScheme
from app.domain.event import EventKind
from app.vault import Vault
from proxy.keys.issuing import MOST_KEYS
from sandbox.idp.driver import IdpDriver
from sandbox.idp.server import make_app
from sandbox.serving import listen, running
from tests.proxy.keys.keyring import Keys, said, sign_in
from tests.proxy.linking import CLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def connect(place: Place, *names: str) -> None:
    """Register connections to an upstream where no server answers."""
    vault = Vault(place.settings.vault_key.get_secret_value())
    for name in names:
        sealed = vault.seal(name, "upstream-credential")
        await place.storage.connections.put(
            Connection(name, "http://127.0.0.1:1", CredentialScheme.BEARER, sealed)
        )


async def test_a_key_is_shown_once_works_and_is_in_the_ledger(keys: Keys, place: Place) -> None:
    key = await keys.create("alice", "my laptop", days=7)
    assert re.fullmatch(r"aby_[\w-]{43}", key)
    assert (await keys.use(key)).status_code == 200
    stored = await keys.stored()
    assert stored.identity.email == "alice@acme.example"
    assert stored.last_used_at is not None
    assert stored.expires_at - stored.created_at == timedelta(days=7)
    [listed] = [
        one
        for one in (await keys.send("GET", "/-/keys", await place.idp.token("alice"))).json()[
            "keys"
        ]
        if one["id"] == stored.id
    ]
    assert listed["name"] == "my laptop"
    assert "key" not in listed
    [told] = await keys.events()
    assert told["event"] is EventKind.CREDENTIAL_ISSUED
    assert told["identity"] == stored.identity.key


async def test_neither_secret_nor_refresh_token_is_in_the_database(
    keys: Keys, place: Place
) -> None:
    by = await sign_in(place.idp, "alice")
    answer = await keys.asked_for(by, "in the database")
    secret = answer.json()["key"].removeprefix("aby_")
    settings = place.settings
    with MongoClient(settings.mongodb_uri.get_secret_value()) as client:
        database = client[settings.mongodb_database]
        kept = repr([list(database[name].find()) for name in database.list_collection_names()])
    assert answer.json()["id"] in kept
    for hidden in (secret, by.refresh_token, "rt-"):
        assert hidden not in kept


async def test_a_stranger_s_key_is_refused_as_any_bad_token_is(keys: Keys) -> None:
    for key in ("aby_" + "x" * 43, "abs_" + "x" * 43, "aby_", "abr_" + "x" * 43):
        answer = await keys.use(key)
        assert answer.status_code == 401
        assert "abeyance" in said(answer) or "token" in said(answer)


async def test_a_key_decides_nothing_creates_nothing_and_links_nothing(keys: Keys) -> None:
    key = await keys.create(name="for models")
    for method, path in (
        ("GET", "/-/holds"),
        ("POST", "/-/holds/abc/votes"),
        ("GET", "/-/link/abc"),
        ("POST", "/-/link/abc"),
        ("GET", "/-/keys"),
        ("POST", "/-/keys"),
        ("DELETE", f"/-/keys/{keys.made[-1]['id']}"),
    ):
        answer = await keys.send(method, path, key)
        assert (answer.status_code, method, path) == (403, method, path)
        assert "A gateway key is only for sending requests to models" in said(answer)


async def test_a_sign_in_of_some_time_ago_creates_no_key(keys: Keys, place: Place) -> None:
    by = await sign_in(place.idp, "alice")
    now = int(CLOCK.now().timestamp())
    old = await place.idp.mint(person="alice", claims={"auth_time": now - 16 * 60})
    answer = await keys.asked_for(replace(by, token=old), "old")
    assert answer.status_code == 403
    assert "sign in again" in said(answer)
    ci = await keys.asked_for(replace(by, token=await place.idp.ci_token()), "of a job")
    assert ci.status_code == 403


async def test_a_key_has_a_sign_in_of_its_owner_behind_it(keys: Keys, place: Place) -> None:
    alice, dana = await sign_in(place.idp, "alice"), await sign_in(place.idp, "dana")
    mixed = await keys.asked_for(replace(alice, refresh_token=dana.refresh_token), "mixed")
    assert mixed.status_code == 403
    assert "somebody else" in said(mixed)
    none = await keys.asked_for(replace(alice, refresh_token=""), "none")
    assert none.status_code == 400
    assert "offline_access" in said(none)
    bad = await keys.asked_for(replace(alice, refresh_token="rt-unknown"), "bad")
    assert bad.status_code == 403
    # Each key has one of its own.
    assert (await keys.asked_for(alice, "first")).status_code == 200
    assert (await keys.asked_for(alice, "second")).status_code == 403


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"days": 91}, "1 to 90 days"),
        ({"days": 0}, "1 to 90 days"),
        ({"days": True}, "Send JSON"),
        ({"name": ""}, "a name"),
        ({"name": "a\nb"}, "a name"),
        ({"connections": ["nowhere"]}, "There is no connection nowhere"),
        ({"models": ["x"] * 21}, "at most 20"),
        ({"admin": True}, "Send JSON"),
    ],
)
async def test_what_no_key_can_be_is_said(
    keys: Keys, place: Place, wanted: dict[str, object], why: str
) -> None:
    answer = await keys.asked_for(await sign_in(place.idp, "alice"), **{"name": "x"} | wanted)
    assert answer.status_code == 400
    assert why in said(answer)


async def test_a_person_has_twenty_keys_at_the_most(keys: Keys, place: Place) -> None:
    for number in range(MOST_KEYS):
        await keys.create("ines", f"key {number}")
    answer = await keys.asked_for(await sign_in(place.idp, "ines"), "one more")
    assert answer.status_code == 403
    assert "Revoke one" in said(answer)
    ines = await place.idp.token("ines")
    await keys.send("DELETE", f"/-/keys/{keys.made[-1]['id']}", ines)
    assert (await keys.asked_for(await sign_in(place.idp, "ines"), "more")).status_code == 200


async def test_the_groups_of_a_key_are_those_of_the_last_fifteen_minutes(
    keys: Keys, place: Place
) -> None:
    key = await keys.create("dana", "teams")
    await place.idp.change_groups("dana", "developers", "on-call")
    try:
        keys.age(14)
        await keys.use(key)
        assert (await keys.stored()).identity.groups == {"developers"}
        keys.age(16)
        assert (await keys.use(key)).status_code == 200
    finally:
        await place.idp.change_groups("dana", "developers")
    stored = await keys.stored()
    assert stored.identity.groups == {"developers", "on-call"}
    seen = await place.storage.people.get(stored.identity.key)
    assert seen is not None
    assert seen.groups == {"developers", "on-call"}


async def test_gateways_that_read_at_once_keep_the_sign_in_alive(keys: Keys, place: Place) -> None:
    key = await keys.create("alice", "busy")
    async with place.gateway() as other:
        both = (keys, Keys(other))
        for minutes in (16, 59, 61, 600):
            keys.age(minutes)
            answers = await asyncio.gather(*(at.use(key) for at in both * 6))
            assert {answer.status_code for answer in answers} == {200}
            read = (await keys.stored()).groups_read_at
            assert CLOCK.now() - read < timedelta(minutes=5)


async def test_the_key_of_somebody_who_has_left_ends_and_stays_ended(
    keys: Keys, place: Place
) -> None:
    key = await keys.create("marcus", "until then")
    await place.idp.leave("marcus")
    try:
        assert (await keys.use(key)).status_code == 200
        keys.age(16)
        refused = [await keys.use(key) for _ in range(2)]
    finally:
        await place.idp.change_groups("marcus", "managers")
    refused.append(await keys.use(key))
    for answer in refused:
        assert answer.status_code == 401
        assert "“until then” has ended" in said(answer)
        assert "abeyance key create" in said(answer)
    assert (await keys.stored()).sealed_refresh == b""
    assert [(told["event"], told.get("why")) for told in await keys.events()] == [
        (EventKind.CREDENTIAL_ISSUED, None),
        (EventKind.CREDENTIAL_ENDED, "refused"),
    ]


async def test_while_the_issuer_is_away_a_key_goes_on_for_an_hour_and_no_longer(
    keys: Keys, place: Place, tmp_path: Path
) -> None:
    listener = listen(0)
    async with running(make_app(listener.url, tmp_path), listener) as url, IdpDriver(url) as idp:
        issuers = [{"issuer": idp.issuer}]
        async with place.gateway(issuers=issuers) as own:
            keys = Keys(replace(own, idp=idp))
            key = await keys.create("alice", "outage")
    async with place.gateway(issuers=issuers) as own:
        keys.place = own
        keys.age(59)
        assert (await keys.use(key)).status_code == 200
        keys.age(60.1)
        answer = await keys.use(key)
    assert answer.status_code == 503
    assert "identity provider does not answer" in said(answer)
    assert (await keys.stored()).revoked_at is None


async def test_a_revoked_key_ends_at_every_gateway_at_once(keys: Keys, place: Place) -> None:
    key = await keys.create("alice", "lost")
    path = f"/-/keys/{keys.made[-1]['id']}"
    dana, alice = await place.idp.token("dana"), await place.idp.token("alice")
    assert (await keys.send("DELETE", path, dana)).status_code == 404
    async with place.gateway() as other:
        assert (await Keys(other).use(key)).status_code == 200
        assert (await keys.send("DELETE", path, alice)).status_code == 200
        answer = await Keys(other).use(key)
    assert answer.status_code == 401
    assert "“lost” was revoked" in said(answer)
    assert (await keys.send("DELETE", path, alice)).status_code == 404
    [_, ended] = await keys.events()
    assert (ended["why"], ended["by"]) == ("revoked", (await keys.stored()).identity.key)


async def test_an_expired_key_says_so(keys: Keys) -> None:
    key = await keys.create("alice", "short")
    keys.change(expires_at=CLOCK.now() - timedelta(seconds=1))
    answer = await keys.use(key)
    assert answer.status_code == 401
    assert "“short” expired on" in said(answer)


async def test_a_use_is_written_once_a_minute(keys: Keys) -> None:
    key = await keys.create("alice", "often")
    used = []
    for seconds in (0, 50, 70):
        before = CLOCK.now() - timedelta(seconds=seconds)
        keys.change(last_used_at=before)
        await keys.use(key)
        used.append((await keys.stored()).last_used_at != before)
    assert used == [False, False, True]


async def test_a_key_is_for_its_connections_and_models_in_the_words_of_the_api(
    keys: Keys, place: Place
) -> None:
    await connect(place, "openai", "anthropic")
    key = await keys.create("alice", "narrow", connections=["openai"], models=["gpt-5*"])
    listed = (await keys.use(key)).json()["connections"]
    assert [known["name"] for known in listed] == ["openai"]
    message = {
        "model": "claude-x",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    }
    elsewhere = await keys.send("POST", "/anthropic/v1/messages", key, json=message)
    assert elsewhere.status_code == 403
    assert elsewhere.json()["type"] == "error"
    assert "This key is for openai only" in said(elsewhere)
    chat = "/openai/v1/chat/completions"
    other = await keys.send("POST", chat, key, json=message | {"model": "gpt-4"})
    assert other.status_code == 403
    assert "not for the model gpt-4" in said(other)
    both = await keys.send(
        "POST", chat, key, json=message | {"model": "gpt-5", "models": ["gpt-4"]}
    )
    assert both.status_code == 403
    none = await keys.send("GET", "/openai/v1/files/file-1", key)
    assert none.status_code == 403
    # Nobody answers there: what is let through ends in another way.
    let = await keys.send("POST", chat, key, json=message | {"model": "gpt-5-mini"})
    assert let.status_code == 502
    assert (await keys.send("GET", "/openai/v1/models", key)).status_code == 502
