from __future__ import annotations

import pytest

from app.errors import BadSettings
from app.vault import Vault


def test_a_credential_opens_with_the_key_that_sealed_it() -> None:
    vault = Vault(Vault.new_key())
    sealed = vault.seal("openai", "sk-upstream")
    assert b"sk-upstream" not in sealed
    assert vault.open("openai", sealed) == "sk-upstream"


def test_a_seal_does_not_open_for_another_connection() -> None:
    vault = Vault(Vault.new_key())
    with pytest.raises(BadSettings, match="anthropic"):
        vault.open("anthropic", vault.seal("openai", "sk-upstream"))


def test_a_seal_does_not_open_with_another_key_and_the_error_says_what_to_do() -> None:
    sealed = Vault(Vault.new_key()).seal("openai", "sk-upstream")
    with pytest.raises(BadSettings, match="abeyance connection rotate openai"):
        Vault(Vault.new_key()).open("openai", sealed)


@pytest.mark.parametrize("key", ["", "short", "not base64 at all!", "QUJD"])
def test_a_bad_key_is_explained(key: str) -> None:
    with pytest.raises(BadSettings, match="openssl rand -base64 32"):
        Vault(key)
