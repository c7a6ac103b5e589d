from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.errors import BadSettings
from workstation.setup.base import OfferedConnection
from workstation.tools.anything import ANYTHING
from workstation.tools.base import Route, Tool
from workstation.tools.claude import CLAUDE
from workstation.tools.codex import CODEX
from workstation.tools.gemini import GEMINI
from workstation.tools.known import TOOLS, routed, tool_of
from workstation.tools.opencode import OPENCODE

if TYPE_CHECKING:
    from pathlib import Path

KEY = "the-key-of-the-forwarder"
BASE = "http://127.0.0.1:1"


def connection(name: str, kind: str) -> OfferedConnection:
    return OfferedConnection(name, kind, f"{BASE}/{name}")


def routes(tool: Tool) -> tuple[Route, ...]:
    kinds = tool.kinds if tool.several else tool.kinds[:1]
    return tuple(Route(kind, kind, f"{BASE}/{kind}", KEY) for kind in kinds)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEMINI_CLI_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def choose(folder: Path, how: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(
        f'{{"security": {{"auth": {{"selectedType": "{how}"}}}}}} // comment'
    )


@pytest.mark.parametrize("tool", [*TOOLS.values(), ANYTHING], ids=lambda tool: tool.title)
def test_a_tool_gets_address_and_key_and_no_secret_on_its_command_line(
    tool: Tool, home: Path
) -> None:
    choose(home / ".gemini", "gemini-api-key")
    start = tool.starting(routes(tool), {}, home)
    everything = " ".join([*start.environment.values(), *start.arguments])
    assert f"{BASE}/{tool.kinds[0]}" in everything
    assert KEY in " ".join(start.environment.values())
    assert KEY not in " ".join(start.arguments)
    assert not set(tool.conflicting) & start.environment.keys()


def test_opencode_keeps_what_a_person_configures_herself(home: Path) -> None:
    given = {"theme": "dark", "provider": {"anthropic": {"models": {"m": {}}, "options": {"a": 1}}}}
    start = OPENCODE.starting(
        routes(OPENCODE)[:1], {"OPENCODE_CONFIG_CONTENT": json.dumps(given)}, home
    )
    merged = json.loads(start.environment["OPENCODE_CONFIG_CONTENT"])
    assert (merged["theme"], merged["enabled_providers"]) == ("dark", ["anthropic"])
    assert merged["provider"]["anthropic"] == {
        "models": {"m": {}},
        "options": {"a": 1, "baseURL": f"{BASE}/anthropic/v1", "apiKey": KEY},
    }
    with pytest.raises(BadSettings, match="OPENCODE_CONFIG_CONTENT"):
        OPENCODE.starting(routes(OPENCODE), {"OPENCODE_CONFIG_CONTENT": "{"}, home)


def test_gemini_is_not_started_where_its_settings_lead_past_the_gateway(home: Path) -> None:
    with pytest.raises(BadSettings, match="has no way of signing in"):
        GEMINI.starting(routes(GEMINI), {}, home)
    choose(home / ".gemini", "gemini-api-key")
    GEMINI.starting(routes(GEMINI), {}, home)
    choose(home / "system", "oauth-personal")
    system = {"GEMINI_CLI_SYSTEM_SETTINGS_PATH": str(home / "system" / "settings.json")}
    with pytest.raises(BadSettings, match="'oauth-personal'"):
        GEMINI.starting(routes(GEMINI), system, home)


@pytest.mark.parametrize(
    ("command", "tool"),
    [
        ("claude", CLAUDE),
        ("/usr/local/bin/codex", CODEX),
        ("gemini.cmd", GEMINI),
        ("Claude.exe", CLAUDE),
        ("aider", ANYTHING),
        ("claude-wrapper", ANYTHING),
    ],
)
def test_a_tool_is_known_by_the_name_of_its_program(command: str, tool: Tool) -> None:
    assert tool_of(command) is tool


def test_cursors_own_programs_are_sent_to_its_hooks() -> None:
    with pytest.raises(BadSettings, match="hook install cursor"):
        tool_of("cursor-agent")


ANTHROPIC = connection("anthropic", "anthropic")
OTHER = connection("anthropic-eu", "anthropic")
OPENAI = connection("openai", "openai")


@pytest.mark.parametrize(
    ("tool", "there", "chosen", "given"),
    [
        (CLAUDE, (OPENAI, ANTHROPIC), (), (ANTHROPIC,)),
        (CLAUDE, (ANTHROPIC, OTHER), (), (ANTHROPIC,)),
        (CLAUDE, (ANTHROPIC, OTHER), ("anthropic-eu",), (OTHER,)),
        (CODEX, (OPENAI, ANTHROPIC), (), (OPENAI,)),
        (OPENCODE, (OPENAI, ANTHROPIC), (), (ANTHROPIC, OPENAI)),
        (OPENCODE, (OPENAI, ANTHROPIC), ("openai",), (OPENAI,)),
    ],
)
def test_a_tool_is_given_the_connections_of_its_kinds(
    tool: Tool,
    there: tuple[OfferedConnection, ...],
    chosen: tuple[str, ...],
    given: tuple[OfferedConnection, ...],
) -> None:
    assert routed(tool, there, chosen) == given


@pytest.mark.parametrize(
    ("there", "chosen", "told"),
    [
        ((OPENAI,), (), "needs a connection of the kind anthropic"),
        ((ANTHROPIC,), ("gone",), "no connection 'gone'"),
        ((OPENAI, ANTHROPIC), ("openai",), "none of openai is one"),
        ((OTHER, connection("second", "anthropic")), (), "anthropic-eu, second"),
    ],
)
def test_where_none_fits_or_several_do_it_is_said(
    there: tuple[OfferedConnection, ...], chosen: tuple[str, ...], told: str
) -> None:
    with pytest.raises(BadSettings, match=told):
        routed(CLAUDE, there, chosen)
