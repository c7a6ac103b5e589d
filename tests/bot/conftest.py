"""A running bot on real sockets: the sandbox workspace, a database, and people who click."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.clock import SystemClock
from app.domain.record.session import Decision, RecordedRequest, Session, Side
from app.ids import new_id
from app.pages import LARGE_BYTES
from app.pieces import Cutter
from app.settings import Settings
from app.storage.store import MongoStorage
from bot.main import run
from bot.people.groups import Groups
from bot.people.managers import Managers
from bot.people.people import People
from bot.slack.rates import Pace
from policies.compiled_catalog import Catalog
from policies.loader import SHIPPED, load_catalog
from sandbox.slack import APP_TOKEN, BOT_TOKEN
from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.server import serving
from sandbox.slack.workspace import Workspace
from tests.bot.values import DANA, hold
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from app.domain.event import Event
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.pieces import Piece
    from bot.slack.api import Slack
    from sandbox.slack.people.driver import SeenMessage, SeenView, SlackUser

CLOCK = SystemClock()
BODY = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "deploy to production"}]}'


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return _warm(SHIPPED)


def _warm(directory: Path) -> Catalog:
    made = load_catalog(directory)
    made.warm()
    return made


def slack_settings(api_url: str, **changes: Any) -> Settings:  # noqa: ANN401 - settings
    """Return the settings of a bot in the sandbox's Slack."""
    given = {"slack_bot_token": BOT_TOKEN, "slack_app_token": APP_TOKEN, "slack_api_url": api_url}
    return Settings(**given | changes)


@dataclass
class Office:
    """One company: its Slack, its database, its bot."""

    slack: SlackDriver
    storage: MongoStorage
    catalog: Catalog

    @asynccontextmanager
    async def bot(self, **changes: Any) -> AsyncIterator[None]:  # noqa: ANN401 - settings
        """Run a bot for the length of a block, until it hears Slack at least."""
        settings = slack_settings(f"{self.slack.base_url}/api/", **changes)
        stop, ready = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            in_force = lambda: self.catalog  # noqa: E731 - it may change while the bot runs
            tasks.create_task(
                run(settings, self.storage, in_force, CLOCK, stop, lambda _: ready.set())
            )
            await ready.wait()
            try:
                yield
            finally:
                stop.set()

    async def hold(
        self,
        *,
        seconds: float = 600,
        keep_seconds: float = 900,
        body: bytes = BODY,
        terms: Mapping[str, Any] | None = None,
        **changes: Any,  # noqa: ANN401 - fields to replace
    ) -> Hold:
        """Open a session and its hold, as the gateway does; `terms` are of its approval."""
        now = CLOCK.now()
        made = hold(
            **{
                "id": new_id(now),
                "key": new_id(now),
                "session_id": new_id(now),
                "created_at": now,
                "deadline": now + timedelta(seconds=seconds),
                **changes,
            }
        )
        assert made.verdict.approval is not None
        kept = {"keep": timedelta(seconds=keep_seconds), **(terms or {})}
        approval = replace(made.verdict.approval, **kept)
        made = replace(made, verdict=replace(made.verdict, approval=approval))
        pieces = Cutter(b"names", made.session_id).cut(body)
        await self.storage.pieces.put(pieces, await self.storage.data_keys.of("somebody"))
        await open_session(self.storage, session_of(made, body, pieces))
        return await self.storage.holds.open(made)

    def with_sets(self, directory: Path, approvers: str) -> Office:
        """Return the same office under a catalog with approver sets of its own."""
        shutil.copytree(SHIPPED / "catalog", directory / "catalog")
        (directory / "approvers.yaml").write_text(
            f"{(SHIPPED / 'approvers.yaml').read_text()}\n{approvers}\n"
        )
        return replace(self, catalog=_warm(directory))

    async def events(self, session_id: str) -> list[Event]:
        return [entry.event for entry in await self.storage.ledger.entries(session_id)]

    async def people(self, slack: Slack) -> People:
        """Return whom decisions ask who clicked, without a bot."""
        storage, workspace = self.storage, await slack.workspace()
        return People(
            slack,
            Groups(slack, Pace(0, 1)),
            storage.people,
            storage.links,
            lambda: self.catalog.approvers,
            workspace,
            Managers(slack, "Manager"),
        )

    async def knows(self, *identities: Identity) -> None:
        for identity in identities:
            await self.storage.people.saw(identity, CLOCK.now())


async def submit(user: SlackUser, values: dict[str, str]) -> None:
    """Submit a form that is taken: it closes, or says that the app has to wait for Slack."""
    left = await user.submit(values)
    assert left is None or "Recording" in left.words


async def pick(user: SlackUser, where: SeenMessage | SeenView, label: str) -> None:
    """Choose an option of one of the menus behind three dots. Raises LookupError."""
    for element in where.elements:
        for option in element.raw.get("options", ()):
            if option["text"]["text"] == label:
                await user.click(where, element.action_id, choose=option["value"])
                return
    raise LookupError(label)


def session_of(made: Hold, body: bytes = BODY, pieces: Sequence[Piece] = ()) -> Session:
    headers = (("content-type", "application/json"),)
    sent = RecordedRequest("POST", "/v1/chat/completions", "", headers, body, made.digest)
    return Session(
        id=made.session_id,
        connection=made.connection,
        wire="openai_chat",
        model=made.model,
        identity=made.requester,
        request=sent.head(tuple(piece.id for piece in pieces)),
        verdict=made.verdict,
        decision=Decision.PENDING,
        started_at=made.created_at,
        hold_id=made.id,
        unpaged=(Side.REQUEST,) if len(body) > LARGE_BYTES else (),
    )


@pytest.fixture
async def office(storage: MongoStorage, catalog: Catalog) -> AsyncIterator[Office]:
    async with serving(Workspace()) as url, SlackDriver(url) as slack:
        # Slack's three seconds are for a machine that does nothing else meanwhile.
        await slack.settings(ack_seconds=60)
        made = Office(slack, storage, catalog)
        await made.knows(DANA)
        yield made
