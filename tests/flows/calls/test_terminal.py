"""Slack is down: approvers see and decide what is held on the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from openai import PermissionDeniedError

from app.domain.event import EventKind
from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from openai.types.chat import ChatCompletion

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver

RULE = """
- id: {name}
  title: Prompts that name the {word}
  on: request
  when: {{prompt: {{words: [{word}]}}}}
  then: hold
  approval: {{{terms}, expires: 10m}}
  risk: high
  explain: The {word} is not for tests.
  examples: {{match: ["the {word}"], skip: ["the moon"]}}
"""
RULES = (
    RULE.format(name="moonbase", word="moonbase", terms="from: [leads]")
    + RULE.format(name="reactor", word="reactor", terms="from: [leads], quorum: 2")
    + RULE.format(name="airlock", word="airlock", terms="from: [in-slack]")
)
SETS = """
- {name: leads, emails: [maria@acme.example], idp_groups: [managers]}
- {name: in-slack, slack_groups: [managers]}
"""


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "rules.yaml").write_text(RULES)
    (data / "policies" / "approvers.yaml").write_text(SETS)
    settings = {"ABEYANCE_AWAY_SECONDS": "600"}
    with open_house(data, mongodb_uri, data / "policies", **settings) as house:
        yield house


async def goes_down(slack: SlackDriver) -> None:
    await slack.fail_calls(503, times=1_000_000)
    await slack.faults(refuse_connections=True)
    await slack.disconnect_app()


@pytest.fixture
async def slack_is_down(slack: SlackDriver) -> AsyncIterator[SlackDriver]:
    await goes_down(slack)
    yield slack
    await slack.clear_faults()


@pytest.fixture
def case() -> str:
    return f"case-{uuid4().hex[:8]}"


class Desk:
    """A terminal in the hands of one person."""

    def __init__(self, house: House, token: str, **settings: str) -> None:
        self.house, self.token = house, token
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(house.data),
            "ABEYANCE_GATEWAY_URL": house.url,
            "COLUMNS": "60",
            **({"ABEYANCE_TOKEN": token} if token else {}),
            **settings,
        }

    async def hold(self, *words: str, code: int = 0) -> str:
        """Run a command to its end; what it says, wherever its lines end."""
        with self.start(*words) as process:
            said, faults = await asyncio.to_thread(process.communicate)
        assert process.returncode == code, faults
        return " ".join((said + faults).split())

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = (sys.executable, "-m", "cli", "hold", *words)
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self._env, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture
async def maria(house: House, idp: IdpDriver) -> Desk:
    return Desk(house, await idp.token("maria"))


@pytest.fixture
async def marcus(house: House, idp: IdpDriver) -> Desk:
    return Desk(house, await idp.token("marcus"))


async def ask(house: House, idp: IdpDriver, prompt: str) -> ChatCompletion:
    async with house.openai(await idp.token("alice"), max_retries=0) as client:
        said = [{"role": "user", "content": prompt}]
        return await client.chat.completions.create(model="sandbox-1", messages=said)  # type: ignore[arg-type]


async def find_held(house: House, person: str, case: str) -> str:
    """Wait until a case is held; its short name."""
    async with house.idp() as idp, house.http(await idp.token(person)) as http, asyncio.timeout(20):
        while True:
            found = (await http.get("/-/holds")).json()["holds"]
            if here := [hold["name"] for hold in found if case in json.dumps(hold)]:
                return str(here[0])


@asynccontextmanager
async def held(
    house: House, idp: IdpDriver, prompt: str, case: str, to: str = "maria"
) -> AsyncIterator[tuple[str, asyncio.Task[ChatCompletion]]]:
    """Have alice send a prompt; the name of its hold, and what becomes of it."""
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(ask(house, idp, f"{prompt}, {case}"))
        yield await find_held(house, to, case), asking


async def votes_of(house: House, name: str) -> list[tuple[EventKind, dict[str, object]]]:
    storage = house.storage()
    holds = [hold for hold in await storage.holds.unsettled() if hold.id.upper().endswith(name)]
    entries = await storage.ledger.entries(holds[0].session_id)
    storage.close()
    told = (entry.event for entry in entries)
    kinds = (EventKind.VOTE_CAST, EventKind.VOTE_REFUSED)
    return [(event.kind, dict(event.data)) for event in told if event.kind in kinds]


async def test_an_approver_signs_in_as_for_any_token_and_an_empty_queue_is_told_in_words(
    house: House, idp: IdpDriver
) -> None:
    desk = Desk(house, "")
    with desk.start("list") as process:
        assert process.stderr is not None
        page = await asyncio.to_thread(process.stderr.readline)
        await idp.approve_device(page.split()[-1], "maria")
        said, _ = await asyncio.to_thread(process.communicate)
    assert "You're all caught up" in said
    # The sign-in counts for a quarter of an hour, so the next command asks for none.
    assert "You're all caught up" in await desk.hold("list")
    lost = Desk(house, "", ABEYANCE_GATEWAY_URL="")
    assert "ABEYANCE_GATEWAY_URL" in await lost.hold("list", code=2)


async def test_a_request_is_seen_approved_recorded_and_covers_its_words(
    house: House, slack_is_down: SlackDriver, idp: IdpDriver, maria: Desk, case: str
) -> None:
    async with held(house, idp, "Fly to the moonbase", case) as (name, asking):
        listed = await maria.hold("list")
        assert name in listed
        assert "you can decide" in listed
        shown = await maria.hold("show", name)
        assert "Alice Chen (alice@acme.example)" in shown
        assert "Fly to the moonbase" in shown
        assert "The moonbase is not for tests." in shown
        assert "Approving also covers" in shown
        assert await maria.hold("approve", name) == f"{name} is approved: the request goes on."
    assert case in str(asking.result().choices[0].message.content)
    [(kind, facts)] = await votes_of(house, name)
    assert kind is EventKind.VOTE_CAST
    assert facts["via"] == "terminal"
    assert (facts["email"], facts["word"]) == ("maria@acme.example", "approve")
    # Under its cover, the same goes through without a question.
    assert case in str((await ask(house, idp, f"Fly to the moonbase, {case}")).choices)


async def test_an_approval_of_only_this_request_covers_nothing_else(
    house: House, slack_is_down: SlackDriver, idp: IdpDriver, maria: Desk, case: str
) -> None:
    async with held(house, idp, "Fly to the moonbase", case) as (name, _):
        await maria.hold("approve", "--only-this-request", name)
    async with held(house, idp, "Fly to the moonbase", case) as (again, _):
        assert again != name
        await maria.hold("approve", again)


async def test_a_denial_needs_a_reason_which_its_requester_reads(
    house: House,
    slack_is_down: SlackDriver,
    idp: IdpDriver,
    model: ModelDriver,
    maria: Desk,
    case: str,
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(PermissionDeniedError, match="Not on a Friday")):
        async with held(house, idp, "Fly to the moonbase", case) as (name, _):
            assert "--reason" in await maria.hold("deny", name, code=2)
            assert "needs a reason" in await maria.hold("deny", name, "--reason", " ", code=2)
            said = await maria.hold("deny", name, "--reason", "Not on a Friday")
            assert said == f"{name} is denied. The requester reads your reason."
    assert await model.requests() == []


async def test_nobody_else_decides_and_each_attempt_is_recorded(
    house: House, slack_is_down: SlackDriver, idp: IdpDriver, maria: Desk, case: str
) -> None:
    alice = Desk(house, await idp.token("alice"))
    ines = Desk(house, await idp.token("ines"))
    job = Desk(house, await idp.ci_token())
    # A token that was renewed is new, but its sign-in is not.
    an_hour_ago = {"auth_time": int(time.time()) - 3600}
    renewed = Desk(house, await idp.mint(person="maria", claims=an_hour_ago))
    undated = Desk(house, await idp.mint(person="maria", claims={"auth_time": None}))
    async with held(house, idp, "Fly to the moonbase", case) as (name, asking):
        assert "This is your own request" in await alice.hold("approve", name, code=2)
        assert "your own" in await alice.hold("list")
        assert "Approvers: leads." in await ines.hold("approve", name, code=2)
        assert "Approvers: leads." in await ines.hold("show", name, code=2)
        assert name not in await ines.hold("list")
        assert "Only a person can decide" in await job.hold("approve", name, code=2)
        assert "sign in again" in await renewed.hold("approve", name, code=2)
        assert "auth_time" in await undated.hold("approve", name, code=2)
        assert not asking.done()
        refused = [(kind, facts["why"]) for kind, facts in await votes_of(house, name)]
        assert refused == [
            (EventKind.VOTE_REFUSED, "own_request"),
            (EventKind.VOTE_REFUSED, "not_an_approver"),
        ]
        await maria.hold("approve", name)


async def test_who_only_slack_knows_is_refused_and_told_what_would_help(
    house: House, slack_is_down: SlackDriver, idp: IdpDriver, marcus: Desk, case: str
) -> None:
    asking = asyncio.ensure_future(ask(house, idp, f"Open the airlock, {case}"))
    name = await find_held(house, "alice", case)
    said = await marcus.hold("approve", name, code=2)
    assert "only Slack knows who is in the user group @managers" in said
    assert "approvers.yaml" in said
    listed = await marcus.hold("list")
    assert "1 other request is waiting." in listed
    assert "@managers" in listed
    assert name not in listed
    asking.cancel()


async def test_two_people_are_needed_where_the_rule_says_two(
    house: House, slack_is_down: SlackDriver, idp: IdpDriver, maria: Desk, marcus: Desk, case: str
) -> None:
    async with held(house, idp, "Start the reactor", case) as (name, asking):
        first = await maria.hold("approve", name)
        assert first == f"Your vote counts: {name} has 1 of 2 approvals."
        assert "already voted" in await maria.hold("approve", name, code=2)
        assert not asking.done()
        assert "is approved" in await marcus.hold("approve", name)


async def test_of_two_the_second_hears_who_was_first_and_slack_shows_it_when_it_is_back(
    house: House, slack: SlackDriver, idp: IdpDriver, maria: Desk, marcus: Desk, case: str
) -> None:
    in_slack = await slack.user("maria")
    await slack.wait_for_app(within=30)
    async with held(house, idp, "Fly to the moonbase", case) as (name, _):
        card = await in_slack.wait_for_message(case, channel="approvals")
        await goes_down(slack)
        await maria.hold("approve", name)
        late = await marcus.hold("deny", name, "--reason", "no", code=2)
        assert f"Maria Lopez already approved {name}." in late
    await slack.clear_faults()
    await in_slack.wait_for_change(card, "(on the terminal)", within=30)


async def test_who_votes_in_slack_and_on_the_terminal_counts_once(
    house: House, slack: SlackDriver, idp: IdpDriver, maria: Desk, marcus: Desk, case: str
) -> None:
    in_slack = await slack.user("maria")
    await slack.wait_for_app(within=30)
    async with held(house, idp, "Start the reactor", case) as (name, asking):
        card = await in_slack.wait_for_message(case, channel="approvals")
        await in_slack.click(card, "Approve")
        await in_slack.wait_for_change(card, "1 of 2")
        assert "already voted" in await maria.hold("approve", name, code=2)
        assert not asking.done()
        await marcus.hold("approve", name)


async def test_all_is_listed_as_json_and_an_id_may_be_whole(
    house: House, idp: IdpDriver, maria: Desk, case: str, tmp_path: Path
) -> None:
    async with held(house, idp, "Fly to the moonbase", case) as (name, _):
        holds = json.loads(await maria.hold("list", "--json"))["holds"]
        [found] = [hold for hold in holds if hold["name"] == name]
        assert (found["requester"], found["own"], found["why_not"]) == ("Alice Chen", False, "")
        assert found["rules"][0]["rule"] == "moonbase"
        await maria.hold("approve", found["id"])
    assert "No request is called ABC123. See" in await maria.hold("show", "ABC123", code=2)
