"""Takes the lines out of a conversation again, as a client sends it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.waiting.line import without_lines

if TYPE_CHECKING:
    from app.wire.base import Json

_SIGNATURES = ("thoughtSignature", "thought_signature")
_CALLS = ("tool_calls", "function_call")


def without(body: Json, turns: str, role: str, content: str) -> Json:
    """Return the request without lines; the same object where there are none.

    The request has its messages in `turns`, those of the model are of the `role`, and say what
    they say in `content`. A message is left out where it said nothing else.
    """
    messages = body.get(turns) if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(messages, list):
        return body
    kept = [
        _message(message, content)
        if isinstance(message, dict) and message.get("role") == role
        else message
        for message in messages
    ]
    if all(new is old for new, old in zip(kept, messages, strict=True)):
        return body
    return {**body, turns: [message for message in kept if message is not None]}


def _message(message: dict[str, Json], name: str) -> Json:
    """Return the message without lines, or None where it said nothing else."""
    said = message.get(name)
    if isinstance(said, str):
        left: Json = without_lines(said)
    elif isinstance(said, list):
        parts = [_part(part) for part in said]
        same = all(new is old for new, old in zip(parts, said, strict=True))
        left = said if same else [part for part in parts if part is not None]
    else:
        return message
    if left is said:
        return message
    if not left and any(message.get(call) for call in _CALLS):
        left = None
    elif not left:
        return None
    return {**message, name: left}


def _part(part: Json) -> Json:
    """Return a part of a message without lines, or None where it said nothing else."""
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(part, dict) or not isinstance(text, str):
        return part
    left = without_lines(text)
    if left is text:
        return part
    signed = any(part.get(name) for name in _SIGNATURES)
    return {**part, "text": left} if left.strip() or signed else None
