"""The commands of a workstation, installed with the base dependencies alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
OURS = ("app", "bot", "cli", "policies", "proxy", "workstation")
SERVERS = re.compile(r"\|\s+((?:app(?!\.errors\b)\.\w+|bot|policies|proxy|sandbox)[\w.]*)$")
SETUP = [
    *("--gateway", "https://gateway.example.com"),
    *("--connection", "anthropic", "--connection", "openai"),
    "--dry-run",
]


def closure(names: list[str]) -> dict[str, Path]:
    """Return each distribution that the named ones need, with its folder of metadata."""
    found: dict[str, Path] = {}
    while names:
        asked = Requirement(names.pop())
        name = asked.name.lower().replace("_", "-")
        extras = asked.extras or {""}
        if asked.marker and not asked.marker.evaluate():
            continue
        if name in found:
            continue
        there = distribution(name)
        found[name] = Path(str(there.locate_file("")))
        for line in there.requires or []:
            needed = Requirement(line)
            if not needed.marker or any(needed.marker.evaluate({"extra": e}) for e in extras):
                needed.marker = None
                names.append(str(needed))
    return found


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with what pyproject.toml says for a workstation."""
    place = tmp_path_factory.mktemp("workstation") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    scheme = {"base": str(place), "platbase": str(place)}
    site = Path(sysconfig.get_path("purelib", "venv", scheme))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name in closure(list(project["dependencies"])):
        there = distribution(name)
        for file in there.files or []:
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(there.locate_file(file)), site / file)
    for package in OURS:
        shutil.copytree(ROOT / package, site / package, ignore=shutil.ignore_patterns("*.pyc"))
    return place / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def run(python: Path, home: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command there, far from this repository; report each module that it loads."""
    return subprocess.run(
        [python, "-X", "importtime", "-m", "cli", *words],
        cwd=home,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        input=given,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--help"], 0, "workstation|doctor"),
        (["login", "--help"], 0, "--print"),
        (["exec", "--help"], 0, "gateway"),
        (["env", "--help"], 0, "gateway"),
        (["key", "--help"], 0, "create"),
        (["fleet", "--help"], 0, "managed"),
        (["hook", "install", "--help"], 0, "--fleet"),
        (["setup", "claude", *SETUP], 0, "apiKeyHelper"),
        (
            ["setup", "codex", *SETUP[:2], "--connection", "openai", "--dry-run"],
            0,
            "model_provider",
        ),
        (["doctor", "--workstation", "--json"], 1, '"covered": false'),
        (["hook", "claude", "--wait", "10"], 0, "deny|block"),
    ],
    ids=lambda words: "-".join(words[:2]) if isinstance(words, list) else "",
)
def test_a_command_of_a_workstation_needs_nothing_of_the_server(
    words: list[str], code: int, said: str, python: Path, tmp_path: Path
) -> None:
    event = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "x", "cwd": "/"}
    done = run(python, tmp_path, *words, given=json.dumps(event))
    told = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert done.returncode == code, told
    assert re.search(said, done.stdout), told
    loaded = [found[1] for line in done.stderr.splitlines() if (found := SERVERS.search(line))]
    assert not loaded


@pytest.mark.parametrize("words", [["gateway"], ["bot"], ["doctor"], ["policy", "check"]])
def test_a_command_of_the_server_says_what_to_install(
    words: list[str], python: Path, tmp_path: Path
) -> None:
    done = run(python, tmp_path, *words)
    assert done.returncode == 2
    assert "pip install 'abeyance[server]'" in done.stderr
    assert "Traceback" not in done.stderr
