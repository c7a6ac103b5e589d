"""Held tool calls in Slack: approved, for a task too, denied, changed; real clicks throughout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.event import EventKind
from app.domain.hold import Hold, HoldState
from bot.views import cards
from bot.views.calls.change_form import EMPTY, TYPOGRAPHIC
from policies.approvals.approval import Objection
from sandbox.slack import BOT_TOKEN
from sandbox.slack.errors import Refused
from tests.bot.calls import BASH, COMMAND, call, cluster_rule
from tests.bot.conftest import pick
from tests.bot.handlers.test_decide import card_of, current, identity_of

if TYPE_CHECKING:
    from app.domain.tool_call import HeldCall
    from sandbox.slack.people.driver import SeenMessage, SlackUser
    from tests.bot.conftest import Office

STAGING = "kubectl get namespace staging"
CHANGE = "Change and approve…"


async def hold_call(office: Office, held: HeldCall = BASH, **changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    quorum = changes.get("quorum", 1)
    return await office.hold(tool=held, rule=cluster_rule(held.arguments, quorum=quorum), **changes)


async def open_form(user: SlackUser, card: SeenMessage) -> None:
    await pick(user, card, CHANGE)
    await user.wait_for_view("The call runs as you leave it here")


async def test_a_call_is_approved_and_covers_the_very_same(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await hold_call(office)
        card = await card_of(maria)
        for part in (
            f"Dana Reyes → Bash: {COMMAND}",
            "`timeout: 120000`",
            "`/home/dana/shop`",
            "*Asked:* Clean up what the load test left behind",
            "`Bash: kubectl get pods -n staging`",
            "`dana@acme.example` ✓ verified → `gpt-4o` via `openai`",
            "*Deleting in a cluster*",
            "*Approve* also covers exactly the same command of this requester: for 1 h after each",
        ):
            assert part in card.words
        assert card.buttons == [
            "Approve",
            "Approve Bash for this task",
            "Deny…",
            "View full",
            "Record",
        ]
        await maria.click(card, "Approve")
        card = await maria.wait_for_change(card, "Covers exactly this command until")
        assert "being released to the agent" in card.words
        assert card.buttons == ["Revoke", "Record"]
    over = await current(office, held)
    assert over.state is HoldState.APPROVED
    assert over.granted is not None
    [grant] = await office.storage.grants.get_many(over.granted.ids)
    assert (grant.covers.passages, grant.covers.tool) == ((BASH.arguments,), "")


async def test_a_tool_is_approved_for_its_task_and_the_approval_can_be_revoked(
    office: Office,
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await hold_call(office)
        card = await card_of(maria)
        await maria.click(card, "Approve Bash for this task")
        card = await maria.wait_for_change(card, "Covers Bash calls of one conversation until")
        over = await current(office, held)
        assert over.granted is not None
        grants = await office.storage.grants.get_many(over.granted.ids)
        covers = [(g.covers.tool, g.covers.conversation, g.covers.rule) for g in grants]
        assert ("Bash", "6c1f", "cluster-deletion") in covers
        home = await maria.open_home()
        assert f"Bash `{COMMAND}` via `openai` past cluster-deletion" in home.words
        assert "Covers Bash calls of one conversation until" in home.words
        await maria.click(home, "Revoke")
        await maria.wait_for_change(card, "revoked by Maria Lopez")
    assert all(g.revoked_at for g in await office.storage.grants.get_many(over.granted.ids))
    cast = (await office.events(held.session_id))[0]
    assert (cast.kind, cast.data["word"]) == (EventKind.VOTE_CAST, "approve_task")


async def test_what_waits_in_the_conversation_goes_on_with_its_task(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        first = await hold_call(office)
        card = await card_of(maria)
        second = await hold_call(office, call({"command": "kubectl delete pod web-1"}))
        elsewhere = await hold_call(office, call({"command": "ls"}, conversation="other"))
        await maria.wait_for_message("kubectl delete pod web-1", channel="approvals")
        await maria.click(card, "Approve Bash for this task")
        await maria.wait_for_message("approved calls of this tool for the whole task")
    assert (await current(office, first)).state is HoldState.APPROVED
    assert (await current(office, second)).state is HoldState.APPROVED
    assert (await current(office, elsewhere)).state is HoldState.PENDING


@pytest.mark.parametrize("held", [call({"command": "ls"}, conversation="")], ids=["unknown"])
async def test_a_call_of_no_known_conversation_is_approved_by_itself(
    office: Office, held: HeldCall
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await hold_call(office, held)
        assert (await card_of(maria)).buttons == ["Approve", "Deny…", "View full", "Record"]


async def test_a_denial_says_that_the_agent_reads_it_and_the_requester_hears_it(
    office: Office,
) -> None:
    async with office.bot():
        maria, dana = await office.slack.user("maria"), await office.slack.user("dana")
        held = await hold_call(office)
        card = await card_of(maria)
        await maria.click(card, "Deny…")
        form = await maria.wait_for_view("The agent reads this")
        assert "What should the agent do instead?" in json.dumps(form.raw)
        said = {"category": "Wrong target", "reason": "Only the pods of the load test"}
        assert await maria.submit(said) is None
        await maria.wait_for_change(card, "Wrong target – Only the pods of the load test")
        told = await dana.wait_for_message("Your agent's tool call")
        for part in (
            "was denied",
            f"Bash `{COMMAND}`",
            "Only the pods of the load test",
            "The call did not run, and the agent goes on without it.",
        ):
            assert part in told.words
        assert told.buttons == []
    assert (await current(office, held)).state is HoldState.DENIED


async def test_a_command_is_changed_and_runs_so(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await hold_call(office)
        card = await card_of(maria)
        await open_form(maria, card)
        form = await maria.wait_for_view("The call runs as you leave it here")
        assert form.element("arguments").raw["initial_value"] == COMMAND
        said = {"arguments": STAGING, "note": "Look first"}
        assert await maria.submit(said) is None
        card = await maria.wait_for_change(card, "being released to the agent with the change")
        for part in (COMMAND, STAGING, "Changed by the approver", "Look first"):
            assert part in card.words
        assert card.buttons == ["Record"]
    over = await current(office, held)
    assert json.loads(over.change) == {"command": STAGING, "timeout": 120000}
    assert over.granted is None, "what was held is not what ran, so nothing is covered"
    cast = (await office.events(held.session_id))[0]
    assert cast.data["word"] == "approve_changed"
    assert len(str(cast.data["change_sha256"])) == 64


@pytest.mark.parametrize(
    ("held", "typed", "expected"),
    [
        (
            call({"command": ["bash", "-lc", COMMAND]}),
            STAGING,
            {"command": ["bash", "-lc", STAGING]},
        ),
        (call({"command": ["kubectl", "x"]}), '{"command": ["ls"]}', {"command": ["ls"]}),
        (
            call({"id": 1.50, "q": "a"}, "mcp__db__drop"),
            '{"id": 2,\n "q": "b"}',
            {"id": 2, "q": "b"},
        ),
    ],
    ids=["script", "words", "other"],
)
async def test_what_is_typed_stands_where_the_call_has_it(
    office: Office, held: HeldCall, typed: str, expected: dict[str, Any]
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        made = await hold_call(office, held)
        card = await card_of(maria)
        await open_form(maria, card)
        assert await maria.submit({"arguments": typed}) is None
        await maria.wait_for_change(card, "with the change")
    assert json.loads((await current(office, made)).change) == expected


async def test_a_change_that_is_none_or_cannot_be_one_is_refused_in_the_form(
    office: Office,
) -> None:
    refused = {
        COMMAND: Objection.NOT_CHANGED.value,
        f" {COMMAND}\n": Objection.NOT_CHANGED.value,
        " \n ": EMPTY,
        "kubectl get ns —all": TYPOGRAPHIC,
        "aws login AKIAIOSFODNN7EXAMPLQ": Objection.UNSHOWABLE.value,
    }
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await hold_call(office)
        await open_form(maria, await card_of(maria))
        for typed, why in refused.items():
            with pytest.raises(Refused) as refusal:
                await maria.submit({"arguments": typed})
            assert refusal.value.errors == {"arguments": why}
    assert (await current(office, held)).state is HoldState.PENDING


async def test_arguments_that_are_no_json_are_refused_in_the_form(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await hold_call(office, call({"id": 1}, "mcp__db__drop"))
        await open_form(maria, await card_of(maria))
        with pytest.raises(Refused) as refusal:
            await maria.submit({"arguments": "{id: 2}"})
        assert refusal.value.errors == {"arguments": Objection.NO_JSON.value}
    assert (await current(office, held)).state is HoldState.PENDING


@pytest.mark.parametrize(
    ("held", "quorum"),
    [
        (call({"command": "[aws-key]"}, editable=False), 1),
        (BASH, 2),
        (call({"command": "x" * 4000}), 1),
    ],
    ids=["masked", "two approve", "too long"],
)
async def test_a_change_is_offered_only_where_it_could_be_made(
    office: Office, held: HeldCall, quorum: int
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await hold_call(office, held, quorum=quorum)
        with pytest.raises(LookupError):
            await pick(maria, await card_of(maria), CHANGE)


async def test_nobody_changes_their_own_call_or_one_that_they_may_not_decide(
    office: Office,
) -> None:
    own = await identity_of(office, "marcus")
    async with office.bot():
        marcus, ines = await office.slack.user("marcus"), await office.slack.user("ines")
        held = await hold_call(office, requester=own)
        for user, why in ((marcus, "This is your own request"), (ines, "not among the people")):
            await pick(user, await card_of(user), CHANGE)
            view = await user.wait_for_view(why)
            assert view.title == "You can't do that"
    assert (await current(office, held)).state is HoldState.PENDING


async def test_a_call_that_is_decided_meanwhile_is_not_changed(office: Office) -> None:
    async with office.bot():
        maria, marcus = await office.slack.user("maria"), await office.slack.user("marcus")
        held = await hold_call(office)
        card = await card_of(marcus)
        await open_form(marcus, card)
        await maria.click(await card_of(maria), "Approve")
        await maria.wait_for_change(card, "*Approved*")
        view = await marcus.submit({"arguments": STAGING})
        assert view is not None
        assert "Maria Lopez already approved" in view.words
    assert (await current(office, held)).change == ""


async def test_a_change_after_ones_own_approval_is_not_passed_over_in_silence(
    office: Office,
) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await hold_call(office)
        card = await card_of(maria)
        await open_form(maria, card)
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")
        view = await maria.submit({"arguments": STAGING})
        assert view is not None
        assert "Maria Lopez already approved" in view.words
    assert (await current(office, held)).change == ""


async def test_view_full_shows_all_of_a_long_call_and_then_the_request(office: Office) -> None:
    lines = [f"kubectl delete pod web-{number}" for number in range(700)]
    async with office.bot():
        maria = await office.slack.user("maria")
        await hold_call(office, call({"command": "\n".join(lines)}))
        card = await card_of(maria)
        assert "… and 688 more lines" in card.words
        assert lines[11] in card.words
        assert lines[12] not in card.words
        await maria.click(card, "View full")
        view = await maria.wait_for_view(lines[0])
        read, pages = view.words, 1
        while "More →" in view.buttons:
            await maria.click(view, "More →")
            pages += 1
            view = await maria.wait_for_view(f"Page {pages} of")
            read += "\n" + view.words
        assert all(line in read for line in lines)
        assert "deploy to production" in view.words, "the request that it came from is last"


async def test_calls_are_reviewed_together_with_what_they_would_do(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        await hold_call(office)
        await hold_call(office, call({"command": "rm -rf build\nrm -rf dist"}, conversation="b"))
        await maria.wait_for_message("rm -rf build", channel="approvals")
        await maria.click(await maria.open_home(), "Review 2 together…")
        form = await maria.wait_for_view("Decide on")
        assert "rm -rf dist" in form.words
        assert "*Approve* also covers exactly the same command" in form.words


async def test_buttons_that_we_did_not_make_change_and_approve_nothing(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await hold_call(office)
        await card_of(maria)
        value = f"{held.id}.0.{'0' * 32}"
        told = {"type": "plain_text", "text": "Forged"}
        option = {"text": told, "value": f"change:{value}"}
        elements: list[dict[str, Any]] = [
            {"type": "button", "action_id": cards.TASK, "text": told, "value": value},
            {"type": "overflow", "action_id": cards.MORE, "options": [option]},
        ]
        client = AsyncWebClient(BOT_TOKEN, base_url=f"{office.slack.base_url}/api/")
        blocks = [{"type": "actions", "elements": elements}]
        await client.chat_postMessage(channel="approvals", text="forged", blocks=blocks)
        forged = await maria.wait_for_message("forged")
        await maria.click(forged, "Forged")
        await maria.wait_for_message("no longer valid")
        await pick(maria, forged, "Forged")
        view = await maria.wait_for_view("no longer valid")
        assert view.title == "You can't do that"
    assert (await current(office, held)).state is HoldState.PENDING
