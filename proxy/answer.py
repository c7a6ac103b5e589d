"""The answer on its way: through masking, into the record, to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from app.domain.record.session import Decision, RecordedCall, SessionState
from app.domain.record.session_facts import Spent
from app.errors import (
    AbeyanceError,
    AnswerUnrecorded,
    Reason,
    Refused,
    Restarting,
    StorageUnavailable,
    UpstreamUnavailable,
)
from app.wire.answer.usage import UsageReader
from app.wire.media import LINES, STREAM, media_type
from policies.matching.answer_masking import NOTHING_FOUND, Tally
from proxy.calls.watching import Watched
from proxy.cursor.answers import CloudAnswer
from proxy.http.upstream_errors import readable, told
from proxy.mcp.answers import ServerMessages
from proxy.record.seen import Seen
from proxy.work.answers import AnswerMasker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.record.original import Original
    from policies.compiled_catalog import Catalog
    from proxy.calls.gate import CallGate
    from proxy.record.recording import Recording
    from proxy.upstream import UpstreamAnswer
    from proxy.visit import Visit
    from proxy.work.answers import Answering
    from proxy.work.pool import Pool


_WITHHELD_SECONDS = 30.0
_SLICE_BYTES = 1024 * 1024  # are hashed and written at once; meanwhile others wait
_CUT_OFF = "cut off: the client left, or the gateway stopped"


@dataclass(frozen=True, slots=True)
class Along:
    """What looks at an answer on its way besides the masking; None where nobody asks for it."""

    watched: Watched | None = None
    """Decides on its tool calls."""
    messages: ServerMessages | None = None
    """Of a server of MCP."""
    agents: CloudAnswer | None = None
    """Of Cursor's cloud agents."""
    given: Callable[[frozenset[str]], None] | None = None
    """Is told the ids that it gives, before they are sent."""
    made: tuple[RecordedCall, ...] = ()
    """The tool call that the request is."""


_NOTHING = Along()


