"""Broken glass is loud and never for oneself; an account that nobody vouches for is linked."""

from __future__ import annotations

import asyncio
import hashlib
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.domain.event import EventKind
from app.domain.hold import HoldState
from app.errors import NotFound, NotPermitted
from bot.slack.manifest import BOT_SCOPES
from proxy.browser.linking import Linking
from tests.bot.conftest import CLOCK, pick
from tests.bot.handlers.test_requester import current
from tests.bot.values import DANA, JOB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    from sandbox.slack.people.driver import SeenMessage, SeenView, SlackUser
    from tests.bot.conftest import Office

GLASS = "- {name: on-call, emails: [ines@acme.example, dana@acme.example], break_glass: true}"
LINK = r"https://gateway\.example\.com/-/link/([0-9a-f]{24})"
REASON = {"reason": "checkout is down, INC-7"}


@pytest.fixture
def office(office: Office, tmp_path: Path) -> Office:
    return office.with_sets(tmp_path, GLASS)


@asynccontextmanager
async def background(running: Coroutine[None, None, None]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(running)
        yield
        task.cancel()


async def glass_form(user: SlackUser, card: SeenMessage) -> None:
    await pick(user, card, "Break glass…")


async def test_one_of_the_group_releases_alone_and_everybody_reads_why(office: Office) -> None:
    async with office.bot():
        maria, ines = await office.slack.user("maria"), await office.slack.user("ines")
        held = await office.hold(terms={"quorum": 2})
        card = await ines.wait_for_message("Approval needed")
        await glass_form(ines, card)
        await ines.wait_for_view("on your word alone")
        assert await ines.submit(REASON) is None
        card = await maria.wait_for_change(card, "BREAK-GLASS")
        assert "checkout is down, INC-7" in card.words
        assert card.buttons == ["Record"]
        loud = await maria.wait_for_message("released request")
        assert loud.ts != card.ts
        assert "checkout is down, INC-7" in loud.words
    released = await current(office, held)
    assert released.state is HoldState.APPROVED
    assert [vote.broke_glass for vote in released.votes] == [True]
    kinds = [event.kind for event in await office.events(held.session_id)]
    assert kinds == [EventKind.BREAK_GLASS, EventKind.VOTE_CAST, EventKind.HOLD_MOVED]


async def test_whoever_is_not_in_the_group_or_asked_themselves_does_not(office: Office) -> None:
    async with office.bot():
        maria = await office.slack.user("maria")
        held = await office.hold()
        card = await maria.wait_for_message("Approval needed")
        await glass_form(maria, card)
        await maria.wait_for_view("not among the people who may break the glass")
        dana = await office.slack.user("dana")
        home = await dana.open_home()
        assert "hold_more" not in str(home.raw)
    assert (await current(office, held)).state is HoldState.PENDING


async def test_a_reason_of_blanks_breaks_nothing(office: Office) -> None:
    async with office.bot():
        ines = await office.slack.user("ines")
        held = await office.hold()
        await glass_form(ines, await ines.wait_for_message("Approval needed"))
        await ines.wait_for_view("on your word alone")
        view = await ines.submit({"reason": "   "})
        assert view is not None
        assert "needs a reason" in view.words
    assert (await current(office, held)).state is HoldState.PENDING


async def test_an_account_without_an_address_is_linked_by_a_code_used_once(
    office: Office,
) -> None:
    scopes = [scope for scope in BOT_SCOPES if scope != "users:read.email"]
    await office.slack.settings(bot_scopes=scopes)
    ledger = ChainedLedger(office.storage.ledger, writer="gateway")
    links = Linking(office.storage.links, ledger, CLOCK)
    signed_in = replace(DANA, subject="usr-maria", email="m.lopez@acme.example")
    await office.knows(signed_in)
    async with office.bot(), background(ledger.run()):
        maria = await office.slack.user("maria")
        held = await office.hold(requester=JOB)
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        told = await maria.wait_for_message("abeyance link")
        assert told.is_ephemeral
        found = re.search(r"abeyance link ([0-9a-f]+)", told.words)
        assert found is not None
        with pytest.raises(NotPermitted):
            await links.take(found[1], JOB)
        assert "Maria Lopez" in await links.account(found[1], signed_in)
        await links.take(found[1], signed_in)
        with pytest.raises(NotFound):
            await links.take(found[1], DANA)
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")
    assert (await current(office, held)).votes[0].by.email == signed_in.email


async def test_where_browsers_reach_the_gateway_the_answer_is_a_button_to_its_page(
    office: Office,
) -> None:
    scopes = [scope for scope in BOT_SCOPES if scope != "users:read.email"]
    await office.slack.settings(bot_scopes=scopes)
    async with office.bot(public_url="https://gateway.example.com"):
        maria = await office.slack.user("maria")
        await office.hold(requester=JOB)
        card = await maria.wait_for_message("Approval needed")
        await maria.click(card, "Approve")
        told = await maria.wait_for_message("Link it to your sign-in")
        assert told.is_ephemeral
        assert "abeyance link" not in told.words
        found = re.fullmatch(LINK, page_behind(told))
        assert found is not None
        # Only the page tells whoever looks at the code's digest; the notification does not.
        assert found[1] not in str(told.raw["text"])
        await maria.click(told, "Link my Slack account")
        # The same where the answer is a modal; each click makes the former link worthless.
        await maria.click(card, "Deny…")
        modal = await maria.wait_for_view("Link it to your sign-in")
        again = re.fullmatch(LINK, page_behind(modal))
        assert again is not None
        digests = [hashlib.sha256(code.encode()).hexdigest() for code in (found[1], again[1])]
        now = CLOCK.now()
        assert await office.storage.links.by_code(digests[0], now) is None
        offer = await office.storage.links.by_code(digests[1], now)
        assert offer is not None
        assert (offer.label, offer.id.rpartition("/")[2]) == ("Maria Lopez", maria.id)


def page_behind(seen: SeenMessage | SeenView) -> str:
    return str(seen.element("Link my Slack account").raw["url"])
