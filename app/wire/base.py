"""What every wire format offers: how one API spells a prompt, an answer and a refusal.

Nothing here opens a socket. Bodies come in as parsed JSON or as bytes in pieces; what goes out
is bytes. Masking is given by the caller (see `Masking`), so that this package knows no rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.segment import Prompt

WHOLE_BYTES = 32 * 1024 * 1024
"""What is masked as a whole may be so large, unless a caller says otherwise."""
_MAY_PASS_BY_ITSELF = frozenset({502, 503})
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class TextMasker(Protocol):
    """Masks one text that comes in pieces; however it is cut, the outputs join to the same."""

    def feed(self, text: str) -> str:
        """Return what can be released by now."""
        ...

    def finish(self) -> str:
        """Return the rest; nothing may be fed afterwards."""
        ...

    @property
    def held(self) -> int:
        """How many characters wait to be released."""
        ...


class Masking(Protocol):
    """All the masking of one answer: it hands out a masker for each text, and counts."""

    def stream(self) -> TextMasker: ...

    def whole(self, text: str) -> str: ...

    def credential(self) -> TextMasker:
        """Return a masker that looks for nothing but the credential which fetched the answer.

        For what no rule reads: bytes (as Latin-1), files within JSON, what a provider signed.
        """
        ...

    def note_dropped(self) -> None:
        """Hear that something was left out because it repeats a text that was masked."""
        ...

    @property
    def masked(self) -> int:
        """How many findings were masked so far, over all texts."""
        ...


class AnswerMasker(Protocol):
    """Masks one answer body, bytes in and bytes out; any cut of the input gives the same text.

    `finish` also masks what is held when the upstream breaks off, so a tail never leaks. Both
    raise `UpstreamUnavailable` for an answer that cannot be masked, and then give nothing more.
    """

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...

    @property
    def uninspected(self) -> tuple[str, ...]:
        """Places or media types, so far, of what no rule can read; complete after `finish`."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no, before it is spelt in an API's shape.

    `code` is machine-readable (`policy_denied`, `approval_expired`, ...), `message` is for the
    developer: which rule, who, why, what to do next. `calls` are the ids of the calls that are
    refused, where the API gives each an id (JSON-RPC).
    """

    status: int
    code: str
    message: str
    session_id: str = ""
    calls: tuple[str | int, ...] = ()

    @property
    def final(self) -> bool:
        """Whether sending the same request again cannot help."""
        return self.status not in _MAY_PASS_BY_ITSELF


class WireFormat(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def per_attempt(self) -> frozenset[str]:
        """Members of a request that say how it is answered, and may differ in a retry."""
        ...

    def read(self, body: Json) -> Prompt:
        """Find every text of a request, in the order of the body."""
        ...

    def mended(self, body: Json) -> Json:
        """Return the body without what the API would refuse because it was masked before.

        And without lines about waiting, which are ours and not the model's.

        It is the same object where there is nothing of that kind.
        """
        ...

    def rewrite(self, body: Json, mask: Callable[[str], str]) -> Json:
        """Return the body with `mask` applied to every text that `read` finds."""
        ...

    def answer(self, content_type: str, masking: Masking, limit: int = WHOLE_BYTES) -> AnswerMasker:
        """Choose how to mask by the answer's media type (stream, JSON, text).

        `limit` is of the bytes that are masked as a whole: a document, an event, a line.
        """
        ...

    def refusal(self, refusal: Refusal) -> bytes:
        """Spell a refusal as this API's JSON error body."""
        ...

    def in_stream_refusal(self, refusal: Refusal) -> bytes:
        """Spell a refusal as the last events of an answer that has begun."""
        ...

    def whole_stream_refusal(self, refusal: Refusal) -> bytes:
        """Spell a refusal as a whole stream, where nothing of an answer was sent."""
        ...

    def keep_alive(self) -> bytes:
        """Spell bytes that keep a waiting client of a stream alive and tell it nothing.

        Only between events; what an `AnswerMasker` gives out always ends with a whole one.
        """
        ...
