"""`abeyance hook` as a tool runs it: an event on standard input, a gateway that speaks HTTP."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from workstation.hook.gate import SignedOut, find_gate
from workstation.sign_in.session import SessionFile, SignInSession
from workstation.workplace import Workplace, save_workplace

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TOOLS = ("claude", "codex", "cursor")
ALLOW = {"state": "decided", "decision": "allow", "message": "", "rules": []}
DENY = ALLOW | {"decision": "deny", "message": "Maria says no.", "card": "9PM4BY"}
WAITING = {"state": "waiting", "card": "9PM4BY", "message": "Waiting for managers in Slack"}
FAULT = {"code": "internal_error", "message": "Something went wrong in the gateway."}
# Most of an hour that nobody waits for; a hook that lives on after a test is ended by it.
SECONDS = 30


@dataclass
class Gateway:
    """Answers `POST /-/evaluate` with the lines it is given, after `decide` where it holds."""

    url: str
    asked: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue)
    tokens: SimpleQueue[str] = field(default_factory=SimpleQueue)
    said: list[Any] = field(default_factory=lambda: [ALLOW])
    status: int = 200
    interruptions: int = 0
    """How many connections end after the first line."""
    decide: Event | None = None

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        self.tokens.put(handler.headers["authorization"])
        self.asked.put(json.loads(body) | {"path": handler.path})
        handler.send_response(self.status)
        handler.end_headers()
        for line in self.said:
            text = line if isinstance(line, str) else json.dumps(line)
            handler.wfile.write(f"{text}\n".encode())
            handler.wfile.flush()
            if self.interruptions:
                self.interruptions -= 1
                return
            if self.decide and line is WAITING:
                self.decide.wait(SECONDS)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            gateway.answer(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway = Gateway(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield gateway
    if gateway.decide:
        gateway.decide.set()
    server.shutdown()
    server.server_close()
    thread.join()


def event(tool: str) -> dict[str, Any]:
    if tool == "cursor":
        said = {"hook_event_name": "beforeShellExecution", "command": "ls", "cwd": "/src"}
        return {"cursor_version": "3.11.2", "conversation_id": "c-1", "generation_id": "g-1"} | said
    said = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "ls"}}
    return {"session_id": "s-1", "cwd": "/src", "tool_use_id": "t-1"} | said


@contextmanager
def hook(
    tool: str, said: object, url: str, *options: str, python: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    env = {"PATH": os.environ["PATH"], "ABEYANCE_GATEWAY_URL": url, "ABEYANCE_TOKEN": "token"}
    command = [sys.executable, *python, "-m", "cli", "hook", tool, *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env, cwd=ROOT
    ) as process:
        assert process.stdin
        process.stdin.write(said if isinstance(said, str) else json.dumps(said))
        process.stdin.close()
        process.stdin = None
        yield process
        process.kill()


def run(tool: str, said: object, url: str, *options: str, **more: Any) -> tuple[int, str, str]:  # noqa: ANN401
    with hook(tool, said, url, *options, **more) as process:
        printed, errors = process.communicate(timeout=SECONDS)
    return process.returncode, printed, errors


def blocked(tool: str, ended: tuple[int, str, str]) -> str:
    """Return the words with which a tool call was blocked, in the form that the tool reads."""
    code, printed, errors = ended
    assert errors == ""
    assert code == 0
    document = json.loads(printed)
    if tool == "cursor":
        assert document["permission"] == "deny"
        return str(document["user_message"])
    specific = document["hookSpecificOutput"]
    assert specific["permissionDecision"] == "deny"
    return str(specific["permissionDecisionReason"])


@pytest.mark.parametrize("tool", TOOLS)
def test_a_held_call_goes_on_once_somebody_approves(tool: str, gateway: Gateway) -> None:
    gateway.decide, gateway.said = Event(), [WAITING, WAITING, ALLOW]
    with hook(tool, event(tool), gateway.url, "--wait", "600") as process:
        asked = gateway.asked.get(timeout=SECONDS)
        assert process.poll() is None
        gateway.decide.set()
        printed, _ = process.communicate(timeout=SECONDS)
    assert json.loads(printed) == ({"permission": "allow"} if tool == "cursor" else {})
    assert asked["tool"] == {"claude": "claude-code"}.get(tool, tool)
    assert asked["path"] == "/-/evaluate"
    assert 590 <= asked["patience"] < 600
    assert gateway.tokens.get() == "Bearer token"


@pytest.mark.parametrize("tool", TOOLS)
def test_a_denial_comes_in_the_words_of_who_denied(tool: str, gateway: Gateway) -> None:
    gateway.said = [DENY]
    assert blocked(tool, run(tool, event(tool), gateway.url)) == "Maria says no."


@pytest.mark.parametrize("tool", TOOLS)
def test_without_a_gateway_nothing_goes_on(tool: str) -> None:
    said = blocked(tool, run(tool, event(tool), "http://127.0.0.1:1"))
    assert "did not answer" in said
    assert "abeyance doctor --workstation" in said


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (401, [{"error": {"message": "Your token has expired."}}], "abeyance login"),
        (400, [{"error": {"message": "The request has no prompt."}}], "has no prompt"),
        (502, ["<html>proxy</html>"], "status 502"),
        (200, ["<html>a page</html>"], "does not answer as Abeyance's gateway does"),
        (200, ["[]"], "does not answer as Abeyance's gateway does"),
        (200, [ALLOW | {"decision": "maybe"}], "does not answer as Abeyance's gateway does"),
        (200, [ALLOW | {"arguments": "ls"}], "does not answer as Abeyance's gateway does"),
        (200, [], "without a decision"),
        (200, [WAITING, {"state": "failed", "error": FAULT}], "Something went wrong"),
    ],
)
def test_an_answer_without_a_decision_blocks(
    gateway: Gateway, status: int, said: list[Any], words: str
) -> None:
    gateway.status, gateway.said = status, said
    assert words in blocked("claude", run("claude", event("claude"), gateway.url))


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("said", ["", "[]", '{"hook_event_name": "New"}'])
def test_an_event_that_cannot_be_read_blocks(tool: str, said: str, gateway: Gateway) -> None:
    code, printed, errors = run(tool, said, gateway.url)
    if tool == "cursor":
        document = json.loads(printed)
        assert (document["continue"], document["permission"]) == (False, "deny")
    else:
        assert (code, printed) == (2, "")
        assert "Abeyance" in errors


@pytest.mark.parametrize("tool", TOOLS)
def test_a_hook_that_is_stopped_while_it_waits_blocks(tool: str, gateway: Gateway) -> None:
    gateway.decide, gateway.said = Event(), [WAITING, ALLOW]
    with hook(tool, event(tool), gateway.url) as process:
        gateway.asked.get(timeout=SECONDS)
        process.send_signal(signal.SIGTERM)
        printed, errors = process.communicate(timeout=SECONDS)
    assert "stopped" in blocked(tool, (process.returncode, printed, errors))


def test_a_lost_connection_is_asked_again_and_finds_the_same_hold(gateway: Gateway) -> None:
    gateway.said, gateway.interruptions = [WAITING, ALLOW], 3
    assert run("claude", event("claude"), gateway.url)[1] == "{}\n"
    asked = [gateway.asked.get() for _ in range(4)]
    assert {each["call_id"] for each in asked} == {"t-1"}


def test_the_command_names_the_gateway_and_the_environment_cannot(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run("claude", event("claude"), "http://127.0.0.1:1", "--gateway", gateway.url)
    assert ended[1] == "{}\n"
    monkeypatch.setenv("ABEYANCE_TOKEN", "token")
    monkeypatch.setenv("ABEYANCE_FORWARDER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ABEYANCE_FORWARDER_KEY", "key")
    assert find_gate(gateway.url) == (gateway.url, "token")


def test_cursor_gets_its_own_words_from_a_hook_of_claude_code(gateway: Gateway) -> None:
    said = event("cursor") | {"hook_event_name": "preToolUse"}
    said |= {"tool_name": "Shell", "tool_input": {"command": "ls"}}
    assert json.loads(run("claude", said, gateway.url)[1]) == {"permission": "allow"}
    assert gateway.asked.get()["tool"] == "cursor"


@pytest.fixture
def signed_in(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SignInSession:
    """What `abeyance login` leaves, in folders of the test."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    workplace = Workplace(gateway.url, "https://login.example.com")
    save_workplace(workplace)
    session = SignInSession("kept", time.time(), time.time() + 3600, time.time())
    SessionFile(workplace).write(session)
    return session


