from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import BadSettings
from app.settings import Settings, load_settings, require

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = ("MONGODB_URI", "ABEYANCE_ISSUERS", "ABEYANCE_PORT", "ABEYANCE_VAULT_KEY")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABEYANCE_PORT", "many")
    monkeypatch.setenv("ABEYANCE_SLACK_MODE", "pigeon")
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert "ABEYANCE_PORT: give a port number" in str(caught.value)
    assert "ABEYANCE_SLACK_MODE: give socket or http" in str(caught.value)


def test_json_that_does_not_parse_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABEYANCE_ISSUERS", "[{]")
    with pytest.raises(BadSettings, match="ABEYANCE_ISSUERS"):
        load_settings()


def test_everything_that_is_missing_is_told_with_what_it_is() -> None:
    with pytest.raises(BadSettings) as caught:
        require(load_settings(), "mongodb", "issuers", "slack_bot_token")
    assert str(caught.value).count("missing") == 3
    assert "MONGODB_URI" in str(caught.value)
    assert "xoxb-" in str(caught.value)


def test_secrets_do_not_show_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABEYANCE_VAULT_KEY", "s3cret-key")
    monkeypatch.setenv("MONGODB_URI", "mongodb://user:s3cret-pass@db")
    assert "s3cret" not in repr(load_settings())


def test_streams_callers_and_requesters_have_the_time_that_is_promised() -> None:
    field = Settings.model_fields
    assert field["drain_seconds"].default == 30
    assert field["idle_seconds"].default == 75
    assert field["tell_after_seconds"].default == 10


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]


def test_a_workload_issuer_must_say_whose_jobs_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = '[{"issuer": "https://token.actions.githubusercontent.com", "kind": "workload"}]'
    monkeypatch.setenv("ABEYANCE_ISSUERS", shared)
    with pytest.raises(BadSettings, match="repositories"):
        load_settings()


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example.com",
        "https://gateway.example.com:8443/abeyance/",
        "http://127.0.0.1:8470",
        "http://[::1]:8470",
    ],
)
def test_browsers_are_sent_to_https_or_to_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ABEYANCE_PUBLIC_URL", url)
    assert load_settings().public_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example.com",
        "http://127.0.0.1.example.com",
        "https://gateway.example.com?next=",
        "https://user@gateway.example.com",
        "https://gateway.example.com|Click>",
        "javascript:alert(1)",
    ],
)
def test_any_other_place_for_browsers_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ABEYANCE_PUBLIC_URL", url)
    with pytest.raises(BadSettings, match="ABEYANCE_PUBLIC_URL"):
        load_settings()
