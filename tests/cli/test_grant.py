"""`abeyance grant` as an administrator types it: grants for the calls of a tool."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.domain.grant import Coverage, Grant
from app.domain.hold import Person
from app.ids import new_id

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


async def test_a_grant_for_a_tool_says_so_and_its_name_is_inert(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    now = SystemClock().now()
    covers = Coverage("alice", "clusters", "anthropic", tool="[red]Bash\x1b", conversation="c")
    by = Person("U1", "", "Maria")
    until = now + timedelta(hours=1)
    await storage.grants.put(Grant(new_id(now), covers, "Alice", by, "h", now, until))
    environment = {"MONGODB_URI": mongodb_uri, "ABEYANCE_MONGODB_DATABASE": database_name}
    listed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli", "grant", "list"],
        env=os.environ | environment | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "clusters ([red]Bash in one conversation)" in listed.stdout
    assert "\x1b" not in listed.stdout
