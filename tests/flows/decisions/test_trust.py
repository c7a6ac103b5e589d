"""Never ask about this text again: what an agent sends with every request, such as CLAUDE.md."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.domain.event import EventKind
from tests.flows.decisions.test_grants import abeyance
from tests.flows.house import House, open_house
from tests.flows.trusting import choices, form, last_page, may_be_trusted, trust

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    import httpx

    from app.domain.grant import Grant
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser

PATH = "/anthropic/v1/messages"
ASYNC = {"prefer": "respond-async"}
RULE = """
- id: {id}
  title: The request names {word}
  on: request
  when: {{prompt: {{words: [{word}]}}}}
  then: hold
  approval: {approval}
  risk: high
  explain: Ask a manager.
  examples: {{match: ["the {word} hosts"], skip: ["the staging hosts"]}}
"""
RULES = "".join(
    RULE.format(id=name, word=word, approval=approval)
    for name, word, approval in (
        ("production-everywhere", "production", "{from: [managers]}"),
        ("vault-needs-two", "vault", "{from: [managers], quorum: 2}"),
    )
)
APPROVERS = """
- {name: managers, slack_groups: [managers]}
- {name: administrators, emails: [marcus@acme.example]}
- {name: on-call, emails: [ines@acme.example], break_glass: true}
"""


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A company whose rules look at everything that a request says."""
    policies = tmp_path_factory.mktemp("policies")
    (policies / "catalog").mkdir()
    (policies / "catalog" / "rules.yaml").write_text(RULES)
    (policies / "approvers.yaml").write_text(APPROVERS)
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri, policies) as house:
        house.tells_reasons = True
        yield house


def a_note(word: str = "production") -> str:
    """Return a line of a CLAUDE.md that no other story has."""
    return f"- Never touch {word} of team {uuid4().hex[:8]} without asking its owner."


def team(note: str) -> str:
    return note.partition("team ")[2][:8]


def reminder(*lines: str) -> str:
    text = "\n".join(("# claudeMd", "As told by the user:", *lines, "", "Today is Monday."))
    return f"<system-reminder>\n{text}\n</system-reminder>"


def body(note: str, typed: str = "say hi") -> dict[str, object]:
    texts = [{"type": "text", "text": text} for text in (note, typed)]
    return {
        "model": "sandbox-1",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": texts}],
    }


def asking(house: House, token: str) -> httpx.AsyncClient:
    http = house.http(token)
    http.headers["anthropic-version"] = "2023-06-01"
    return http


async def decision(http: httpx.AsyncClient, sent: dict[str, object]) -> str:
    """Return what becomes of a request whose caller does not wait: allowed, granted, pending."""
    answer = await http.post(PATH, json=sent, headers=ASYNC)
    return answer.headers["abeyance-decision"]


@asynccontextmanager
async def held(
    http: httpx.AsyncClient, manager: SlackUser, note: str, sent: dict[str, object]
) -> AsyncIterator[tuple[SeenMessage, asyncio.Task[httpx.Response]]]:
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(http.post(PATH, json=sent))
        card = await manager.wait_for_message(note[-40:], channel="approvals")
        yield card, asking


def listed(house: House, note: str) -> list[dict[str, str]]:
    found: Sequence[dict[str, str]] = json.loads(abeyance(house, "trust", "list", "--json"))
    return [trust for trust in found if team(note) in trust["text"]]


