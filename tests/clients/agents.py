"""Real agents, set up as `docs/agents.md` tells, and kept from calling home."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / ".clients" / "node_modules" / ".bin"
PATIENCE_SECONDS = 5
CARD_SECONDS = 240
"""How long a card is waited for: an agent starts slowly on a busy machine."""
_LAST_RESORT_SECONDS = 360
SPARING = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "GEMINI_CLI_NO_RELAUNCH": "true",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_MODELS_PATH": str(Path(__file__).with_name("models.json")),
    "BUN_JSC_useConcurrentGC": "0",
    "BUN_JSC_useFTLJIT": "0",
    **{f"BUN_JSC_{size}HeapSize": "500000000" for size in ("small", "medium", "large")},
}
"""What makes a start cheap: no agent calls home, Gemini CLI starts once, and opencode reads a short
list of models, compiles and collects less."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a developer writes down: variables, flags before the prompt, and files below HOME."""

    arguments: list[str]
    env: dict[str, str]
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that is given one prompt, prints what it says and ends."""

    program: str
    wire: str
    """The connection that it uses."""
    setup: Callable[[str, str, str, float], Setup]
    """By gateway, token, model and the seconds of patience that it is given; 0: its own."""
    notes: str
    """The file of a folder that it sends with each request."""
    again: tuple[str, ...] = ()
    """What goes before a prompt that goes on with the last conversation, where it is tried."""
    requests: int = 1
    """How many requests it sends for a prompt without tools; opencode also asks for a title."""

    variant: str = ""

    def __str__(self) -> str:
        return self.program + self.variant


@dataclass(frozen=True, slots=True)
class Ended:
    screen: str
    code: int
    pieces: tuple[tuple[float, str], ...] = ()
    """What came on the screen, each with its moment on the clock of the event loop."""

    def moment_of(self, words: str) -> float:
        """Return when the words were on the screen. Raises ValueError where they never were."""
        so_far = ""
        for moment, text in self.pieces:
            so_far += text
            if words in so_far:
                return moment
        raise ValueError(f"{words!r} is not on the screen: {self.screen}")


@dataclass(slots=True)
class Desk:
    """A developer's machine: HOME and a folder to work in, behind one gateway."""

    home: Path
    work: Path
    gateway: str
    token: str

    async def run(
        self,
        agent: Agent,
        prompt: str,
        model: str = "sandbox-1",
        patience: float = 0,
        env: Mapping[str, str] = MappingProxyType({}),
        *,
        again: bool = False,
        flags: Sequence[str] = (),
    ) -> Ended:
        """Run the agent to its end; `env` and `flags` go beside what a developer sets up.

        With `again` the prompt is the next of the last conversation in the folder.
        Raises TimeoutError where it comes to none.
        """
        setup = agent.setup(self.gateway, self.token, model, patience)
        for name, text in setup.files.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.work.mkdir(parents=True, exist_ok=True)
        bare = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TERM": "dumb", "NO_COLOR": "1"}
        bare |= SPARING
        process = await asyncio.create_subprocess_exec(
            PROGRAMS / agent.program,
            *setup.arguments,
            *(agent.again if again else ()),
            *flags,
            prompt,
            cwd=self.work,
            env={**bare, **setup.env, **env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_LAST_RESORT_SECONDS):
                pieces = await _read(process)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return Ended("".join(text for _, text in pieces), process.returncode or 0, pieces)


async def _read(process: asyncio.subprocess.Process) -> tuple[tuple[float, str], ...]:
    assert process.stdout is not None
    decoder, pieces = getincrementaldecoder("utf-8")(), []
    while data := await process.stdout.read(65536):
        pieces.append((asyncio.get_running_loop().time(), decoder.decode(data)))
    await process.wait()
    return tuple(pieces)


def _claude(gateway: str, token: str, model: str, patience: float) -> Setup:
    env = {
        "ANTHROPIC_BASE_URL": f"{gateway}/anthropic",
        "ANTHROPIC_AUTH_TOKEN": token,
    }
    if patience:
        env["API_TIMEOUT_MS"] = f"{patience * 1000:.0f}"
    return Setup(["--model", model, "--allowedTools=Bash", "-p"], env)


def _codex(gateway: str, token: str, model: str, patience: float) -> Setup:
    config = f"""
model = "{model}"
model_provider = "abeyance"
[model_providers.abeyance]
name = "Abeyance"
base_url = "{gateway}/openai/v1"
env_key = "ABEYANCE_TOKEN"
wire_api = "responses"
{_codex_timeout(patience) if patience else ""}
[analytics]
enabled = false
"""
    arguments = ["exec", "--skip-git-repo-check", "--sandbox", "danger-full-access"]
    return Setup(arguments, {"ABEYANCE_TOKEN": token}, {".codex/config.toml": config})


def _codex_timeout(patience: float) -> str:
    """Set it, and tell the gateway, which gets no word of it otherwise."""
    return (
        f"stream_idle_timeout_ms = {patience * 1000:.0f}\n"
        f'http_headers = {{ "x-stainless-timeout" = "{patience:.0f}" }}'
    )


def _gemini(gateway: str, token: str, model: str, _patience: float) -> Setup:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"disableAutoUpdate": True, "disableUpdateNag": True},
    }
    env = {"GOOGLE_GEMINI_BASE_URL": f"{gateway}/gemini", "GEMINI_API_KEY": token}
    arguments = ["--model", model, "--yolo", "--skip-trust", "--prompt"]
    return Setup(arguments, env, {".gemini/settings.json": json.dumps(settings)})


def _opencode(
    gateway: str, token: str, model: str, patience: float, *, package: str, path: str
) -> Setup:
    options: dict[str, object] = {"baseURL": f"{gateway}/{path}", "apiKey": token}
    if patience:
        options["chunkTimeout"] = int(patience * 1000)
        options["headers"] = {"x-stainless-timeout": f"{patience:.0f}"}
    config = {
        "provider": {"abeyance": {"npm": package, "options": options, "models": {model: {}}}},
        "model": f"abeyance/{model}",
        "small_model": f"abeyance/{model}",
        "autoupdate": False,
        "share": "disabled",
    }
    return Setup(["run"], {"OPENCODE_CONFIG_CONTENT": json.dumps(config)})


def _opencode_messages(gateway: str, token: str, model: str, patience: float) -> Setup:
    package, path = "@ai-sdk/anthropic", "anthropic/v1"
    return _opencode(gateway, token, model, patience, package=package, path=path)


def _opencode_gemini(gateway: str, token: str, model: str, patience: float) -> Setup:
    package, path = "@ai-sdk/google", "gemini/v1beta"
    return _opencode(gateway, token, model, patience, package=package, path=path)


CLAUDE = Agent("claude", "anthropic", _claude, "CLAUDE.md", ("--continue",))
CODEX = Agent("codex", "openai", _codex, "AGENTS.md", ("resume", "--last"))
GEMINI = Agent("gemini", "gemini", _gemini, "GEMINI.md")
OPENCODE = Agent(
    "opencode", "anthropic", _opencode_messages, "AGENTS.md", ("--continue",), requests=2
)
OPENCODE_GEMINI = Agent(
    "opencode", "gemini", _opencode_gemini, "AGENTS.md", requests=2, variant="-on-gemini"
)
AGENTS = (CLAUDE, CODEX, GEMINI, OPENCODE)
