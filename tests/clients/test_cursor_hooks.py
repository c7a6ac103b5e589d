"""Our hooks in the engine of Cursor's own SDK, which runs them as its editor and CLI do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.agents import PROGRAMS
from tests.clients.test_tool_calls import card_of, change
from workstation.hook.documents import hooks_for

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

ENGINE = Path(__file__).parent / "programs" / "cursor_hooks.mjs"
COMMON = {"conversation_id": "c-1", "generation_id": "g-1", "model": "composer-2"}
EVENTS: dict[str, dict[str, Any]] = {
    "beforeSubmitPrompt": {"prompt": "hello", "attachments": []},
    "preToolUse": {"tool_name": "Grep", "tool_input": {"pattern": "x"}, "tool_use_id": "t-1"},
    "beforeShellExecution": {"command": "ls", "cwd": "", "sandbox": False},
    "beforeMCPExecution": {"tool_name": "find", "tool_input": '{"q": "x"}', "command": "npx find"},
    "beforeReadFile": {"file_path": "a.txt", "content": "text", "attachments": []},
    "beforeTabFileRead": {"file_path": "a.txt", "content": "text"},
}
SECONDS = 120

pytestmark = pytest.mark.skipif(
    not (PROGRAMS.parent / "@cursor").exists(), reason="`make agents` installs Cursor's SDK"
)


class Cursor:
    """The engine in a project with our hooks."""

    def __init__(self, project: Path, env: dict[str, str]) -> None:
        self.project = project
        self.env = env

    def install(self, document: dict[str, Any]) -> None:
        file = self.project / ".cursor" / "hooks.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))

    async def ask(self, event: str, said: dict[str, Any]) -> dict[str, Any]:
        """Return what the engine makes of an event."""
        [answer] = await self.ask_all({event: said})
        return answer

    async def ask_all(self, events: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what it makes of each of them, all at once."""
        pipe = asyncio.subprocess.PIPE
        command = ("node", str(ENGINE), str(PROGRAMS.parent), str(self.project))
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.project, env=self.env, stdin=pipe, stdout=pipe
        )
        asked = [[event, COMMON | said] for event, said in events.items()]
        async with asyncio.timeout(SECONDS):
            printed, _ = await process.communicate(json.dumps(asked).encode())
        found = json.loads(printed)
        assert found["errors"] == []
        answers: list[dict[str, Any]] = found["answers"]
        return answers


@pytest.fixture
async def cursor(house: House, idp: IdpDriver, tmp_path: Path) -> Cursor:
    token = await idp.token("alice")
    env = {"ABEYANCE_GATEWAY_URL": house.url, "ABEYANCE_TOKEN": token, "HOME": str(tmp_path)}
    cursor = Cursor(tmp_path / "project", {"PATH": os.environ["PATH"]} | env)
    cursor.install(hooks_for("cursor", command=f"{sys.executable} -m cli"))
    return cursor


def blocks(answer: dict[str, Any]) -> bool:
    return answer.get("continue") is False or answer.get("permission") == "deny"


async def test_what_no_rule_names_goes_on(cursor: Cursor) -> None:
    prompt, *others = await cursor.ask_all(EVENTS)
    assert prompt == {"continue": True}
    assert others == [{"permission": "allow"}] * 5


async def test_without_the_gateway_nothing_goes_on(cursor: Cursor) -> None:
    cursor.env |= {"ABEYANCE_GATEWAY_URL": "http://127.0.0.1:1"}
    for answer in await cursor.ask_all(EVENTS):
        assert blocks(answer)
        assert "did not answer" in answer["user_message"]


@pytest.mark.parametrize(
    "hook",
    ["kill -9 $$", "kill -STOP $$", "exit 1", "abeyance-is-not-here", "echo garbage", "true"],
)
async def test_a_hook_that_fails_blocks(hook: str, cursor: Cursor) -> None:
    document = hooks_for("cursor", command=f"sh -c '{hook}' --")
    for entries in document["hooks"].values():
        entries[0]["timeout"] = 2  # of one that is stopped
    cursor.install(document)
    assert all(blocks(answer) for answer in await cursor.ask_all(EVENTS))


async def test_a_prompt_that_a_rule_denies_is_not_sent(cursor: Cursor, case: str) -> None:
    answer = await cursor.ask("beforeSubmitPrompt", {"prompt": f"Build a doomsday machine, {case}"})
    assert answer["continue"] is False
    assert "There is no such thing" in answer["user_message"]


async def test_a_held_command_waits_and_both_its_events_are_one_decision(
    cursor: Cursor, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    command = f"echo moonwalk {case}"
    call = {"tool_name": "Shell", "tool_input": {"command": command, "cwd": ""}}
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(cursor.ask("preToolUse", call | {"tool_use_id": "t-1"}))
        await maria.click(await card_of(maria, case), "Approve")
    assert first.result() == {"permission": "allow"}
    shell = {"command": command, "cwd": "", "sandbox": False}
    assert await cursor.ask("beforeShellExecution", shell) == {"permission": "allow"}
    assert sum(case in seen.words for seen in maria.messages("approvals")) == 1


async def test_a_changed_command_is_the_one_that_cursor_runs(
    cursor: Cursor, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    call = {"tool_name": "Shell", "tool_input": {"command": f"echo moonwalk {case}", "cwd": ""}}
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(cursor.ask("preToolUse", call | {"tool_use_id": "t-1"}))
        await change(maria, await card_of(maria, case), f"echo changed {case}")
    changed = {"command": f"echo changed {case}", "cwd": ""}
    assert asked.result() == {"permission": "allow", "updated_input": changed}
