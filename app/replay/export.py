"""All that is known of a session, as JSON for an auditor's file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from app.replay.session_holds import own_hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.domain.event import Entry
    from app.domain.hold import Hold
    from app.domain.record.session import Session
    from app.replay.reader import Masking

Json: TypeAlias = dict[str, Any]
_NAME = re.compile(r"[0-9a-f]{10,128}|[0-9a-z]{26}|gateway\S{1,60}|bot\S{1,60}")
"""What looks like a secret and is none: digests, ids, and chains of the ledger."""
FORMAT = "abeyance.session/1"
CONVERSATION_FORMAT = "abeyance.conversation/1"


@dataclass(frozen=True, slots=True)
class Raw:
    """Both halves as they were recorded, decoded and masked."""

    request: str
    answer: str
    lost: str = ""
    """What is missing in them, in sentences: it was changed, or erased."""


def masked_raw(request: bytes, answer: bytes, masking: Masking, lost: str = "") -> Raw:
    """Mask both halves together: a value that is named in one is masked in the other."""
    texts = [half.decode(errors="replace") for half in (request, answer)]
    mask = masking(texts)
    asked, answered = map(mask, texts)
    return Raw(asked, answered, lost)


def exported(
    session: Session,
    holds: Sequence[Hold],
    entries: Iterable[Entry],
    raw: Raw,
    mask: Callable[[str], str],
) -> str:
    """Return a document with what was recorded and, entry by entry, the session's ledger."""
    told: Json = {
        "format": FORMAT,
        "session": msgspec.to_builtins(session),
        "hold": msgspec.to_builtins(own_hold(session, holds)),
        "holds": [msgspec.to_builtins(hold) for hold in holds],
        "ledger": [msgspec.to_builtins(entry) for entry in entries],
    }
    masked: Json = _masked(told, mask)
    if raw.lost:
        masked["lost"] = raw.lost
    return json.dumps(
        {**masked, "request_body": raw.request, "answer_body": raw.answer},
        ensure_ascii=False,
        indent=2,
    )


def _masked(value: Any, mask: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case str():
            return value if _NAME.fullmatch(value) else mask(value)
        case list():
            return [_masked(one, mask) for one in value]
        case dict():
            return {name: _masked(one, mask) for name, one in value.items()}
        case _:
            return value
