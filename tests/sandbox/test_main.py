import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.__main__ import main
from sandbox.parts import Part, PartFailed, Ready, model_part, run_parts
from sandbox.serving import listen

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def sandbox(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        *options,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def announced(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    addresses: dict[str, Any] = json.loads(await process.stdout.readline())
    return addresses


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_all_parts_serve_and_stop_on_a_signal_though_an_answer_stalls(
    tmp_path: Path, sign: signal.Signals
) -> None:
    async with sandbox("--data", str(tmp_path)) as process, httpx.AsyncClient() as http:
        where = await announced(process)
        assert list(where) == ["slack", "idp", "model"]
        for part in where.values():
            assert (await http.get(part["url"])).status_code < 500
        body = {"model": "m-stalling", "messages": [{"role": "user"}], "stream": True}
        headers = {"Authorization": f"Bearer {where['model']['credential']}"}
        url = f"{where['model']['openai']}/chat/completions"
        async with http.stream("POST", url, json=body, headers=headers) as stalled:
            assert stalled.status_code == 200
            process.send_signal(sign)
            stdout, stderr = await asyncio.wait_for(process.communicate(), timeout=10)

    assert process.returncode == 0
    assert stdout == b""
    assert stderr == b""


async def test_only_the_named_parts_run_and_keys_are_found_again(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        async with (
            sandbox("--data", str(tmp_path / "new"), "--only", "idp") as process,
            httpx.AsyncClient() as http,
        ):
            where = await announced(process)
            assert list(where) == ["idp"]
            found = await http.get(f"{where['idp']['issuer']}/.well-known/jwks.json")
            keys.append(found.json())

    assert keys[0] == keys[1]


@pytest.mark.parametrize("part", ["slack", "idp", "model"])
def test_a_taken_port_exits_2_with_one_line_that_names_the_flag(
    tmp_path: Path, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = listen(0)
    port = str(taken.sock.getsockname()[1])
    status = main(["--data", str(tmp_path), "--only", part, f"--{part}-port", port])
    taken.close()

    assert status == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert f"--{part}-port" in line
    assert port in line


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("--only", "mail"), "--only"),
        (("--idp-port", "70000"), "--idp-port"),
        (("--slack-mode", "http"), "--slack-request-url"),
    ],
)
def test_a_wrong_option_is_named(
    tmp_path: Path, wrong: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--data", str(tmp_path), *wrong])

    assert left.value.code == 2
    assert named in capsys.readouterr().err.splitlines()[-1]


async def test_a_part_that_dies_ends_all() -> None:
    async def die(_shutdown: asyncio.Event, ready: Ready) -> None:
        ready({"url": "nowhere"})

    with pytest.raises(ExceptionGroup) as died:
        await run_parts([model_part(0), Part("mayfly", 0, die)], asyncio.Event(), lambda _: None)

    assert died.group_contains(PartFailed, match="mayfly stand-in stopped by itself")
