"""`abeyance connection` as an administrator types it, on a real database."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.connection import CredentialScheme, Waiting
from app.domain.event import EventKind
from app.domain.server_tool import ToolVersion, tool_id, version_id
from app.errors import BadRequest
from cli.connection.base_urls import base_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.storage.store import MongoStorage

CREDENTIAL = "sk-upstream-0123456789"


@pytest.fixture
def abeyance(mongodb_uri: str, database_name: str) -> Callable[..., str]:
    environment = os.environ | {
        "MONGODB_URI": mongodb_uri,
        "ABEYANCE_MONGODB_DATABASE": database_name,
        "ABEYANCE_VAULT_KEY": base64.b64encode(bytes(32)).decode(),
        "COLUMNS": "80",
    }

    def run(*words: str, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "connection", *words],
            input=CREDENTIAL,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stderr
        return done.stdout + done.stderr

    return run


async def test_how_callers_wait_is_set_changed_and_written_down_with_who_did_it(
    abeyance: Callable[..., str], storage: MongoStorage
) -> None:
    abeyance("add", "cursor", "https://api.cursor.example", "--waiting", "silent")
    assert "silent, 55 s at most" in abeyance("change", "cursor", "--patience", "55")
    assert "silent, 55 s at most" in abeyance("list")
    known = await storage.connections.get("cursor")
    assert known is not None
    assert (known.waiting, known.patience) == (Waiting.SILENT, 55.0)
    abeyance("rotate", "cursor")
    rotated = await storage.connections.get("cursor")
    assert rotated is not None
    abeyance("remove", "cursor")
    events = [entry.event for entry in await storage.ledger.entries("")]
    assert {event.kind for event in events} == {EventKind.CONNECTION_CHANGED}
    assert sorted(str(event.data["what"]) for event in events) == [
        "add",
        "change",
        "remove",
        "rotate",
    ]
    assert all("at a terminal" in str(event.data["by"]) for event in events)
    assert CREDENTIAL not in str(events)
    # By its id a session tells later with which credential it was sent.
    ids = {str(event.data["what"]): event.data.get("credential") for event in events}
    assert ids["add"] == known.credential_id
    assert ids["rotate"] == rotated.credential_id
    assert ids["add"] != ids["rotate"]


def test_a_change_that_changes_nothing_says_what_can_be_changed(
    abeyance: Callable[..., str],
) -> None:
    assert "--url, --scheme, --wire, --waiting" in abeyance("change", "cursor", fails=True)
    assert "There is no connection" in abeyance("change", "cursor", "--waiting=auto", fails=True)


BAD = {
    "https://[bad": "its host or port cannot be read",
    "https://api.example.com:99999": "its host or port cannot be read",
    "https://api.example.com:x": "its host or port cannot be read",
    "https://api.example.com:": "its port is none",
    "https://api.example.com:0": "its port is none",
    "https://api example.com": "it has a blank",
    " https://api.example.com": "it has a blank",
    "https://api.example.com/v1\n": "it has a blank",
    "https://api.exämple.com": "it has a blank, or a character that no URL has",
    "https://": "its host is no name",
    "https:///v1": "its host is no name",
    "https://a..example": "its host is no name",
    "https://-a.example": "its host is no name",
    "https://api_example.com": "its host is no name",
    "api.example.com": "it begins with neither",
    "": "it begins with neither",
    "ftp://api.example.com": "it begins with neither",
    "//api.example.com": "it begins with neither",
    "https://api.example.com/v1#part": "it has a query or a fragment",
    "https://api.example.com/v1#": "it has a query or a fragment",
    "https://api.example.com/v1?key=1": "it has a query or a fragment",
    "https://api.example.com?": "it has a query or a fragment",
    "https://user:word@api.example.com": "it has a user or password",
    "https://user@api.example.com": "it has a user or password",
    "https://@api.example.com": "it has a user or password",
    "https://api.example.com/a/../b": "its path has dots",
    "https://api.example.com/./b": "its path has dots",
    "https://api.example.com/%2E%2e/b": "its path has dots",
    "https://api.example.com/a//b": "its path has an empty part",
    "https://api.example.com/a\\b": "its path has an empty part or a character of no path",
    "http://api.example.com": "in the clear",
}


@pytest.mark.parametrize(("url", "fault"), BAD.items())
def test_what_is_no_base_url_is_refused_with_what_is_wrong(url: str, fault: str) -> None:
    with pytest.raises(BadRequest) as refused:
        base_url(url)
    assert fault in str(refused.value)
    assert "https://api.openai.com" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.openai.com", "https://api.openai.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com:8443/openai/v1//", "https://api.example.com:8443/openai/v1"),
        ("https://x.openai.azure.com/openai/deployments/gpt-4o", None),
        ("https://europe-west1-aiplatform.googleapis.com/v1/projects/a-b", None),
        ("https://[2001:db8::1]:8443/v1", None),
        ("https://192.0.2.1/v1", None),
        ("http://127.0.0.1:8473/openai", None),
        ("http://[::1]:8473", None),
    ],
)
def test_a_base_url_is_kept_without_its_last_slash(url: str, kept: str | None) -> None:
    assert base_url(url) == (kept or url)


def test_a_refusal_is_a_sentence_and_nothing_is_registered(abeyance: Callable[..., str]) -> None:
    said = abeyance("add", "bad", "https://[bad", fails=True)
    assert "“https://[bad” is no base URL" in said
    assert "Traceback" not in said
    assert json.loads(abeyance("list", "--json")) == []


async def test_url_scheme_and_wire_are_changed_and_the_credential_stays(
    abeyance: Callable[..., str], storage: MongoStorage
) -> None:
    abeyance("add", "openai", "https://api.example.com")
    before = await storage.connections.get("openai")
    where = f"https://{'a' * 60}.{'b' * 60}.example/a/base/path/that/is/long"
    abeyance("change", "openai", "--url", where, "--scheme", "basic", "--wire", "openai")
    assert "is no base URL" in abeyance("change", "openai", "--url", "x", fails=True)
    assert "is no wire format" in abeyance("change", "openai", "--wire", "x", fails=True)
    known = await storage.connections.get("openai")
    assert known is not None
    assert before is not None
    assert (known.base_url, known.scheme, known.wire) == (
        where,
        CredentialScheme.BASIC,
        "openai",
    )
    assert known.sealed_credential == before.sealed_credential
    # 80 columns: neither cut nor folded.
    assert where in abeyance("list")
    [listed] = json.loads(abeyance("list", "--json"))
    assert (listed["base_url"], listed["patience"]) == (where, 0.0)
    changed = [entry.event for entry in await storage.ledger.entries("")][-1]
    assert changed.data["base_url"] == where


async def test_the_tools_of_an_mcp_server_are_chosen_and_written_down(
    abeyance: Callable[..., str], storage: MongoStorage
) -> None:
    lists = ("--allow-tool", "get_*", "--allow-tool", "list_*", "--deny-tool", "get_secret")
    url = "https://ops.example.com"
    said = abeyance("add", "ops", url, *lists, fails=True)
    assert "for connections of --wire mcp" in said
    abeyance("add", "ops", url, "--wire", "mcp", *lists)
    known = await storage.connections.get("ops")
    assert known is not None
    assert (known.allow_tools, known.deny_tools) == (("get_*", "list_*"), ("get_secret",))
    assert (known.allow_sampling, known.allow_elicitation) == (False, False)
    assert "get_*, list_*, but not get_secret" in abeyance("list")
    assert "empty" in abeyance("change", "ops", "--deny-tool", " ", fails=True)
    assert "either" in abeyance("change", "ops", "--all-tools", "--deny-tool", "x", fails=True)
    assert "--wire mcp" in abeyance("change", "ops", "--wire", "plain", fails=True)
    abeyance("change", "ops", "--deny-tool", "delete_*", "--allow-sampling")
    assert "sampling" in abeyance("list")
    changed = [entry.event for entry in await storage.ledger.entries("")][-1]
    assert changed.data["tools"] == "get_*, list_*, but not delete_*"
    assert changed.data["may_ask"] == "sampling"
    abeyance("change", "ops", "--all-tools", "--deny-sampling")
    known = await storage.connections.get("ops")
    assert known is not None
    assert (known.allow_tools, known.deny_tools, known.allow_sampling) == ((), (), False)


async def test_an_administrator_accepts_what_a_server_says_of_a_tool_by_now(
    abeyance: Callable[..., str], storage: MongoStorage
) -> None:
    said = abeyance("accept-tool", "ops", "greet", fails=True)
    assert "“greet” was never listed over the connection “ops”" in said
    for fingerprint, words in (("one", "Greet."), ("two", "Greet. Send all.")):
        key, lines = version_id("ops", "greet", fingerprint), (f"description: {words}",)
        version = ToolVersion(key, "ops", "greet", fingerprint, lines, SystemClock().now())
        await storage.tools.meet(version)
    assert "description: Greet. Send all." in abeyance("accept-tool", "ops", "greet")
    [tool] = await storage.tools.trusted([tool_id("ops", "greet")])
    assert tool.trusted == ("one", "two")
    [event] = [entry.event for entry in await storage.ledger.entries("")]
    assert (event.kind, event.data["tool"]) == (EventKind.TOOL_TRUSTED, "greet")
    assert "at a terminal" in str(event.data["why"])


async def test_who_sees_whose_cloud_agents_is_changed_and_shown(
    abeyance: Callable[..., str], storage: MongoStorage
) -> None:
    abeyance("add", "cursor", "https://api.cursor.example")
    share = ("--share-agents", "payments")
    abeyance("change", "cursor", *share, "--open-agents", "--fetch-artifacts")
    known = await storage.connections.get("cursor")
    assert known is not None
    assert (known.share_agents, known.open_agents, known.fetch_artifacts) == (
        ("payments",),
        True,
        True,
    )
    assert "shared in payments" in json.loads(abeyance("list", "--json"))[0]["agents"]
    assert "either" in abeyance("change", "cursor", *share, "--own-agents", fails=True)
    abeyance("change", "cursor", "--own-agents", "--known-agents", "--pass-artifacts")
    known = await storage.connections.get("cursor")
    assert known is not None
    assert (known.share_agents, known.open_agents, known.fetch_artifacts) == ((), False, False)
