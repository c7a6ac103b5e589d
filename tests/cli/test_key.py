"""`abeyance key` as people type it, against a real gateway and a real issuer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.proxy.conftest import company, place, settings
from tests.proxy.keys.keyring import Keys, said
from tests.proxy.keys.test_keys import connect
from tests.workstation.sign_in.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.linking import Place

__all__ = ["company", "place", "settings"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def machine(tmp_path: Path, place: Place) -> Machine:
    return Machine(tmp_path, place.url, "alice", {"ABEYANCE_GATEWAY_URL": place.url})


async def test_a_key_is_created_listed_and_revoked_in_a_terminal(
    place: Place, machine: Machine
) -> None:
    keys = Keys(place)
    await connect(place, "openai")
    made = await machine.run("key", "create", "--name", "aider", "--expires", "1w")
    # The key alone, for the shell to take.
    assert re.fullmatch(r"aby_[\w-]{43}", made.out)
    assert "export OPENAI_API_KEY=aby_…" in made.err
    assert made.out not in made.err
    assert "It is for all connections and expires" in made.err
    assert (await keys.use(made.out)).status_code == 200
    # The sign-in of the key is not the one of the commands.
    assert machine.files == []
    listed = await machine.run("key", "list")
    assert "aider" in listed.out
    assert made.out not in listed.out
    await machine.run("key", "revoke", "aider")
    assert (await keys.use(made.out)).status_code == 401
    again = await machine.run("key", "revoke", "aider", code=2)
    assert "no live key" in again.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("create", "--name", "x", "--expires", "forever"), "give days or weeks"),
        (("create", "--name", "x", "--connection", "nowhere"), "no connection nowhere"),
        (("revoke",), "Name one of your keys"),
    ],
)
async def test_what_cannot_be_done_is_said(
    machine: Machine, words: tuple[str, ...], why: str
) -> None:
    told = await machine.run("key", *words, code=2)
    assert why in told.err


async def test_an_operator_ends_all_keys_of_a_person(place: Place, machine: Machine) -> None:
    keys = Keys(place)
    of_dana = [await keys.create("dana", f"key {number}") for number in range(2)]
    of_maria = await keys.create("maria", "hers")
    machine.variables |= {
        "MONGODB_URI": place.settings.mongodb_uri.get_secret_value(),
        "ABEYANCE_MONGODB_DATABASE": place.settings.mongodb_database,
        "ABEYANCE_VAULT_KEY": place.settings.vault_key.get_secret_value(),
    }
    told = await machine.run("key", "revoke", "--person", "Dana@acme.example")
    assert "2 keys and sessions" in told.err
    for key in of_dana:
        answer = await keys.use(key)
        assert answer.status_code == 401
        assert "revoked by an administrator" in said(answer)
    assert (await keys.use(of_maria)).status_code == 200
    entries = await place.storage.ledger.entries("")
    ended = [e.event.data for e in entries if e.event.data.get("why") == "revoked_by_operator"]
    assert len(ended) == 2
    assert all(str(data["by"]).endswith("at a terminal") for data in ended)
