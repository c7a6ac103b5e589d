"""An answer about cloud agents on its way: what it tells of a run, and what it may not show."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from app.wire import strict_json
from app.wire.cursor_agents import started, tokens_of_turn, tokens_of_usage
from app.wire.media import STREAM, is_json, media_type
from proxy.cursor.lists import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.storage.record.session_store import SessionStore
    from app.wire.base import Json
    from app.wire.cursor_agents import Called
    from proxy.upstream import UpstreamAnswer

_TURN = re.compile(rb"^data: ?(\{.*\"turn-ended\".*\})\r?$", re.MULTILINE)
_TELLING = ("launch", "follow-up", "usage")


class Changes(Protocol):
    """What takes the place of an answer, such as a list without the agents of others."""

    async def of(self, answer: UpstreamAnswer) -> UpstreamAnswer: ...


class CloudAnswer:
    def __init__(
        self,
        called: Called,
        session_id: str,
        sessions: SessionStore,
        changes: Changes | None,
        sign: Callable[[bytes], bytes],
    ) -> None:
        self._called = called
        self._session_id = session_id
        self._sessions = sessions
        self._changes = changes
        self._sign = sign
        self._streams = False

    async def of(self, answer: UpstreamAnswer) -> UpstreamAnswer:
        """Return the answer as it goes on to masking. Raises UpstreamUnavailable."""
        self._streams = media_type(answer.content_type) == STREAM
        if self._changes is not None:
            return await self._changes.of(answer)
        what, good = self._called.what, answer.status < HTTPStatus.MULTIPLE_CHOICES
        if not (good and what in _TELLING and is_json(media_type(answer.content_type))):
            return answer
        body = await whole(answer)
        if what == "usage":
            await self._note_tokens(tokens_of_usage(_parsed(body)))
        else:
            agent, run = started(_parsed(body))
            await self._sessions.note_run(self._session_id, agent, run)
        return answer.with_body(body, answer.content_type)

    async def passed(self, data: bytes) -> bytes:
        """Return what is sent of a masked piece; note what it tells of the run."""
        if not self._streams:
            return data
        for turn in _TURN.findall(data):
            tokens = tokens_of_turn(_parsed(turn))
            if tokens is not None and self._called.run:
                await self._note_tokens({self._called.run: tokens})
        return self._sign(data)

    async def _note_tokens(self, tokens: Mapping[str, int]) -> None:
        for run, count in tokens.items():
            await self._sessions.note_tokens(self._called.agent, run, count)


def _parsed(body: bytes) -> Json:
    try:
        return strict_json.parse_loosely(body)
    except ValueError:
        return None
