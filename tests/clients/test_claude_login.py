"""Claude Code's own `/login` at the gateway: the real program, at a terminal, with its real policy.

It reads where to sign in from a file below /etc alone, so it is started with an /etc of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.issued import EndReason
from sandbox.idp.clients import GATEWAY_SECRET
from tests.clients.agents import CARD_SECONDS, PROGRAMS, SPARING
from tests.clients.conftest import RULES
from tests.clients.terminals import Terminal, at_terminal
from tests.conftest import free_port
from tests.flows.house import House, open_house
from tests.proxy.app_login.conftest import confirmed
from tests.proxy.linking import Browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from app.domain.issued import Issued
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver

# Claude Code renews a token that lasts less than five minutes before each request.
ACCESS_SECONDS = "200"
POLICY = """
- groups: [developers]
  settings: {permissions: {deny: [WebFetch]}}
- settings: {permissions: {deny: [Bash]}}
"""
PRIVATE_ETC = 'mount --bind "$0" /etc && exec "$@"'
UNSHARE = ("unshare", "--map-root-user", "--mount", "sh", "-c")


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], check=False).returncode:
        pytest.skip("this machine gives no mount namespace, which Claude Code's /etc is kept in")
    data, port = tmp_path_factory.mktemp("house"), free_port()
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "clients.yaml").write_text(RULES)
    (data / "policies" / "claude-code.yaml").write_text(POLICY)
    settings = {
        "ABEYANCE_PORT": str(port),
        "ABEYANCE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ABEYANCE_LOGIN_CLIENT_SECRET": GATEWAY_SECRET,
        "ABEYANCE_ACCESS_SECONDS": ACCESS_SECONDS,
    }
    with open_house(data, mongodb_uri, data / "policies", **settings) as house:
        yield house


@asynccontextmanager
async def claude_code(house: House, folder: Path) -> AsyncIterator[Terminal]:
    """Start it on a machine that its company has told where to sign in."""
    home, work, etc = folder / "home", folder / "work", folder / "etc"
    if not home.exists():
        _set_up(house, home, work, etc)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        **SPARING,
        "CLAUDE_CODE_DISABLE_TERMINAL_TITLE": "1",
    }
    command = (*UNSHARE, PRIVATE_ETC, etc, PROGRAMS / "claude", "--model", "sandbox-1")
    async with at_terminal(command, work, env) as terminal:
        await terminal.wait_for("? for shortcuts")
        yield terminal


def _set_up(house: House, home: Path, work: Path, etc: Path) -> None:
    home.mkdir()
    work.mkdir()
    shutil.copytree(
        "/etc", etc, symlinks=True, ignore=shutil.ignore_patterns("shadow*", "gshadow*")
    )
    (etc / "claude-code").mkdir()
    managed = {
        "forceLoginMethod": "gateway",
        "forceLoginGatewayUrl": f"{house.url}/anthropic",
    }
    (etc / "claude-code" / "managed-settings.json").write_text(json.dumps(managed))
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    known = {"hasCompletedOnboarding": True, "projects": {str(work): trusted}}
    (home / ".claude.json").write_text(json.dumps(known))


async def say(terminal: Terminal, prompt: str) -> None:
    terminal.type(prompt)
    await terminal.wait_for(f"❯ {prompt}")
    terminal.type("\r")


async def log_in(terminal: Terminal, house: House) -> None:
    """Type /login and allow the code that the terminal shows in a browser."""
    await say(terminal, "/login")
    await terminal.wait_for("Press Enter to connect")
    terminal.type("\r")
    await terminal.wait_for("❯ 2. No, go back")
    terminal.type("\x1b[A")
    await terminal.wait_for("❯ 1. Yes, trust this gateway")
    terminal.type("\r")
    screen = await terminal.wait_for("Waiting for sign-in")
    found = re.search(r"\b([B-Z]{4}-[B-Z]{4})\b", screen)
    assert found, screen
    async with Browser() as browser:
        page = await confirmed(browser, house.url, found[1])
        assert found[1] in page.text
        assert "is connected" in (await browser.send_form(page, answer="allow")).text
    await terminal.wait_for("Connected to Cloud gateway")


async def held(terminal: Terminal, slack: SlackDriver, prompt: str) -> None:
    """Say something that a manager approves."""
    maria = await slack.user("maria")
    await say(terminal, prompt)
    card = await maria.wait_for_message(prompt[-10:], channel="approvals", within=CARD_SECONDS)
    await asyncio.sleep(3)  # a manager reads
    await maria.click(card, "Approve")


async def leave(house: House, idp: IdpDriver, issued: Issued) -> None:
    """Have alice leave the company, some time after her groups were read."""
    await idp.leave("alice")
    storage, now = house.storage(), datetime.now(UTC)
    assert await storage.issued.take_turn(issued, by="test", now=now, until=now)
    assert await storage.issued.refresh(
        issued.id,
        by="test",
        identity=issued.identity,
        sealed=issued.sealed_refresh,
        at=now - timedelta(minutes=20),
    )
    storage.close()


async def session_of_alice(house: House) -> Issued:
    storage = house.storage()
    (issued,) = await storage.issued.of_email("alice@acme.example")
    storage.close()
    return issued


async def test_claude_code_signs_in_works_renews_and_ends_when_its_person_leaves(
    house: House, idp: IdpDriver, slack: SlackDriver, model: ModelDriver, tmp_path: Path
) -> None:
    async with claude_code(house, tmp_path) as terminal:
        await log_in(terminal, house)
    # Claude Code starts again by itself to work under the policy; here, it is started again.
    async with claude_code(house, tmp_path) as terminal:
        await say(terminal, "Say hello to case-one")
        await terminal.wait_for("Happy to help")
        kept = json.loads((tmp_path / "home" / ".claude" / "remote-settings.json").read_text())
        assert kept == {"permissions": {"deny": ["WebFetch"]}}
        first = await session_of_alice(house)
        assert first.scope.connections == ("anthropic",)

        # A fresh token for each prompt, and nobody is asked to sign in again.
        await held(terminal, slack, "Fly to the moonbase for case-two")
        await terminal.wait_for_count("Happy to help", 2)
        second = await session_of_alice(house)
        assert second.secrets[-1] not in first.secrets
        assert second.renewal != first.renewal
        (*_, asked) = await model.requests()
        assert b"case-two" in asked.body
        assert "abs_" not in json.dumps(asked.headers)

        await leave(house, idp, second)
        await say(terminal, "Say goodbye to case-three")
        await terminal.wait_for("run /login")
        assert b"case-three" not in (await model.requests())[-1].body
        assert (await session_of_alice(house)).revoked_why is EndReason.REFUSED
