"""What the product asks of a database about sessions.

Every method may raise StorageUnavailable. Times are aware and in UTC, cut to milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.record.session import Chunk, Session, SessionChange, Side
    from app.sealing.data_key import DataKey
    from app.search import SessionFilter
    from app.storage.bulk import Write


class SessionStore(Protocol):
    """What is named for an action in progress is only prepared, to be written with a commit."""

    def opening(self, session: Session) -> Write: ...

    def changing(self, session: Session, change: SessionChange) -> Write:
        """Prepare a change; `session` is as it was opened, or as it was read since."""
        ...

    def appending(self, session_id: str, chunks: Sequence[Chunk], key: DataKey) -> list[Write]:
        """Prepare the next chunks, sealed; the same again where it is not known if they arrived."""
        ...

    async def adopt(self, session_id: str, gateway: str) -> None:
        """Note that another gateway has it in hand from now on."""
        ...

    async def open_ones(self, *, after: str, limit: int) -> tuple[Session, ...]:
        """Return the next that have not ended, oldest first; an empty `after` begins anew."""
        ...

    async def note_run(self, session_id: str, agent: str, run: str) -> None:
        """Note which agent and run of Cursor's cloud the session started."""
        ...

    async def note_tokens(self, agent: str, run: str, tokens: int) -> None:
        """Note what a run took, on the session that started it; that may be none of ours."""
        ...

    async def unpaged(self, limit: int, after: str = "") -> tuple[Session, ...]:
        """Return the oldest after an id that have pages still to be written."""
        ...

    async def paged(self, session_id: str, side: Side) -> None:
        """Note that the pages of a side are written, or that it needs none."""
        ...

    async def retract(self, session_id: str, chunks: Sequence[Chunk]) -> None:
        """Take back chunks that were appended together and then not sent, if they were written."""

    async def between(self, after: str, before: str, *, limit: int) -> tuple[Session, ...]:
        """Return the oldest between two ids, without these; an empty `after` is the beginning."""
        ...

    async def sharing(self, session: Session) -> tuple[Session, ...]:
        """Return the others that may share pieces with it: of its conversation, on its day."""
        ...

    async def saying(self, said: str) -> Session | None:
        """Return the newest of which this is all that was said: see `History`."""
        ...

    async def referring(self, pieces: Sequence[str]) -> tuple[Session, ...]:
        """Return those whose requests have any of these pieces, by a look at all there are."""
        ...

    async def names_grant(self, grant_id: str) -> bool:
        """Whether a grant let any of them pass."""
        ...

    async def remove_chunks(self, session_id: str) -> None: ...

    async def remove(self, session_id: str) -> None:
        """Delete the session alone, not its content."""
        ...

    async def get(self, session_id: str) -> Session | None: ...

    async def chunks(
        self, session_id: str, limit: int = 0, *, after: int = -1
    ) -> tuple[Chunk, ...]:
        """Return the answer in order: all of it, or its beginning of `limit` bytes or some more.

        `after` is the number of the last chunk that is known already. Raises ContentErased.
        """
        ...

    async def search(
        self, wanted: SessionFilter, *, limit: int, before: str = ""
    ) -> tuple[Session, ...]:
        """Return the newest first; `before` is the last id of the page above."""
        ...
