"""A developer's machine: a home of its own, and commands as she types them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BROWSER = Path(__file__).with_name("browser.py")


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


@dataclass
class Machine:
    """Without a person at its browser, it has none."""

    home: Path
    gateway: str
    person: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "COLUMNS": "200",
        }
        if self.person:
            env["BROWSER"] = f"{sys.executable} {BROWSER} {self.person} %s"
        return env | self.variables

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli", *words, env=self.env, stdout=pipe, stderr=pipe
        )

    async def run(self, *words: str, code: int = 0) -> Said:
        process = await self.start(*words)
        out, err = await process.communicate()
        said = Said(process.returncode or 0, out.decode().strip(), err.decode().strip())
        assert said.code == code, said
        return said

    async def token(self) -> str:
        return (await self.run("login", "--print")).out

    @property
    def files(self) -> list[Path]:
        """What is kept of sign-ins."""
        return sorted((self.home / "state" / "abeyance" / "sessions").glob("*.json"))

    def session(self) -> dict[str, Any]:
        (path,) = self.files
        kept: dict[str, Any] = json.loads(path.read_text())
        return kept

    def change(self, **values: object) -> None:
        """Change what is kept, as time would."""
        (path,) = self.files
        path.write_text(json.dumps(self.session() | values))