@pytest.mark.usefixtures("signed_in")
def test_a_hook_needs_nothing_but_the_standard_library(gateway: Gateway, tmp_path: Path) -> None:
    python = [sys.executable, "-S", "-X", "importtime"]  # without site-packages
    folders = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    ended = subprocess.run(
        [*python, "-m", "cli", "hook", "claude"],
        input=json.dumps(event("claude")),
        capture_output=True,
        check=True,
        text=True,
        env={"PATH": os.environ["PATH"]} | folders,
        cwd=ROOT,
    )
    assert ended.stdout == "{}\n"
    assert gateway.tokens.get() == "Bearer kept"
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    ours = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in ours if not name.startswith(("workstation.hook", "cli."))} <= {
        *("cli", "workstation", "workstation.environment", "workstation.origin"),
        "workstation.checkout",
        "imported package",
    }


def test_a_hook_costs_less_than_150_ms(gateway: Gateway) -> None:
    def cost() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("claude", event("claude"), gateway.url)[1] == "{}\n"
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Of the processor, which a busy machine does not stretch; and it includes reading the answer.
    assert min(cost() for _ in range(5)) < 0.15


def test_a_sign_in_that_has_ended_blocks_and_says_so(
    gateway: Gateway, signed_in: SignInSession
) -> None:
    assert find_gate("") == (gateway.url, signed_in.access_token)
    workplace = Workplace(gateway.url, "https://login.example.com")
    began = time.time() - 7200
    SessionFile(workplace).write(SignInSession("over", began, began + 3600, began))
    with pytest.raises(SignedOut, match="abeyance login"):
        find_gate("")


def test_the_forwarder_of_exec_is_asked_with_its_key(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABEYANCE_FORWARDER_URL", gateway.url)
    monkeypatch.setenv("ABEYANCE_FORWARDER_KEY", "key")
    assert find_gate("") == (gateway.url, "key")
