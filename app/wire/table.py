"""A wire format made of tables: where the words are, and how a refusal is spelt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.wire.answer import choose, events, sse
from app.wire.base import WHOLE_BYTES, Refusal
from app.wire.request import prompts

if TYPE_CHECKING:
    from app.domain.segment import Prompt
    from app.wire.base import AnswerMasker, Json, Masking


STREAMING = frozenset({"stream", "stream_options"})


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """How an API spells an error, as a body and as the end of a stream that has begun."""

    body: Callable[[Refusal], bytes]
    in_stream: Callable[[Refusal], bytes]
    whole_stream: Callable[[Refusal], bytes] | None = None
    """Where it differs from `in_stream`."""
    keep_alive: bytes = sse.comment("waiting")


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A `WireFormat`; its parts may come from different APIs."""

    name: str
    request: prompts.RequestTable
    response: events.AnswerTable
    errors: ErrorTable
    per_attempt: frozenset[str] = frozenset()
    """As `WireFormat` says: a client that could not read a stream sends the same without."""

    def read(self, body: Json) -> Prompt:
        return prompts.read(self.request, body)

    def mended(self, body: Json) -> Json:
        said = self.request.without_lines(body)
        return self.request.mend(said, said)

    def rewrite(self, body: Json, mask: Callable[[str], str]) -> Json:
        return prompts.rewrite(self.request, body, mask)

    def answer(self, content_type: str, masking: Masking, limit: int = WHOLE_BYTES) -> AnswerMasker:
        return choose.choose(content_type, self.response, masking, limit)

    def refusal(self, refusal: Refusal) -> bytes:
        return self.errors.body(refusal)

    def in_stream_refusal(self, refusal: Refusal) -> bytes:
        return self.errors.in_stream(refusal)

    def whole_stream_refusal(self, refusal: Refusal) -> bytes:
        return (self.errors.whole_stream or self.errors.in_stream)(refusal)

    def keep_alive(self) -> bytes:
        return self.errors.keep_alive


def message(refusal: Refusal) -> str:
    """The message, with the session to ask about."""
    if not refusal.session_id or refusal.session_id in refusal.message:
        return refusal.message
    return f"{refusal.message} (session {refusal.session_id})"
