"""Where nothing names a conversation, its history tells: a request goes on from an earlier one.

A program that talks with a model sends all messages with each request. The messages of the
request before are then those up to what the model said last. With OpenAI's Responses it may send
only what is new, and the id of the answer before.
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
_FOLLOWS = "previous_response_id"
_MODEL = ("assistant", "model")
_DIGEST_BYTES = 32


def history_of(body: Json, asker: str, names: PassageNames) -> History | None:
    """Return what was said so far; None where there are no messages.

    `asker` names who asks of what: the same words of others are another history.
    """
    if not isinstance(body, dict):
        return None
    follows = body.get(_FOLLOWS)
    follows = follows if isinstance(follows, str) else ""
    messages = _messages(body)
    if not messages:
        return None
    answer = 0 if follows else _last_answer(messages)
    digest, earlier = blake2b(follows.encode(), digest_size=_DIGEST_BYTES), ""
    for at, message in enumerate(messages):
        if at and at == answer:
            earlier = digest.hexdigest()
        told = strict_json.dump(message)
        digest.update(len(told).to_bytes(8, "big") + told)

    said = _named(digest.hexdigest(), asker, names)
    if follows:
        return History(said, after_answer(follows, asker, names))
    return History(said, _named(earlier, asker, names) if earlier else "")


def after_answer(answer: str, asker: str, names: PassageNames) -> str:
    """Return what a request that follows an answer calls what was said before, by its id."""
    return _named(f"{_FOLLOWS} {answer}", asker, names)


def _named(said: str, asker: str, names: PassageNames) -> str:
    return names.of(PassageKind.FRAME, Role.OTHER, ("history", asker, said))


def _messages(body: dict[str, Json]) -> list[Json]:
    """Return the messages; one that is sent as a plain text is the only one."""
    lists = (body.get(name) for name in _LISTS)
    found = next((found for found in lists if isinstance(found, list) and found), None)
    alone = body.get("input")
    return found or ([alone] if isinstance(alone, str) and alone else [])


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