class Relay:
    """Passes one answer on. Nothing is sent that was not masked before.

    Its end is written after its last byte has gone, but only while the storage is known to answer.
    """

    def __init__(
        self,
        visit: Visit,
        recording: Recording,
        answering: Answering,
        catalog: Catalog,
        pool: Pool,
        along: Along = _NOTHING,
    ) -> None:
        self._visit = visit
        self._exchange = visit.exchange
        self._recording = recording
        self._answering = answering
        self._wire = answering.wire
        self._catalog = catalog
        self._pool = pool
        self._along = along
        self._gate: CallGate | None = None
        self._headers = answering.masking(catalog)
        self._masker: AnswerMasker | None = None
        self._sent = 0
        self._last = b""  # what was sent last
        self._is_list = False  # a stream that is one JSON array
        self.usage = UsageReader()
        self.error = ""
        """Why the answer ended early, if it did, once it is over."""
        self._unrecorded = ""
        """Why the rest of the answer could not be recorded, and was not sent."""

    @property
    def tally(self) -> Tally:
        """What was found in the answer so far, its headers included."""
        found = NOTHING_FOUND if self._masker is None else self._masker.tally
        return self._headers.tally + found

    async def run(self, answer: UpstreamAnswer) -> None:
        """Pass on the whole answer.

        Raises what stops it while nothing was sent yet; later, a stream is ended with an error
        in its API's shape, and any other answer is broken off.
        """
        self._recording.stopwatch.headed()
        answer = await readable(answer, self._wire)
        if self._along.messages is not None:
            answer = self._along.messages.of(answer, in_stream=self._exchange.started)
        if self._along.agents is not None:
            answer = await self._along.agents.of(answer)
        if self._exchange.started and not _is_good_stream(answer):
            raise UpstreamUnavailable(await told(answer, self._headers.whole))
        self._masker = masker = self._masker_of(answer, self._answering)
        error = _CUT_OFF
        try:
            error = await self._body(answer, masker)
            if not self._exchange.ended:
                await self._exchange.end()
        except AbeyanceError as fault:
            error = str(fault)
            raise
        finally:
            self.error = self._unrecorded or error
            # Also when the client has left and this task is being cancelled. What cannot be
            # written now is written later: all that was sent is known.
            with closing(masker):
                originals = await masker.originals()
            self._recording.keep((*self._of_headers(), *originals))
            if self._gate is not None:
                await self._gate.settle()
            with suppress(StorageUnavailable):
                await self._end(self.error)

    def _of_headers(self) -> list[Original]:
        """Return what rules have masked in the headers and keep, with places that say so."""
        found = self._headers.originals()
        return [replace(one, place=f"{one.place} of its headers") for one in found]

    async def _end(self, error: str) -> None:
        if self._recording.answering:
            tokens, model = self.usage.tokens, self._recording.session.model
            await self._recording.end_answer(
                body_bytes=self._sent,
                masked=self.tally.masked,
                rules=tuple(rule for rule, _ in self.tally.findings),
                calls=self._gate.recorded() if self._gate else self._along.made,
                error=error,
                state=SessionState.INDETERMINATE if self._unrecorded else SessionState.CLOSED,
                spent=Spent(tokens, self._catalog.prices.cost(model, tokens)),
            )
        elif self._unrecorded:
            await self._recording.lose(error)

    def _masker_of(self, answer: UpstreamAnswer, answering: Answering) -> AnswerMasker:
        return AnswerMasker(answering, answer.content_type, self._catalog, self._pool)

    async def _start(self, answer: UpstreamAnswer) -> None:
        """Send the head: a stream's before its body is seen, a whole answer's after."""
        decision = self._recording.session.decision
        shown = answer.headers(self._headers.whole)
        if decision is Decision.ALLOWED and self.tally.masked:
            decision = Decision.MASKED
        headers = (*shown, *self._visit.named(decision))
        if self.tally.dropped:
            headers = (*headers, ("abeyance-dropped", "logprobs"))
        if self._visit.giving is not None:
            await self._visit.giving.head(headers)
        await self._recording.start_answer(answer.status, headers)
        if opening := self._visit.opening:
            self._recording.chunks.told(opening)
            self._sent += len(opening)
        # A stream that was kept alive while its request was held has its head already.
        if not self._exchange.started:
            await self._exchange.start(answer.status, headers)

    async def _body(self, answer: UpstreamAnswer, masker: AnswerMasker) -> str:
        pieces, seen = answer.pieces(), Seen(kept=self._headers.may_deny)
        try:
            if _is_stream(answer):
                await self._start(answer)
            await self._stream(answer, masker, seen, pieces)
            await self._pass(await masker.finish(), answer)
            if not self._recording.answering:
                await self._start(answer)
            await self._recording.chunks.confirm()
        except AbeyanceError as fault:
            if self.tally.denied is not None:
                return await self._withhold(fault, answer, seen.pieces, pieces)
            return await self._break_off(self._told_of(fault), answer, masker)
        return ""

    async def _stream(
        self,
        answer: UpstreamAnswer,
        masker: AnswerMasker,
        seen: Seen,
        pieces: AsyncIterator[bytes],
    ) -> None:
        async def send(piece: bytes) -> None:
            seen.add(piece)
            clean = await masker.feed(piece)
            await self._pass(clean, answer)
            if clean and seen.pieces and self._goes_on(answer):
                seen.forget()

        if self._along.watched is not None:
            self._gate = self._along.watched.gate(answer.content_type, send)
        if self._gate is not None:
            return await self._gate.run(pieces)
        async for piece in pieces:
            await send(piece)
        return None

    def _told_of(self, fault: AbeyanceError) -> AbeyanceError:
        if not isinstance(fault, StorageUnavailable):
            return fault
        fault = AnswerUnrecorded(str(fault))
        self._unrecorded = str(fault)
        return fault

    async def _break_off(
        self, fault: AbeyanceError, answer: UpstreamAnswer, masker: AnswerMasker
    ) -> str:
        """Tell the client within its stream why it ends. Raises the fault where it cannot."""
        if not self._goes_on(answer):
            if isinstance(fault, Refused) and fault.reason is Reason.POLICY_DENIED:
                await self._start_record(answer)
            raise fault
        if isinstance(fault, UpstreamUnavailable | Restarting):
            try:
                # What is held back may be the beginning of a secret: masked, never dropped raw.
                await self._pass(await masker.finish(), answer)
            except AbeyanceError as worse:
                fault = self._told_of(worse)
        return await self._cut(fault, answer)

    async def _pass(self, data: bytes, answer: UpstreamAnswer) -> None:
        if denied := self.tally.denied:
            what = "The rest of this answer" if self._sent else "This answer"
            raise Refused(
                Reason.POLICY_DENIED,
                f"{what} is withheld (rule {denied.rule}). {denied.explain}",
                rule=denied.rule,
            )
        if not data:
            return
        if self._visit.giving is not None:
            ids = await self._visit.giving.body(data, answer.status)
            if ids and self._along.given is not None:
                self._along.given(ids)
        if not self._recording.answering:
            await self._start(answer)
        if self._along.agents is not None:
            data = await self._along.agents.passed(data)
        if self._visit.continuation is not None:
            data = self._visit.continuation.feed(data)
        for start in range(0, len(data), _SLICE_BYTES):
            piece = data[start : start + _SLICE_BYTES]
            await self._recording.chunks.sent(piece)
            await self._send(piece)

    async def _send(self, data: bytes) -> None:
        await self._exchange.send(data)
        self.usage.feed(data)
        self._recording.stopwatch.passed()
        if not self._sent:
            self._is_list = data.lstrip().startswith(b"[")
        self._sent += len(data)
        self._last = data

    def _goes_on(self, answer: UpstreamAnswer) -> bool:
        """Whether the client has a part of an answer that may end with an error in its shape."""
        if not self._exchange.started:
            return False
        in_parts = self._is_list or media_type(answer.content_type) in LINES
        return _is_stream(answer) or (self._sent > 0 and in_parts)

    async def _withhold(
        self,
        fault: AbeyanceError,
        answer: UpstreamAnswer,
        seen: list[bytes],
        more: AsyncIterator[bytes],
    ) -> str:
        """Tell the client of the denial; then record what it does not get, masked.

        Raises the fault where nothing was sent yet.
        """
        told = self._goes_on(answer)
        if told:
            await self._cut(fault, answer)
            await self._exchange.end()
        answering = replace(self._answering, stopping=False)
        await self._start_record(answer)
        # Whatever ends it early, what came until then is recorded.
        with (
            suppress(AbeyanceError, TimeoutError),
            closing(self._masker_of(answer, answering)) as masker,
        ):
            async with asyncio.timeout(_WITHHELD_SECONDS):
                for piece in seen:
                    await self._recording.chunks.withheld(await masker.feed(piece))
                async for piece in more:
                    await self._recording.chunks.withheld(await masker.feed(piece))
                await self._recording.chunks.withheld(await masker.finish())
        if not told:
            raise fault
        return str(fault)

    async def _start_record(self, answer: UpstreamAnswer) -> None:
        """Record the head of an answer that the client does not get, for what is said of it."""
        if not self._recording.answering:
            whole = replace(self._answering, stopping=False).masking(self._catalog).whole
            await self._recording.start_answer(answer.status, answer.headers(whole))

    async def _cut(self, fault: AbeyanceError, answer: UpstreamAnswer) -> str:
        # Clients take a silent end for a good one, so the last words are an error.
        refusal = self._visit.refusal(fault)
        if _is_stream(answer):
            begun = self._sent > 0
            words = self._visit.client.end_of_stream(self._wire, refusal, begun=begun)
        elif self._is_list:
            words = b"," + self._wire.refusal(refusal) + b"]"
        else:
            within = b"" if self._last.endswith(b"\n") else b"\n"
            words = within + self._wire.refusal(refusal) + b"\n"
        self._recording.chunks.told(words)
        await self._send(words)
        return str(fault)


def _is_stream(answer: UpstreamAnswer) -> bool:
    return media_type(answer.content_type) == STREAM


def _is_good_stream(answer: UpstreamAnswer) -> bool:
    return answer.status == HTTPStatus.OK and _is_stream(answer)
