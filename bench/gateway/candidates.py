"""The gateways that are measured side by side, each started as its users start it.

The floor and LiteLLM have environments of their own, made once in .bench: the floor of our own
pins, and without sniffio, which none of its packages asks for.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.processes import dying_with_us
from app.storage.embedded import embedded_server, embedded_uri
from bench.gateway import processes
from bench.gateway.loads import Target
from tests.conftest import free_port
from tests.flows.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / ".bench"
FLOOR = ("quart", "hypercorn", "httpx", "uvloop", "h11", "werkzeug", "flask", "anyio", "httpcore")
LITELLM = ("litellm[proxy]==1.110.2", "uvloop")
_START_SECONDS = 90
_PATTERNS = (
    *("aws_access_key", "aws_secret_key", "github_token", "slack_token", "generic_api_key"),
    *("openai_api_key", "anthropic_api_key", "credit_card", "us_ssn", "iban", "email"),
)


@dataclass(frozen=True)
class Candidate:
    name: str
    target: Callable[[], Target]
    processes: dict[str, int]
    """The process of each part: its gateway, and what it needs beside it."""

    def cpu(self) -> dict[str, float]:
        return {part: processes.seconds(pid) for part, pid in self.processes.items()}


def environment(name: str, packages: tuple[str, ...]) -> Path:
    """Make an environment where there is none, and return its folder of programs."""
    programs = ENVIRONMENTS / name / "bin"
    if not (programs / ".made").exists():
        subprocess.run([sys.executable, "-m", "venv", str(programs.parent)], check=True)
        quiet = ("install", "--quiet", "--disable-pip-version-check")
        subprocess.run([str(programs / "pip"), *quiet, *packages], check=True)
        (programs / ".made").touch()
    return programs


def floor_environment() -> Path:
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = tuple(line for line in pins if line.partition("==")[0] in FLOOR)
    return environment("floor", pinned)


@asynccontextmanager
async def model() -> AsyncIterator[int]:
    async with _running([sys.executable, "-m", "bench.gateway.model"]) as process:
        assert process.stdout is not None
        yield int(await process.stdout.readline())


@asynccontextmanager
async def floor(upstream: int) -> AsyncIterator[Candidate]:
    port, programs = free_port(), await asyncio.to_thread(floor_environment)
    bind = ("--bind", f"127.0.0.1:{port}", "--worker-class", "uvloop", "--log-level", "WARNING")
    command = [str(programs / "hypercorn"), *bind, "floor:app"]
    env = {**os.environ, "UPSTREAM": f"http://127.0.0.1:{upstream}"}
    async with _running(command, env=env, cwd=HERE) as process:
        await _listening(port, process)
        target = Target(port, "/v1/chat/completions", "key")
        yield Candidate("floor", lambda: target, {"gateway": process.pid})


@asynccontextmanager
async def litellm(upstream: int, name: str, *, filtered: bool) -> AsyncIterator[Candidate]:
    port, programs = free_port(), await asyncio.to_thread(environment, "litellm", LITELLM)
    api = {"api_base": f"http://127.0.0.1:{upstream}/v1", "api_key": "key"}
    models = [
        {"model_name": model, "litellm_params": {"model": f"openai/{model}", **api}}
        for model in ("whole", "bursts", "paced", "quick")
    ]
    settings: dict[str, object] = {"model_list": models}
    if filtered:
        patterns = [
            {"pattern_type": "prebuilt", "pattern_name": pattern, "action": "MASK"}
            for pattern in _PATTERNS
        ]
        guard = {
            "guardrail": "litellm_content_filter",
            "mode": ["pre_call", "post_call"],
            "default_on": True,
            "patterns": patterns,
        }
        settings["guardrails"] = [{"guardrail_name": "secrets", "litellm_params": guard}]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(json.dumps(settings))
        command = [str(programs / "litellm"), "--config", str(config), "--port", str(port)]
        env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        env["LITELLM_MASTER_KEY"] = "sk-bench"
        async with _running([*command, "--host", "127.0.0.1"], env=env, cwd=Path(folder)) as proxy:
            await _listening(port, proxy)
            target = Target(port, "/v1/chat/completions", "sk-bench")
            yield Candidate(name, lambda: target, {"gateway": proxy.pid})


@asynccontextmanager
async def ours(upstream: int) -> AsyncIterator[Candidate]:
    """The whole product: embedded database, shipped catalog, a token checked, all recorded."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        port = free_port()
        server = embedded_server(port, folder / "mongodb", folder / "mongodb.log")
        database = await stack.enter_async_context(server)
        # As by default; the house of the tests reads connections for each request.
        fresh = {"ABEYANCE_CONNECTIONS_SECONDS": "1"}
        house = House(folder, embedded_uri(port), settings=fresh)
        stack.push_async_callback(asyncio.to_thread, house.close)
        # Processes are started and stopped without a loop of ours running.
        await asyncio.to_thread(house.open)
        await house.register("bench", f"http://127.0.0.1:{upstream}/v1", "key")
        async with house.idp() as idp:
            token = await idp.token("alice")
        listening = int(house.url.rpartition(":")[2])
        target = Target(listening, "/bench/chat/completions", token)
        parts = {
            "gateway": house.gateway.process.pid,
            "database": database.pid,
            "bot": house.bot.process.pid,
        }
        yield Candidate("Abeyance", lambda: target, parts)


@asynccontextmanager
async def _running(
    command: list[str], *, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> AsyncIterator[asyncio.subprocess.Process]:
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *dying_with_us(command), stdout=asyncio.subprocess.PIPE, stderr=log, env=env, cwd=cwd
        )
        try:
            yield process
        except Exception:
            log.seek(0)
            print(log.read()[-4000:].decode(errors="replace"), file=sys.stderr)
            raise
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
    raise RuntimeError(f"it ended at its start with {process.returncode}")
