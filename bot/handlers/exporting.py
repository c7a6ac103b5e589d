"""Exports of a session from Slack: a file in the direct messages of an auditor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.domain.record.session import sent
from app.errors import AbeyanceError
from app.ids import short
from app.replay.export import exported, masked_raw
from app.replay.session_holds import holds_of
from bot.people.auditors import REFUSED
from bot.views import modals
from bot.views.replay.lists import Shelf

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck

    from app.replay.reader import Masking
    from bot.handlers.replay import Records
    from bot.people.auditors import Auditors
    from bot.slack.api import Slack

Body: TypeAlias = dict[str, Any]
_TITLE = "Export"
_SENT = "The export is in your direct messages with me. Whoever has the file can read all of it."
_FAILED = (
    "The export could not be made or sent, so you have no file. Try again later. If it happens "
    "again, export the session in a browser, or with `abeyance session show --json`."
)
_log = structlog.get_logger(__name__)


class Exporting:
    def __init__(
        self, slack: Slack, auditors: Auditors, records: Records, masking: Masking
    ) -> None:
        self._slack = slack
        self._auditors = auditors
        self._records = records
        self._masking = masking

    async def export(self, ack: AsyncAck, body: Body) -> None:
        """Send what is known of the session that a replay shows."""
        await ack()
        user = str(body["user"]["id"])
        shelf = Shelf.read(str(body["view"]["private_metadata"]))
        view_id = await self._slack.open_view(body, modals.note(_TITLE, "Collecting…"))
        said = await self._sent(shelf.session, user)
        await self._slack.update_view(view_id, modals.note(_TITLE, said))

    async def _sent(self, session_id: str, user: str) -> str:
        """Return what to say of it."""
        try:
            if not await self._auditors.may_see(user, "export", session_id):
                return REFUSED
            content = await self._content(session_id)
            if content is None:
                return f"There is no session {session_id}."
            words = f"Session {short(session_id)}: its request, its answer and its ledger entries."
            await self._slack.give_file(user, f"session-{session_id}.json", content, words)
        except AbeyanceError as error:
            _log.warning("session not exported", user=user, reason=str(error))
            return _FAILED
        return _SENT

    async def _content(self, session_id: str) -> bytes | None:
        records = self._records
        session = await records.sessions.get(session_id)
        if session is None:
            return None
        halves = await records.reader.halves(session)
        entries = await records.entries(session.id)
        holds = await holds_of(records.holds, session, entries)

        def made() -> bytes:
            raw = masked_raw(halves.request, sent(halves.chunks), self._masking, halves.lost)
            told = exported(session, holds, entries, raw, self._masking(()))
            return told.encode(errors="replace")

        return await asyncio.to_thread(made)
