"""Puts requests that nothing names a conversation of into that of the request before."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from app.domain.record.session_facts import Conversation
from app.ids import short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.record.session_facts import History
    from app.storage.record.session_store import SessionStore

_MOST = 20_000
_BY_HISTORY = "history"


class Threads:
    """Remembers what was said lately, so that the record is seldom asked for it."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions
        self._known: OrderedDict[str, Conversation | None] = OrderedDict()

    async def of(self, session_id: str, history: History) -> Conversation:
        """Return the conversation of a new session. Raises StorageUnavailable."""
        talk = await self._earlier(history.earlier) if history.earlier else None
        talk = talk or Conversation(history.said, f"from {short(session_id)}", _BY_HISTORY)
        self._remember(history.said, talk)
        return talk

    def goes_on(self, talk: Conversation, said: Iterable[str]) -> None:
        """Remember the conversation also by what a next request calls what was said."""
        for one in said:
            self._remember(one, talk)

    async def _earlier(self, said: str) -> Conversation | None:
        if said not in self._known:
            session = await self._sessions.saying(said)
            self._remember(said, session.conversation if session else None)
        return self._known[said]

    def _remember(self, said: str, talk: Conversation | None) -> None:
        self._known[said] = talk
        self._known.move_to_end(said)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
