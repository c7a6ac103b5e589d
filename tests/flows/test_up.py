"""`abeyance up` as on a new machine: everything starts, is found again, and stops on Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import stat
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from app.settings import POLICIES
from tests.conftest import free_port, wait_until_accepting

PORTS = (
    "ABEYANCE_PORT",
    "ABEYANCE_EMBEDDED_MONGODB_PORT",
    "ABEYANCE_SANDBOX_SLACK_PORT",
    "ABEYANCE_SANDBOX_IDP_PORT",
    "ABEYANCE_SANDBOX_MODEL_PORT",
)
GIVEN = ("MONGODB_URI", "ABEYANCE_MONGODB_URI", "ABEYANCE_ISSUERS", "ABEYANCE_SLACK_BOT_TOKEN")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A machine where nothing is given, with ports that nobody uses."""
    inherited = {name: value for name, value in os.environ.items() if name not in GIVEN}
    ports = {name: str(free_port()) for name in PORTS}
    return inherited | ports | {"ABEYANCE_DATA": str(tmp_path / "data"), "COLUMNS": "80"}


def start(env: dict[str, str], cwd: Path | None = None) -> tuple[subprocess.Popen[str], str]:
    """Start it and return what it shows until it says how to stop it."""
    up = subprocess.Popen(
        [sys.executable, "-m", "cli", "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        text=True,
    )
    assert up.stdout is not None
    shown = []
    for line in up.stdout:
        shown.append(line)
        if "Ctrl-C" in line:
            break
    return up, "".join(shown)


def interrupt(up: subprocess.Popen[str]) -> str:
    up.send_signal(signal.SIGINT)
    rest, _ = up.communicate(timeout=30)
    assert up.returncode == 0, rest
    return rest


def test_it_shows_where_things_are_stops_cleanly_and_finds_its_data_again(
    env: dict[str, str],
) -> None:
    up, shown = start(env)
    try:
        for name in PORTS:
            assert name == "ABEYANCE_EMBEDDED_MONGODB_PORT" or env[name] in shown, shown
        for part in ("the database", "the sandbox", "the gateway", "the Slack bot"):
            assert f"Starting {part}" in shown
        for line in shown.splitlines():
            # An address and all of its line, or nothing that a terminal would cut.
            assert len(line) <= 80 or line.startswith(
                ("curl", "Logs and data", "  ABEYANCE_DATA=")
            ), line
        curl = next(line for line in shown.splitlines() if line.startswith("curl"))
        allowed = curl.replace("deploys this to production", "says hello").replace(
            "curl -sS", "curl -sS -D -"
        )
        answer = subprocess.run(["bash", "-c", allowed], capture_output=True, text=True, check=True)
        assert "abeyance-decision: allowed" in answer.stdout, answer
        session = re.search(r"abeyance-session: (\w+)", answer.stdout)
        assert session
    finally:
        interrupt(up)
    for name in PORTS:
        socket.create_server(("127.0.0.1", int(env[name]))).close()
    up, _ = start(env)
    try:
        token = (
            f"$(curl -s http://127.0.0.1:{env['ABEYANCE_SANDBOX_IDP_PORT']}/sandbox/token/alice)"
        )
        url = f"http://127.0.0.1:{env['ABEYANCE_PORT']}/-/sessions/{session[1]}"
        command = f'curl -s {url} -H "Authorization: Bearer {token}"'
        found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        assert '"decision":"allowed"' in found.stdout
    finally:
        interrupt(up)


def test_a_taken_port_is_told_with_the_setting_that_changes_it(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(env["ABEYANCE_SANDBOX_SLACK_PORT"]))):
        up = subprocess.run(
            [sys.executable, "-m", "cli", "up"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    assert up.returncode == 2
    assert f"ABEYANCE_SANDBOX_SLACK_PORT={env['ABEYANCE_SANDBOX_SLACK_PORT']} is taken" in up.stderr
    assert "Traceback" not in up.stderr


@pytest.mark.parametrize("process", ["gateway", "bot"])
def test_production_refuses_to_start_without_what_it_needs_and_names_it_all(
    env: dict[str, str], process: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "cli", process], env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "MONGODB_URI" in run.stderr
    needed = {"gateway": "ABEYANCE_ISSUERS", "bot": "ABEYANCE_SLACK_BOT_TOKEN"}[process]
    assert needed in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_nothing_goes_on_behind_the_back_of_who_started_it(
    env: dict[str, str], number: signal.Signals
) -> None:
    up, _ = start(env)
    children = [int(pid) for pid in _children(up.pid)]
    assert len(children) >= 4
    up.send_signal(number)
    up.communicate(timeout=30)
    for child in children:
        _wait_until_gone(child)


def _children(parent: int) -> list[str]:
    found = subprocess.run(
        ["pgrep", "--parent", str(parent)], capture_output=True, text=True, check=True
    )
    return found.stdout.split()


def _wait_until_gone(pid: int) -> None:
    """Wait on the process itself; it is not our child, so its descriptor tells its end."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([descriptor], [], [], 20)
    finally:
        os.close(descriptor)
    assert ended, f"process {pid} lives on"


def test_ctrl_c_during_the_start_ends_it_without_a_traceback(env: dict[str, str]) -> None:
    up = subprocess.Popen(
        [sys.executable, "-m", "cli", "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        text=True,
    )
    wait_until_accepting(int(env["ABEYANCE_EMBEDDED_MONGODB_PORT"]), up)
    shown = interrupt(up)
    assert "Abeyance is up" not in shown
    assert "Traceback" not in shown


def test_a_second_start_in_the_same_folder_is_told_what_to_do(env: dict[str, str]) -> None:
    up, _ = start(env)
    try:
        second = subprocess.run(
            [sys.executable, "-m", "cli", "up"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        interrupt(up)
    assert second.returncode == 2
    assert "already running" in second.stderr
    assert "ABEYANCE_DATA" in second.stderr


def test_a_part_that_dies_takes_the_rest_down_and_its_log_is_named(
    env: dict[str, str],
) -> None:
    up, _ = start(env | {"ABEYANCE_LOG_LEVEL": "INFO"})
    children = subprocess.run(
        ["pgrep", "--parent", str(up.pid), "--full", "cli gateway"],
        capture_output=True,
        text=True,
        check=True,
    )
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    rest, _ = up.communicate(timeout=30)
    assert up.returncode == 2
    assert "gateway was killed by signal 9" in rest
    [log] = re.findall(r"Its log is (\S+)", rest)
    assert "gateway ready" in Path(log).read_text()
    assert "Traceback" not in rest


def five_free_ports() -> int:
    """Return the first of five ports in a row that are free."""
    for first in count(free_port(), -5):
        try:
            for port in range(first, first + 5):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise AssertionError


def test_one_setting_moves_all_ports_and_the_command_finds_what_runs_in_its_folder(
    env: dict[str, str], tmp_path: Path
) -> None:
    first = five_free_ports()
    env = {name: value for name, value in env.items() if name not in PORTS}
    env |= {"ABEYANCE_PORT": str(first), "ABEYANCE_DATA": ".abeyance"}
    env |= {"PYTHONPATH": str(POLICIES.parent)}

    def abeyance(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", *words],
            cwd=tmp_path,
            env=env,
            input="sk-upstream-0123456789",
            capture_output=True,
            text=True,
            check=False,
        )

    up, shown = start(env, cwd=tmp_path)
    try:
        for port in range(first, first + 4):
            assert f"http://127.0.0.1:{port}" in shown
        socket.create_connection(("127.0.0.1", first + 4)).close()
        typed = next(line for line in shown.splitlines() if line.endswith("connection list"))
        listed = subprocess.run(
            ["bash", "-c", f"{typed} --json"],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert {known["name"] for known in json.loads(listed.stdout)} == {
            "anthropic",
            "cursor",
            "gemini",
            "openai",
        }
        assert "using the Abeyance that runs in .abeyance" in listed.stderr
        added = abeyance("connection", "add", "mine", "https://api.example.com")
        assert added.returncode == 0, added.stderr
        for process in ("gateway", "bot"):
            assert "missing MONGODB_URI" in abeyance(process).stderr
        kept = tmp_path / ".abeyance" / "settings.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        env["MONGODB_URI"] = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
        assert "using" not in abeyance("connection", "list").stderr
        del env["MONGODB_URI"]
    finally:
        interrupt(up)
    assert "missing MONGODB_URI" in abeyance("connection", "list").stderr


def test_a_fault_at_the_start_is_told_in_a_sentence_with_its_log(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "rules.yaml").write_text("- {id: 1}")
    up, shown = start(env | {"ABEYANCE_CATALOG": str(tmp_path)})
    up.communicate(timeout=30)
    assert up.returncode == 2
    assert "gateway ended with exit code 2" in shown
    assert "rules.yaml" in shown
    assert Path(re.findall(r"Its log is (\S+)", shown)[0]).exists()
    assert "Traceback" not in shown
