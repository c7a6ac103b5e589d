"""`abeyance trust` as an administrator types it, on a real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import Person
from app.domain.passage import Excerpt
from app.domain.trust import Reach
from app.ids import new_id
from policies.passages.trust import trusts_of
from tests.policies.made import ALICE
from tests.policies.passages.questions import fired, verdict
from tests.policies.passages.test_trust import text, waiting, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.grant import Grant
    from app.domain.hold import Hold
    from app.storage.store import MongoStorage

FOUND = Excerpt("# Notes⏎- Never touch ", "[red]production", " alone.⏎More", "/system")


@pytest.fixture
def abeyance(mongodb_uri: str, database_name: str) -> Callable[..., str]:
    environment = os.environ | {
        "MONGODB_URI": mongodb_uri,
        "ABEYANCE_MONGODB_DATABASE": database_name,
        "COLUMNS": "200",
    }

    def run(*words: str, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "trust", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stderr
        return done.stdout + done.stderr

    return run


async def trusted(storage: MongoStorage) -> tuple[Hold, Grant]:
    """Have a text trusted for everyone, from now on."""
    now = SystemClock().now()
    said = replace(word(Person("U1", "", "Maria [b]Lopez"), Reach.EVERYONE, 90), at=now)
    asked = verdict(fired("one", replace(text("a"), excerpt=FOUND)))
    hold = replace(waiting(asked, said, requester=ALICE), id=new_id(now))
    [trust] = trusts_of(hold)
    await storage.holds.open(hold)
    await storage.grants.put(trust)
    return hold, trust


async def test_what_is_trusted_is_listed_shown_and_ended(
    abeyance: Callable[..., str], storage: MongoStorage
) -> None:
    assert "No text is trusted" in abeyance("list")
    assert json.loads(abeyance("list", "--json")) == []
    hold, trust = await trusted(storage)
    for told in (abeyance("list"), abeyance("show", trust.id)):
        assert "- Never touch [red]production alone." in told
        assert "# Notes" not in told
        assert "everyone" in told
        assert "Maria [b]Lopez" in told
    [listed] = json.loads(abeyance("list", "--json"))
    assert (listed["id"], listed["uses"], listed["lines"]) == (trust.id, 0, 1)
    assert "is revoked" in abeyance("revoke", trust.id)
    assert "No text is trusted" in abeyance("list")
    assert "at a terminal" in abeyance("show", trust.id)
    assert "over already" in abeyance("revoke", trust.id, fails=True)
    [told] = await storage.ledger.entries(hold.session_id)
    assert told.event.kind is EventKind.GRANT_REVOKED
    assert told.event.data["grant"] == trust.id
    shown = await storage.holds.get(hold.id)
    assert shown is not None
    assert shown.untrusted == (trust.id,)


def test_what_is_no_trust_is_not_found(abeyance: Callable[..., str]) -> None:
    for command in ("show", "revoke"):
        said = abeyance(command, "nothing", fails=True)
        assert "No trusted text is called nothing: see `abeyance trust list`." in said
