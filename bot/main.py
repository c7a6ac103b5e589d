"""The composition root of the bot: builds the parts and runs them side by side."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from app.audit.ledger import ChainedLedger
from app.clock import Clock, SystemClock
from app.marking import Marking
from app.parts import running
from app.replay.reader import Masking, Reader
from app.sealing.choosing import master_keys
from app.settings import Settings, SlackMode, require
from app.storage.feed import HoldFeed
from app.storage.lifeline import Lifeline
from app.storage.store import MongoStorage
from bot.decisions import Decisions
from bot.delivery.channels import Places
from bot.delivery.digest import DigestMessages
from bot.delivery.directs import Directs
from bot.delivery.habits import Habits
from bot.delivery.leader import Duty
from bot.delivery.messages import Messages
from bot.delivery.no_approver import ApproverCheck, Silence
from bot.delivery.poster import Poster
from bot.delivery.timers import Timers
from bot.delivery.watcher import Watcher
from bot.grants import Grants
from bot.handlers.changing import Changing
from bot.handlers.commands import Commands
from bot.handlers.decide import Clicks
from bot.handlers.exporting import Exporting
from bot.handlers.false_alarm import FalseAlarms
from bot.handlers.home import Home
from bot.handlers.queries import Queries
from bot.handlers.replay import Auditing, Records
from bot.handlers.requester import Asking
from bot.handlers.together import Together
from bot.handlers.trusting import Trusting, TrustTexts
from bot.handlers.view_full import Viewing
from bot.people.approvers import Approvers
from bot.people.auditors import Auditors
from bot.people.groups import Groups
from bot.people.linking import Linking
from bot.people.managers import Managers
from bot.people.people import People
from bot.querying import Querying
from bot.routes import Rooms, slack_app
from bot.slack.accounts import Workspace
from bot.slack.api import Slack, connected
from bot.slack.button_signer import ButtonSigner
from bot.slack.links import Links
from bot.slack.rates import Pace
from bot.slack.sockets import Ears
from bot.slack.tokens import check_token, sign_in
from bot.trusts import Trusts
from policies.reload import CatalogKeeper

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

    from policies.compiled_catalog import ApproverSet, Catalog

_POST_BURST = 5
# Edits are limited to 50 a minute in the whole workspace, posts to about 60 in each channel.
_EDIT_SHARE, _EDIT_BURST = 1.2, 20
# usergroups.users.list is of Slack's second tier: twenty calls a minute.
_READ_SHARE, _READ_BURST = 3.0, 20
_DIGEST_SHARE = 5.0
_log = structlog.get_logger(__name__)


async def run_bot(settings: Settings, stop: asyncio.Event, announce: Callable[[str], None]) -> None:
    """Run until `stop` is set; `announce` is called when the bot hears Slack.

    Raises BadSettings, BadCatalog, StorageUnavailable, SlackUnavailable or OSError.
    """
    token = "slack_app_token" if settings.slack_mode is SlackMode.SOCKET else "slack_signing_secret"
    require(settings, "mongodb", "slack_bot_token", token)
    master = master_keys(settings)
    # The catalog takes a while to load: a wrong token is told before.
    async with connected(
        settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    ) as slack:
        await _signed_in(slack, settings)
    catalogs = await asyncio.to_thread(CatalogKeeper, settings.catalog, answers=False)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, catalogs.reload)
    storage = MongoStorage.connect(
        settings.mongodb_uri.get_secret_value(), settings.mongodb_database, master
    )
    try:
        await storage.prepare()
        await storage.data_keys.check()
        async with running(stop, catalogs.run()):
            in_force = partial(getattr, catalogs, "current")
            await run(settings, storage, in_force, SystemClock(), stop, announce)
    finally:
        storage.close()


async def run(
    settings: Settings,
    storage: MongoStorage,
    catalog: Callable[[], Catalog],
    clock: Clock,
    stop: asyncio.Event,
    announce: Callable[[str], None],
) -> None:
    """Run the bot on parts that are given; `catalog` gives the one in force, warm.

    A task that dies takes the process down with it.
    """
    async with connected(
        settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    ) as slack:
        workspace = await _signed_in(slack, settings)
        groups = Groups(slack, Pace(settings.slack_post_seconds * _READ_SHARE, _READ_BURST))

        def approvers() -> Mapping[str, ApproverSet]:
            return catalog().approvers

        def mask(text: str) -> str:
            return catalog().mask(text)

        def masking(texts: Sequence[str]) -> Callable[[str], str]:
            return catalog().mask_together(texts)

        managers = Managers(slack, settings.slack_manager_field)
        people = People(
            slack, groups, storage.people, storage.links, approvers, workspace, managers
        )
        ledger = ChainedLedger(storage.ledger, writer="bot")
        async with Lifeline(storage.again) as life:
            shared = _Shared(
                settings=settings,
                slack=slack,
                workspace=workspace,
                links=Links(slack, workspace),
                people=people,
                approvers=Approvers(people, groups, storage.people, approvers),
                signer=ButtonSigner(settings.slack_bot_token.get_secret_value()),
                ledger=ledger,
                grants=Grants(storage.grants, storage.holds, ledger, clock),
                storage=storage,
                clock=clock,
                mask=mask,
                masking=masking,
                life=life,
            )
            await _side_by_side(shared, stop, announce)


async def _side_by_side(
    shared: _Shared, stop: asyncio.Event, announce: Callable[[str], None]
) -> None:
    holds = shared.storage.holds
    feed = HoldFeed(holds)
    posts, edits = shared.paces()
    poster = shared.poster(posts, edits)
    digests = shared.digests(poster, posts, edits)
    reach = shared.reach()
    watcher = Watcher(feed, holds, poster, digests, reach, shared.grants, Duty(shared.life))
    timers = Timers(feed, holds, shared.storage.notices, shared.ledger, shared.clock)
    parts = (shared.ledger, feed, watcher, timers, shared.grants, shared.storage.data_keys)
    listening = _listen(shared, shared.app(), feed, announce)
    async with running(stop, *(part.run() for part in parts), listening):
        await stop.wait()
        await poster.finish()


@dataclass(frozen=True, slots=True)
class _Shared:
    """What several parts are built from."""

    settings: Settings
    slack: Slack
    workspace: Workspace
    links: Links
    people: People
    approvers: Approvers
    signer: ButtonSigner
    ledger: ChainedLedger
    grants: Grants
    storage: MongoStorage
    clock: Clock
    mask: Callable[[str], str]
    masking: Masking
    life: Lifeline

    def paces(self) -> tuple[Pace, Pace]:
        """Return what keeps posts below Slack's rate for each channel, and edits below theirs."""
        seconds = self.settings.slack_post_seconds
        return Pace(seconds, _POST_BURST), Pace(seconds * _EDIT_SHARE, _EDIT_BURST)

    def poster(self, posts: Pace, edits: Pace) -> Poster:
        channel = self.settings.slack_channel
        directs = Directs(
            self.storage.holds,
            self.storage.notices,
            self.links,
            self.signer,
            self.mask,
            after=timedelta(seconds=self.settings.tell_after_seconds),
        )
        messages = Messages(
            self.people,
            self.approvers,
            self.signer,
            directs,
            Habits(self.storage.holds),
            mask=self.mask,
            places=Places(
                channel, self.settings.slack_audit_channel or channel, self.settings.slack_routes
            ),
        )
        notices = self.storage.notices
        return Poster(
            self.slack,
            self.storage.holds,
            notices,
            messages,
            self.clock,
            posts=posts,
            edits=edits,
        )

    def reach(self) -> ApproverCheck:
        storage = self.storage
        silence = Silence(self.settings.away_seconds, lambda: self.life.awake_seconds)
        return ApproverCheck(
            self.approvers, storage.holds, storage.notices, self.ledger, self.clock, silence
        )

    def digests(self, poster: Poster, posts: Pace, edits: Pace) -> DigestMessages:
        every = Pace(self.settings.slack_post_seconds * _DIGEST_SHARE, 1)
        notices = self.storage.notices
        return DigestMessages(poster, notices, self.clock, every=every, posts=posts, edits=edits)

    def app(self) -> AsyncApp:
        holds, sessions = self.storage.holds, self.storage.sessions
        slack, people, ledger, clock = self.slack, self.people, self.ledger, self.clock
        decisions = Decisions(holds, ledger, people, self.grants, clock, self.mask)
        trusts = Trusts(self.storage.grants, holds, ledger, decisions, clock)
        home = Home(
            slack,
            people,
            self.grants,
            trusts,
            holds,
            sessions,
            self.signer,
            clock=clock,
            mask=self.mask,
        )
        notices = self.storage.notices
        linking = Linking(people, self.storage.links, clock, self.settings.public_url)
        statements = self.storage.statements
        marking = Marking(self.storage.marks, holds, ledger, clock, self.mask)
        querying = Querying(holds, ledger, clock, self.mask)
        reader = Reader(sessions, self.storage.pieces, self.storage.pages)
        entries = self.storage.ledger.entries
        records = Records(sessions, reader, holds, marking, entries)
        auditors = Auditors(people, ledger, clock, self.masking)
        clicks = Clicks(slack, decisions, self.grants, linking, self.signer, clock, home)
        texts = TrustTexts(reader, ledger, clock, self.masking)
        rooms = Rooms(
            alarms=FalseAlarms(slack, decisions, linking, sessions, marking, self.signer, clock),
            clicks=clicks,
            changing=Changing(slack, decisions, clicks, self.signer),
            queries=Queries(slack, people, decisions, querying, linking, self.signer, clock),
            asking=Asking(slack, decisions, statements, self.signer, clock, self.mask),
            trusting=Trusting(slack, decisions, trusts, texts, clicks, home, self.signer),
            viewing=Viewing(slack, decisions, reader, ledger, self.signer, clock, self.masking),
            auditing=Auditing(
                *(slack, people, records, auditors, clock, self.masking, self.settings.public_url)
            ),
            exporting=Exporting(slack, auditors, records, self.masking),
            commands=Commands(people, self.grants, holds, notices, self.links, home, clock),
            home=home,
            together=Together(slack, clicks, home, self.signer),
        )
        return slack_app(slack, self.workspace, rooms)


async def _signed_in(slack: Slack, settings: Settings) -> Workspace:
    socket = settings.slack_mode is SlackMode.SOCKET
    return await sign_in(
        slack, settings.slack_team, settings.slack_app_token.get_secret_value() if socket else ""
    )


async def _listen(
    shared: _Shared, app: AsyncApp, feed: HoldFeed, announce: Callable[[str], None]
) -> None:
    """Hear Slack over sockets, or over signed HTTP."""
    settings = shared.settings
    async with asyncio.TaskGroup() as tasks:
        if settings.slack_mode is SlackMode.HTTP:
            await feed.ready.wait()
            tasks.create_task(check_token(shared.slack))
            from bot.slack.webhook import serve_events  # noqa: PLC0415 - sockets need no server

            secret = settings.slack_signing_secret.get_secret_value()
            tasks.create_task(
                serve_events(app, secret, settings.host, settings.slack_http_port, announce)
            )
            return
        ears = Ears(app, settings.slack_app_token.get_secret_value(), shared.slack)
        tasks.create_task(ears.run())
        await feed.ready.wait()
        await ears.connected()
        _log.info("bot ready", channel=settings.slack_channel)
        announce(settings.slack_api_url)
