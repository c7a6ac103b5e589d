"""The paths that Claude Code asks for beside the API: policy and telemetry."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from quart import Quart, Response, jsonify, request

from app.domain.connection import Connection, CredentialScheme
from app.vault import Vault
from sandbox.serving import listen, running
from tests.proxy.linking import Browser, Place

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.app_login.conftest import Program

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLICY = """
- groups: [managers]
  settings: {model: "claude-ä", permissions: {deny: [WebFetch, Bash], allow: []}}
- groups: [developers]
  hooks: true
  settings: {hooks: {Stop: [{hooks: [{type: command, command: "echo"}]}]}}
"""


async def test_claude_code_gets_the_policy_of_its_persons_group_once(
    place: Place, program: Program, tmp_path: Path
) -> None:
    catalog = tmp_path / "policies"
    shutil.copytree(place.settings.catalog, catalog)
    (catalog / "claude-code.yaml").write_text(POLICY)
    async with place.gateway(catalog=catalog) as there:
        program.url = there.url
        for person, expected in (
            (
                "maria",
                {"model": "claude-ä", "permissions": {"deny": ["WebFetch", "Bash"], "allow": []}},
            ),
            ("alice", None),
        ):
            async with Browser() as browser:
                await program.sign_in(browser, person)
            got = await program.get("anthropic/managed/settings")
            told = got.json()
            # As Claude Code computes it of what it kept.
            plain = json.dumps(
                told["settings"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
            )
            checksum = f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"
            assert told["checksum"] == checksum
            assert got.headers["etag"] == f'"{checksum}"'
            if expected is not None:
                assert told["settings"] == expected
            known = {"if-none-match": f'"{checksum}"'}
            same = await program.get("anthropic/managed/settings", **known)
            assert (same.status_code, same.content) == (304, b"")
        hooks = told["settings"]["hooks"]
        assert hooks["Stop"] == [{"hooks": [{"type": "command", "command": "echo"}]}]
        (handler,) = hooks["PreToolUse"][0]["hooks"]
        assert "abeyance hook claude" in handler["command"]
        assert handler["onFailure"] == "block"
        async with Browser() as browser:
            await program.sign_in(browser, "ines")
        none = await program.get("anthropic/managed/settings")
        assert (none.status_code, none.json()["error"]["type"]) == (404, "not_found_error")


async def test_strangers_get_no_policy_in_words_that_claude_code_reads(program: Program) -> None:
    refused = await program.get("anthropic/managed/settings", "abs_" + "x" * 43)
    assert refused.status_code == 401
    assert refused.json()["error"]["type"] == "authentication_error"


async def test_telemetry_is_taken_and_dropped_within_bounds(
    program: Program, browser: Browser
) -> None:
    await program.sign_in(browser)
    bearer = {"authorization": f"Bearer {program.tokens['access_token']}"}
    for signal in ("metrics", "logs", "traces"):
        where = f"{program.url}/anthropic/v1/{signal}"
        taken = await program.http.post(where, headers=bearer, content=b"\x0a" * 100_000)
        assert taken.status_code == 200
    large = await program.http.post(where, headers=bearer, content=b"\x0a" * 9_000_000)
    assert large.status_code == 413
    stranger = {"authorization": f"Bearer abs_{'x' * 43}"}
    refused = await program.http.post(where, headers=stranger, content=b"")
    assert refused.status_code == 401


async def test_nobody_signs_in_at_another_api(place: Place, program: Program) -> None:
    sealed = Vault(place.settings.vault_key.get_secret_value()).seal("openai", "key")
    other = Connection("openai", "http://127.0.0.1:1", CredentialScheme.BEARER, sealed)
    await place.storage.connections.put(other)
    metadata = await program.http.get(f"{place.url}/openai/.well-known/oauth-authorization-server")
    assert metadata.status_code == 401
    asked = await program.http.post(f"{place.url}/-/device/authorization/openai")
    assert asked.status_code == 404


async def test_a_session_is_for_its_connection_alone(
    place: Place, program: Program, browser: Browser
) -> None:
    sealed = Vault(place.settings.vault_key.get_secret_value()).seal("claude", "key")
    other = Connection(
        "claude", "http://127.0.0.1:1", CredentialScheme.X_API_KEY, sealed, wire="anthropic"
    )
    await place.storage.connections.put(other)
    await program.sign_in(browser)
    assert (await program.get("claude/managed/settings")).status_code == 403
    assert (await program.get("claude/v1/models")).status_code == 403


async def test_a_session_lists_the_models_of_its_api(
    place: Place, program: Program, browser: Browser
) -> None:
    api, sent = Quart(__name__), dict[str, str]()

    @api.get("/v1/models")
    async def models() -> Response:
        sent.update({name.lower(): value for name, value in request.headers.items()})
        return jsonify(data=[{"type": "model", "id": "claude-one"}], has_more=False)

    async with running(api, listen(0)) as url:
        sealed = Vault(place.settings.vault_key.get_secret_value()).seal("anthropic", "key")
        upstream = Connection("anthropic", url, CredentialScheme.X_API_KEY, sealed)
        await place.storage.connections.put(upstream)
        await program.sign_in(browser)
        answer = await program.get("anthropic/v1/models")
    assert [model["id"] for model in answer.json()["data"]] == ["claude-one"]
    assert sent["x-api-key"] == "key"
    assert program.tokens["access_token"] not in repr(sent)