async def test_a_trusted_text_makes_no_card_until_it_changes_or_is_revoked(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, note = await slack.user("maria"), a_note()
    async with (
        asking(house, await idp.token("alice")) as alice,
        asking(house, await idp.token("dana")) as dana,
    ):
        async with held(alice, maria, note, body(reminder(note))) as (card, first):
            await trust(maria, card)
        assert first.result().status_code == 200
        assert first.result().headers["abeyance-decision"] == "approved"
        card = await maria.wait_for_change(card, "Never asks about this text again for *Alice")
        assert "Approve" not in card.buttons
        assert "said never to ask about this text again" in card.words
        other = body(reminder(note, "- Write tests."), "another conversation")
        assert await decision(alice, other) == "granted"
        assert await decision(dana, body(reminder(note))) == "pending"
        changed = note.replace("Never", "Always")
        assert await decision(alice, body(reminder(changed))) == "pending"
        assert await decision(alice, body("hello", note)) == "pending", "typed text is asked about"
        assert len(await model.requests()) == 2
        home = await maria.open_home()
        assert team(note) in home.words
        assert "used once" in home.words
        await maria.click(home, "Revoke")
        await maria.wait_for_home(lambda view: "Trusted text" not in view.words)
        await maria.wait_for_change(card, ", revoked")
        assert listed(house, note) == []
        assert await decision(alice, other) == "pending"
    kinds = await events(house, first.result())
    assert kinds.index(EventKind.VOTE_CAST) < kinds.index(EventKind.GRANT_GIVEN)
    assert kinds.index(EventKind.GRANT_GIVEN) < kinds.index(EventKind.REQUEST_FORWARDING)
    assert EventKind.GRANT_REVOKED in kinds


async def events(house: House, answer: httpx.Response) -> list[EventKind]:
    storage = house.storage()
    told = await storage.ledger.entries(answer.headers["abeyance-session"])
    storage.close()
    return [entry.event.kind for entry in told]


async def test_what_is_open_beside_the_trusted_text_stays_open(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, note = await slack.user("maria"), a_note()
    async with asking(house, await idp.token("alice")) as alice:
        sent = body(reminder(note), f"deploy {note[-30:]} to production")
        async with held(alice, maria, note, sent) as (card, first):
            await trust(maria, card)
            trusted = await maria.wait_for_change(card, "Never asks about this text again")
            assert "Approve" in trusted.buttons
            assert not may_be_trusted(trusted)
            assert not first.done()
            await maria.click(trusted, "Approve")
        assert first.result().status_code == 200


async def test_only_an_administrator_may_trust_for_everyone_and_all_that_wait_go_on(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, marcus = await slack.user("maria"), await slack.user("marcus")
    note = a_note()
    async with (
        asking(house, await idp.token("alice")) as alice,
        asking(house, await idp.token("dana")) as dana,
        asking(house, await idp.ci_token()) as job,
        held(alice, maria, note, body(reminder(note))) as (card, first),
        asyncio.TaskGroup() as tasks,
    ):
        second = tasks.create_task(dana.post(PATH, json=body(reminder(note), "and hello")))
        await maria.wait_for_message(lambda m: note[-40:] in m.words and "Dana" in m.words)
        assert choices(await form(maria, card), "reach") == ["person"]
        await maria.close_view()
        assert choices(await form(marcus, card), "reach") == ["person", "everyone"]
        await marcus.close_view()
        await trust(marcus, card, "everyone", "90")
        assert await decision(job, body(reminder(note))) in {"granted", "pending"}
    assert first.result().status_code == second.result().status_code == 200
    [trusted] = listed(house, note)
    assert (trusted["for"], trusted["by"]) == ("everyone", "Marcus Webb")
    assert "everyone" in abeyance(house, "trust", "list")
    assert team(note) in abeyance(house, "trust", "show", trusted["id"])
    assert "is revoked" in abeyance(house, "trust", "revoke", trusted["id"])
    assert listed(house, note) == []


async def test_a_text_is_trusted_for_the_repository_that_the_token_proves(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, note = await slack.user("maria"), a_note()
    same = await idp.ci_token(ref="refs/heads/next")
    other = await idp.ci_token(repository="acme/other", repository_id="99")
    namesake = await idp.ci_token(repository_id="98")
    async with asking(house, await idp.ci_token()) as job:
        async with held(job, maria, note, body(reminder(note))) as (card, first):
            await trust(maria, card, "repository")
        assert first.result().status_code == 200
        assert await decision(job, body(reminder(note), "hello")) == "granted"
    for token, expected in ((same, "granted"), (other, "pending"), (namesake, "pending")):
        async with asking(house, token) as http:
            assert await decision(http, body(reminder(note), "hello")) == expected


async def test_where_two_must_approve_two_must_say_so_and_no_one_breaks_the_glass_for_it(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, marcus, ines = [await slack.user(name) for name in ("maria", "marcus", "ines")]
    note = a_note("vault")
    async with asking(house, await idp.token("alice")) as alice:
        async with held(alice, maria, note, body(reminder(note))) as (card, first):
            refused = await form(ines, card)
            assert "not among the people who may decide" in refused.words
            await ines.close_view()
            await trust(maria, card, days="7")
            once = await maria.wait_for_change(card, "wants never to ask about this text again")
            assert not first.done()
            assert listed(house, note) == []
            await trust(marcus, once, "everyone", days="90")
        assert first.result().status_code == 200
        [trusted] = listed(house, note)
        assert trusted["for"] == "Alice Chen"
        assert await given_for(house, trusted["id"]) == 7


async def given_for(house: House, trust_id: str) -> int:
    storage = house.storage()
    grant: Grant | None = await storage.grants.get(trust_id)
    storage.close()
    assert grant is not None
    return (grant.expires_at - grant.created_at).days


async def test_a_long_text_is_shown_to_its_end_before_it_can_be_trusted(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, note = await slack.user("maria"), a_note()
    filler = [f"{at}. Write plain words, and keep functions short." for at in range(600)]
    key = "AKIAIOSFODNN7EXAMPLE"
    sent = body(reminder(note, *filler, f"The key is {key}.", "THE END"))
    async with asking(house, await idp.token("alice")) as alice:
        async with held(alice, maria, note, sent) as (card, first):
            view, seen = await last_page(maria, await form(maria, card))
            assert all(line in seen for line in filler)
            assert "THE END" in seen
            assert key not in seen
            assert len(choices(view, "texts")) == 1, "one text is ticked already"
            await maria.submit({"reach": "person", "days": "7"})
        assert first.result().status_code == 200


async def test_a_trust_is_given_though_the_bot_dies_at_the_click(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    """The vote is written; whoever comes next gives what it stands for."""
    maria, note = await slack.user("maria"), a_note()
    async with asking(house, await idp.token("alice")) as alice:
        async with held(alice, maria, note, body(reminder(note))) as (card, first):
            hold_id = card.raw["metadata"]["event_payload"]["hold"]
            await vote_alone(house, maria, hold_id)
        assert first.result().status_code == 200
        assert len(listed(house, note)) == 1


async def vote_alone(house: House, by: SlackUser, hold_id: str) -> None:
    """Write the vote as a bot does that is killed right after."""
    from app.clock import SystemClock
    from app.domain.hold import HoldEvent, Person, Vote
    from app.domain.trust import Reach, Trust
    from app.ids import new_token
    from policies.passages.trust import trustable

    storage = house.storage()
    hold = await storage.holds.get(hold_id)
    assert hold is not None
    names = tuple(passage.name for passage in trustable(hold))
    maria = Person(by.id, "maria@acme.example", "Maria Lopez")
    now = SystemClock().now()
    word = Vote(maria, True, now, sets=("managers",), trust=Trust(names, Reach.PERSON, 7))
    await storage.holds.move(hold, hold.after(HoldEvent.TRUST, now, word, move=new_token()))
    storage.close()
