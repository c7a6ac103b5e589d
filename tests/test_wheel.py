"""The wheel, installed in an environment of their own, far from the checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from app.vault import Vault
from policies.matching.kept import KEPT
from tests.flows.house import Process

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = [
    pattern.removesuffix("*")
    for pattern in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
]
LEFT_OUT = shutil.ignore_patterns("__pycache__")
ISSUERS = '[{"issuer": "http://127.0.0.1:1", "audience": "abeyance"}]'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves files behind in its source."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist"]
    subprocess.run([*command, "."], cwd=source, check=True)
    [built] = (source / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; the libraries are those of this one."""
    venv = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    there = Path(sysconfig.get_path("purelib", "venv", {"base": str(venv)}))
    pip = [sys.executable, "-m", "pip", "--python", str(venv), "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-compile", wheel], check=True)
    (there / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # Compiling them takes ten seconds and is shown elsewhere.
    compiled = there / "policies" / "matching" / "__pycache__"
    compiled.mkdir()
    for file in KEPT.glob("*-*.*"):
        if file.suffix != ".pyc":
            shutil.copy2(file, compiled)
    return there


def abeyance(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [site.parents[2] / "bin" / "abeyance", *words],
        cwd=site.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_file_of_a_package_is_in_the_wheel_and_the_sandbox_is_not(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        brought = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert brought == {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_sandbox_is_a_whole_distribution_of_the_same_version() -> None:
    sandbox = tomllib.loads((ROOT / "sandbox" / "pyproject.toml").read_text())
    version = PROJECT["project"]["version"]
    assert sandbox["project"]["version"] == version
    assert sandbox["project"]["dependencies"] == [f"abeyance[server,embedded]=={version}"]
    folders = {path.parent for path in (ROOT / "sandbox").rglob("*.py")}
    assert {".".join(folder.relative_to(ROOT).parts) for folder in folders} == set(
        sandbox["tool"]["setuptools"]["packages"]
    )


def test_commands_work_from_the_wheel(site: Path) -> None:
    assert abeyance(site, "--version").stdout.startswith("abeyance ")
    assert json.loads(abeyance(site, "policy", "schema").stdout)["$defs"]


def test_without_the_sandbox_up_says_how_to_get_it(site: Path) -> None:
    up = abeyance(site, "up")
    assert up.returncode == 2
    assert "pip install abeyance-sandbox" in " ".join(up.stderr.split())
    assert "Traceback" not in up.stderr


def test_the_gateway_serves_from_the_wheel(
    site: Path, mongodb_uri: str, database_name: str, tmp_path: Path
) -> None:
    settings = {
        "MONGODB_URI": mongodb_uri,
        "ABEYANCE_MONGODB_DATABASE": database_name,
        "ABEYANCE_VAULT_KEY": Vault.new_key(),
        "ABEYANCE_ISSUERS": ISSUERS,
        "ABEYANCE_PORT": "0",
        "ABEYANCE_DRAIN_SECONDS": "0",
    }
    log = tmp_path / "gateway.log"
    program = (str(site.parents[2] / "bin" / "abeyance"),)
    gateway = Process("gateway", ["gateway"], settings, log, program)
    try:
        url = gateway.addresses["gateway"]["url"]
        assert httpx.get(f"{url}/-/healthz").status_code == 200, log.read_text()
    finally:
        assert gateway.stop() == 0, log.read_text()
