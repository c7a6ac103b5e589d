"""Slack is down: approvers see, approve and change held tool calls on the terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.hold import HoldState
from app.domain.verdict import Approval
from app.ids import new_id, short
from policies.approvals.approval import Objection
from tests.bot.calls import BASH, COMMAND, call, cluster_rule
from tests.bot.conftest import session_of
from tests.bot.values import hold
from tests.flows.calls.test_terminal import RULES, SETS, Desk
from tests.flows.house import House, open_house
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.domain.hold import Hold
    from app.domain.tool_call import HeldCall
    from sandbox.idp.driver import IdpDriver

STAGING = "kubectl get namespace staging"


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "rules.yaml").write_text(RULES)
    (data / "policies" / "approvers.yaml").write_text(SETS)
    with open_house(data, mongodb_uri, data / "policies", ABEYANCE_AWAY_SECONDS="600") as house:
        yield house


@pytest.fixture
async def maria(house: House, idp: IdpDriver) -> Desk:
    return Desk(house, await idp.token("maria"))


async def hold_call(house: House, tool: HeldCall) -> Hold:
    """Hold a call as the gateway does."""
    now = SystemClock().now()
    made = hold(
        id=new_id(now),
        key=new_id(now),
        session_id=new_id(now),
        created_at=now,
        deadline=now + timedelta(minutes=10),
        tool=tool,
        rule=cluster_rule(new_id(now)),
    )
    made = replace(made, verdict=replace(made.verdict, approval=Approval(("leads",))))
    storage = house.storage()
    await open_session(storage, session_of(made))
    opened = await storage.holds.open(made)
    storage.close()
    return opened


async def now_of(house: House, held: Hold) -> Hold:
    storage = house.storage()
    found = await storage.holds.get(held.id)
    storage.close()
    assert found is not None
    return found


async def test_a_call_is_shown_with_all_that_it_would_do(house: House, maria: Desk) -> None:
    held = await hold_call(house, call({"command": "ls \u202e\x1b[2J", "timeout": 5}))
    shown = await maria.hold("show", short(held.id))
    for part in (
        "tool Bash",
        "folder /home/dana/shop",
        "asked Clean up what the load test left behind",
        "before Bash: kubectl get pods -n staging",
        "│ ls ⟨U+202E⟩⟨U+001B⟩[2J",
        "│ timeout: 5",
        "Some characters of it would not show",
    ):
        assert part in shown
    assert "→ Bash: ls ⟨U+202E⟩" in await maria.hold("list")
    said = await maria.hold("deny", short(held.id), "--reason", "no")
    assert said.endswith("The agent and the requester read your reason.")


async def test_a_tool_is_approved_for_its_task(house: House, maria: Desk) -> None:
    held = await hold_call(house, BASH)
    said = await maria.hold("approve", "--for-task", short(held.id))
    assert said == f"{short(held.id)} is approved: the call goes to the agent."
    assert (await now_of(house, held)).votes[0].for_task


async def test_a_call_is_changed_by_a_file(house: House, maria: Desk, tmp_path: Path) -> None:
    held = await hold_call(house, BASH)
    (tmp_path / "same").write_text(f"{COMMAND}\n")
    (tmp_path / "other").write_text(f"{STAGING}\n")
    (tmp_path / "secret").write_text("aws login AKIAIOSFODNN7EXAMPLQ\n")
    for name, why in (("same", Objection.NOT_CHANGED), ("secret", Objection.UNSHOWABLE)):
        words = ("approve", short(held.id), "--change", str(tmp_path / name))
        assert why.value in await maria.hold(*words, code=2)
    said = await maria.hold("approve", short(held.id), "--change", str(tmp_path / "other"))
    assert said.endswith("the call goes to the agent, as you changed it.")
    over = await now_of(house, held)
    assert over.state is HoldState.APPROVED
    assert json.loads(over.change) == {"command": STAGING, "timeout": 120000}
    assert STAGING in await maria.hold("show", held.id)


async def test_what_may_not_be_changed_is_not(house: House, maria: Desk, tmp_path: Path) -> None:
    held = await hold_call(house, replace(BASH, editable=False))
    (tmp_path / "other").write_text(STAGING)
    words = ("approve", short(held.id), "--change", str(tmp_path / "other"))
    assert Objection.NO_CHANGE.value in await maria.hold(*words, code=2)
    assert (await now_of(house, held)).state is HoldState.PENDING
