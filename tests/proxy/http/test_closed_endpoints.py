"""Endpoints that give out credentials or administer the account, however they are spelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.connection import ConnectionKind
from proxy.http.closed_endpoints import CLOSED, NAMES, closed_by

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

ENDPOINTS = {
    ConnectionKind.OPENAI: {
        "v1/organization/admin_api_keys": "organization",
        "v1/organization/projects/proj_1/api_keys/key_1": "organization",
        "v1/organization/costs": "organization",
        "v1/projects/proj_1/groups": "projects",
        "v1/realtime/client_secrets": "realtime-tokens",
        "v1/realtime/sessions": "realtime-tokens",
        "v1/realtime/transcription_sessions": "realtime-tokens",
        "openai/realtimeapi/sessions": "realtime-tokens",
        "v1/realtime/calls": "realtime-calls",
        "v1/chatkit/sessions": "chatkit",
        "v1/fine_tuning/checkpoints/ft:a/permissions": "projects",
        "v1/dashboard/billing/usage": "dashboard",
        "v1/vaults/v_1/credentials": "vaults",
        "key/generate": "keys",
    },
    ConnectionKind.ANTHROPIC: {
        "v1/organizations/me": "organization",
        "v1/organizations/api_keys": "organization",
        "v1/compliance/activities": "organization",
        "v1/oauth/token": "oauth",
        "api/oauth/claude_cli/create_api_key": "keys",
        "v1/environments/env_1/work/poll": "environment-workers",
    },
    ConnectionKind.CURSOR: {
        "auth/exchange_user_api_key": "oauth",
        "v1/sub-tokens": "auth-tokens",
        "v0/private-workers": "private-workers",
        "v0/private-workers/summary": "private-workers",
        "v1/service-accounts": "keys",
        "teams/members": "team",
        "analytics/team/models": "team",
        "settings/repo-blocklists/repos": "team",
    },
    ConnectionKind.GEMINI: {
        "v1alpha/auth_tokens": "auth-tokens",
        "v1alpha/authTokens": "auth-tokens",
        "v1beta/tunedModels/m/permissions": "iam",
        "v1/projects/-/serviceAccounts/a@b:generateAccessToken": "keys",
        "v1/projects/p:setIamPolicy": "iam",
        "v2/projects/p/locations/global/keys": "keys",
    },
    ConnectionKind.OTHER: {"api/v1/keys": "keys", "api/v1/auth/keys": "keys"},
}
OPEN = {
    ConnectionKind.OPENAI: (
        *("v1/chat/completions", "v1/responses/resp_1", "v1/models", "v1/files/file-1/content"),
        *(
            "v1/audio/speech",
            "v1/batches",
            "v1/vector_stores/vs_1/files",
            "v1/responses/input_tokens",
        ),
    ),
    ConnectionKind.ANTHROPIC: ("v1/messages", "v1/messages/count_tokens", "v1/messages/batches"),
    ConnectionKind.CURSOR: (
        *("v1/agents", "v1/agents/bc_1/runs/run_1/stream", "v0/agents/bc_1/followup", "v1/me"),
        *("v1/models", "v1/repositories", "v1/agents/bc_1/artifacts/download"),
    ),
    ConnectionKind.GEMINI: (
        "v1beta/models/gemini-3:streamGenerateContent",
        "v1/projects/p/locations/l/publishers/google/models/m:predict",
    ),
    ConnectionKind.MCP: ("keys", "v1/oauth"),
}


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [(kind, path, name) for kind, paths in ENDPOINTS.items() for path, name in paths.items()],
)
def test_an_endpoint_that_gives_out_credentials_is_closed_until_it_is_opened(
    kind: ConnectionKind, path: str, name: str
) -> None:
    closed = closed_by(kind, path)
    assert closed is not None
    assert closed.name == name
    others = tuple(other for other in NAMES if other != name)
    assert closed_by(kind, path, others) is closed
    assert closed_by(kind, path, NAMES) is None


@pytest.mark.parametrize(
    ("kind", "path"), [(kind, path) for kind, paths in OPEN.items() for path in paths]
)
def test_what_people_ask_of_models_is_open(kind: ConnectionKind, path: str) -> None:
    assert closed_by(kind, path) is None


def test_each_name_opens_one_thing() -> None:
    assert len(set(NAMES)) == len(CLOSED)


SPELLINGS = (
    *("v1/realtime/client_secrets", "v1/Realtime/CLIENT_SECRETS", "v1/realtime/client_secrets/"),
    *(
        "v1/realtime/client%5Fsecrets",
        "v1/%72ealtime/client_secret%73",
        "v1/realtime/client-secrets",
    ),
    *(
        "v1/realtime/client_secrets;v=1",
        "v1/realtime;a=b/client_secrets",
        "v1/realtime/client_secrets.",
    ),
    *("v1/realtime/client_secrets%20", "v1/realtime/client_secret%EF%BD%93", "v1/x/client_secrets"),
)
REFUSED = (
    *("v1//realtime/client_secrets", "v1/./realtime/client_secrets", "v1/realtime//client_secrets"),
    *(
        "v1/x/../realtime/client_secrets",
        "v1/realtime%2Fclient_secrets",
        "v1/%2e/realtime/client_secrets",
    ),
    *(
        "v1/realtime%5Cclient_secrets",
        "v1/realtime/client%255Fsecrets",
        "v1/realtime\\client_secrets",
    ),
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", SPELLINGS + REFUSED)
async def test_no_spelling_of_a_closed_endpoint_reaches_the_upstream(here: Here, path: str) -> None:
    token = await here.token()
    head = f"POST /it/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    rest = (
        f"authorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    )
    answer = (await here.raw(f"{head}{rest}\r\n{{}}".encode())).decode()
    assert here.upstream.received == []
    if path in SPELLINGS:
        assert answer.startswith("HTTP/1.1 403 ")
        assert "--open realtime-tokens" in answer
    else:
        assert answer.startswith("HTTP/1.1 400 ")


@pytest.mark.asyncio(loop_scope="module")
async def test_an_administrator_opens_one_endpoint(here: Here) -> None:
    await here.connect(open_endpoints=("realtime-tokens",))
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        minted = await http.post("/it/v1/realtime/client_secrets", json={})
        admin = await http.post("/it/v1/organization/admin_api_keys", json={})
    assert (minted.status_code, admin.status_code) == (200, 403)
    assert [one.line.split()[1] for one in here.upstream.received] == [
        "/base/v1/realtime/client_secrets"
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_the_base_url_says_counts_too(here: Here) -> None:
    await here.connect(base_url=f"{here.upstream.url}/v1/realtime")
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        refused = await http.post("/it/sessions", json={})
    assert refused.status_code == 403
    assert here.upstream.received == []
