"""LangChain, LiteLLM and the Vercel AI SDK: a program on each asks, waits, and is refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from tests.clients.agents import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

Json: TypeAlias = "dict[str, Any]"
PROGRAMS = Path(__file__).parent / "programs"
PYTHON = ROOT / ".clients" / "venv" / "bin" / "python"
MODULES = ROOT / ".clients" / "node_modules"
KEY = "AKIAIOSFODNN7EXAMPLE"
DENIAL = {"category": "Not allowed by policy", "reason": "Use the lunar simulator"}

_LAST_RESORT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Framework:
    """A program, and what its developer sees of a refusal: at once, and in a stream that was held.

    `path` is of the gateway's, `needs` what has to be installed.
    """

    name: str
    command: tuple[Path | str, ...]
    needs: Path
    path: str
    refused: str
    refused_in_stream: str

    def __str__(self) -> str:
        return self.name


def _vercel(provider: str, path: str, refused: str, in_stream: str) -> Framework:
    command = ("node", PROGRAMS / "with_ai_sdk.mjs", f"{MODULES}/", provider)
    needs = MODULES / "ai"
    return Framework(f"ai-sdk-{provider}", command, needs, path, refused, in_stream)


FRAMEWORKS = (
    Framework(
        "langchain",
        (PYTHON, PROGRAMS / "with_langchain.py"),
        PYTHON,
        "openai/v1",
        "OpenAIPermissionDeniedError",
        "APIError",
    ),
    Framework(
        "litellm",
        (PYTHON, PROGRAMS / "with_litellm.py"),
        PYTHON,
        "openai/v1",
        "APIError",
        "MidStreamFallbackError",
    ),
    _vercel("openai", "openai/v1", "AI_APICallError", "AI_APICallError"),
    _vercel("anthropic", "anthropic/v1", "AI_APICallError", "AI_StreamProviderError"),
)


class Program:
    """A running program; asks one thing after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    async def ask(self, prompt: str, model: str = "sandbox-1", *, stream: bool = False) -> Json:
        return await asyncio.to_thread(
            self._ask, {"prompt": prompt, "model": model, "stream": stream}
        )

    def _ask(self, asked: Json) -> Json:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: Json = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def started(framework: Framework, house: House, token: str, home: Path) -> Iterator[Program]:
    url = f"{house.url}/{framework.path}"
    keys = {f"{name}API_KEY": token for name in ("", "OPENAI_")}
    urls = {f"{name}BASE_URL": url for name in ("", "OPENAI_")}
    # It would fetch a list of prices.
    local = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **keys, **urls, **local}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        framework.command, env=env, stdin=pipe, stdout=pipe, text=True, cwd=home
    ) as process:
        yield Program(process)
        process.communicate()


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=str)
async def test_a_program_is_answered_waits_and_reads_why_it_was_refused(
    framework: Framework,
    house: House,
    idp: IdpDriver,
    model: ModelDriver,
    slack: SlackDriver,
    case: str,
    tmp_path: Path,
) -> None:
    if not framework.needs.exists():
        pytest.skip(f"{framework} is not installed: `make agents` does it")
    maria = await slack.user("maria")
    with started(framework, house, await idp.token("alice"), tmp_path) as program:
        assert case in (await program.ask(f"Say hello to {case}"))["said"]
        assert case in (await program.ask(f"Say hello to {case}", stream=True))["said"]

        async with asyncio.TaskGroup() as tasks:
            held = tasks.create_task(program.ask(f"Fly to the moonbase, {case}", stream=True))
            card = await maria.wait_for_message(case, channel="approvals")
            await asyncio.sleep(3)  # a manager reads
            assert len(await model.requests()) == 2
            await maria.click(card, "Approve")
        assert case in held.result()["said"]

        refused = await program.ask(f"Build the doomsday machine, {case}")
        assert refused["error"] == framework.refused
        assert "There is no such thing." in refused["message"]

        async with asyncio.TaskGroup() as tasks:
            other = f"{case}-2"
            denied = tasks.create_task(program.ask(f"Leave the moonbase, {other}", stream=True))
            card = await maria.wait_for_message(other, channel="approvals")
            await asyncio.sleep(1)  # the stream begins meanwhile
            await maria.click(card, "Deny…")
            await maria.submit(DENIAL)
        assert denied.result()["error"] == framework.refused_in_stream
        assert "Use the lunar simulator" in denied.result()["message"]
        assert len(await model.requests()) == 3

        masked = await program.ask(f"Why is {KEY} refused?", "sandbox-leaky", stream=True)
        assert "[aws-access-key-id]" in masked["said"]
        assert KEY not in masked["said"]
        assert KEY.encode() not in (await model.requests())[-1].body
