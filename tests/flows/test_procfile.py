"""The Procfile, run as in production: with `honcho start` and the settings given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from tests.flows.house import House

from tests.conftest import free_port

ROOT = Path(__file__).parent.parent.parent


async def test_honcho_starts_gateway_and_bot_with_the_settings_given(
    house: House, idp: IdpDriver
) -> None:
    port = free_port()
    # The folder of the interpreter first: there is the `abeyance` command that honcho calls.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, **house.env, "ABEYANCE_PORT": str(port), "PATH": path}
    honcho = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", "--no-colour"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert honcho.stdout is not None
        waiting = {'"gateway": {"url"', '"bot": {"url"'}
        said = []
        for line in honcho.stdout:
            said.append(line)
            waiting = {word for word in waiting if word not in line}
            if not waiting:
                break
        assert not waiting, "".join(said)
        async with house.http(await idp.token("alice")) as http:
            answer = await http.get(f"http://127.0.0.1:{port}/-/readyz")
        assert answer.status_code == 200, answer.text
    finally:
        honcho.send_signal(signal.SIGTERM)
        honcho.communicate(timeout=30)
