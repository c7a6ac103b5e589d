"""Where nothing names a conversation, its history tells: a request goes on from an earlier one.

A program that talks with a model sends all messages with each request. The messages of the
request before are then those up to what the model said last.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from app.domain.passage import PassageKind
from app.domain.record.session_facts import History
from app.domain.segment import Role
from app.wire import strict_json

if TYPE_CHECKING:
    from app.wire.base import Json
    from policies.passages.names import PassageNames

_LISTS = ("messages", "input", "contents")
"""Where the APIs have the messages."""
_MODEL = ("assistant", "model")
_DIGEST_BYTES = 32


def history_of(body: Json, asker: str, names: PassageNames) -> History | None:
    """Return what was said so far; None where there are no messages.

    `asker` names who asks of what: the same words of others are another history.
    """
    lists = (body.get(name) for name in _LISTS) if isinstance(body, dict) else ()
    messages = next((found for found in lists if isinstance(found, list) and found), None)
    if messages is None:
        return None
    answer = _last_answer(messages)
    digest, earlier = blake2b(digest_size=_DIGEST_BYTES), ""
    for at, message in enumerate(messages):
        if at and at == answer:
            earlier = digest.hexdigest()
        told = strict_json.dump(message)
        digest.update(len(told).to_bytes(8, "big") + told)

    def named(said: str) -> str:
        return names.of(PassageKind.FRAME, Role.OTHER, ("history", asker, said)) if said else ""

    return History(named(digest.hexdigest()), named(earlier))


def _last_answer(messages: list[Json]) -> int:
    """Return where what the model said last begins; 0 where it has said nothing."""
    at = len(messages)
    while at and not _is_of_model(messages[at - 1]):
        at -= 1
    while at and _is_of_model(messages[at - 1]):
        at -= 1
    return at


def _is_of_model(message: Json) -> bool:
    if not isinstance(message, dict):
        return False
    if role := message.get("role"):
        return role in _MODEL
    # An item of the Responses API: a call, or what the model thought.
    return not str(message.get("type", "")).endswith("_output")
