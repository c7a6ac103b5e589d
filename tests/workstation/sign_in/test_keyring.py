"""`abeyance login` on a machine with a keyring."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

import keyring
import pytest

from workstation.sign_in import keyring_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.linking import Place
    from tests.workstation.sign_in.machine import Machine

BACKEND = "tests.workstation.sign_in.vault.Keyring"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def secured(machine: Machine) -> Machine:
    machine.person = "alice"
    machine.variables = {"PYTHON_KEYRING_BACKEND": BACKEND}
    return machine


def entries(machine: Machine) -> dict[str, str]:
    found: dict[str, str] = json.loads((machine.home / "keyring.json").read_text())
    return found


async def test_the_refresh_token_is_in_the_keyring_alone_until_it_is_forgotten(
    place: Place, secured: Machine
) -> None:
    await secured.run("login", place.url)
    (first,) = entries(secured).values()
    assert first.startswith("rt-")
    assert secured.session()["refresh_token"] == ""
    before = await secured.token()
    secured.change(expires_at=time.time() - 1)
    assert await secured.token() != before
    # The one that was used up is gone.
    (second,) = entries(secured).values()
    assert second.startswith("rt-")
    assert second != first
    await secured.run("logout")
    assert entries(secured) == {}
    assert secured.files == []


async def test_a_keyring_that_is_locked_keeps_nobody_from_signing_in(
    place: Place, secured: Machine
) -> None:
    await secured.run("login", place.url)
    token = await secured.token()
    locked = secured.home / "keyring.locked"
    locked.touch()
    # A token that is good needs no keyring.
    assert await secured.token() == token
    secured.change(expires_at=time.time() - 1)
    assert "unlock it" in (await secured.run("login", "--print", code=2)).err
    await secured.run("login", place.url)
    assert secured.session()["refresh_token"].startswith("rt-")
    # Once there is a keyring to use, it goes there.
    locked.unlink()
    secured.change(expires_at=time.time() - 1)
    await secured.token()
    assert secured.session()["refresh_token"] == ""


async def test_a_secret_longer_than_an_entry_is_whole_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    before: Any = keyring.get_keyring()
    keyring.set_keyring(keyring.core.load_keyring(BACKEND))
    try:
        secret = secrets.token_hex(2000)
        reference = keyring_secrets.put("session", secret)
        assert keyring_secrets.get(reference) == secret
        keyring_secrets.drop(reference)
        assert json.loads((tmp_path / "keyring.json").read_text()) == {}
    finally:
        keyring.set_keyring(before)
