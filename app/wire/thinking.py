"""Keeps a conversation valid whose signed thinking had to be masked.

Anthropic signs each block of thinking, over its text and over what came before it, and refuses a
request in which one was changed. There is no way to sign it again, so the documented way out is to
send the conversation without: whoever takes a secret out of a history takes the thinking with it,
never a part of what one turn thought.

1. In an answer, a block comes under the signature `MASKED` if it, or anything before it in the
   message, was masked. The client keeps that like any other signature and sends it back.
2. In a request, such a block, or one that has to be masked now, is broken. It is left out, with all
   other thinking of its turn and of what follows. A turn is what the model says until the user
   speaks again: the results of its tools belong to it.
3. With thinking of the older kind (`enabled`), a turn that goes on must begin with thinking. Where
   that was left out, the request goes out with thinking disabled; the next turn thinks again.

Bedrock's Converse has the same blocks under other names, and the same rule.

Sources: "Thinking" (Preserving thinking blocks) and "Preserved thinking" (Fix a thinking block
bound to a different conversation) at platform.claude.com/docs; "ReasoningTextBlock" in the API
reference of Amazon Bedrock ("If the previous messages are tampered with, the response throws an
error").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeGuard

from app.wire.base import Json

MASKED = "masked-by-abeyance"
"""Stands in the place of a signature that does not fit any more."""

_THINKING = ("thinking", "redacted_thinking")
_SIGNED = ("thinking", "compaction")
_TEXTS = ("thinking", "content")
_LEFT_OUT = "[thinking left out]"


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How an API spells signed thinking in the messages of a request.

    `settings` are the paths of what says how the model thinks.
    """

    is_thought: Callable[[Json], bool]
    is_changed: Callable[[Json, Json], bool]
    is_result: Callable[[Json], bool]
    unsigned: Callable[[Json, Json], Json]
    left_out: Json
    settings: tuple[tuple[str, ...], ...]


def mended(before: Json, after: Json) -> Json:
    """Return the body `after` it was masked without the thinking that would be refused.

    It is the same object where there is nothing to mend.
    """
    return _mended(_MESSAGES, before, after)


def mended_converse(before: Json, after: Json) -> Json:
    """Do the same for a request to Bedrock's Converse."""
    return _mended(_CONVERSE, before, after)


def _mended(spelling: _Spelling, before: Json, after: Json) -> Json:
    old, new = _messages(before), _messages(after)
    if not isinstance(after, dict) or len(old) != len(new):
        return after
    broken = next(
        (at for at in range(len(new)) if _is_broken(spelling, old[at], new[at])),
        None,
    )
    if broken is None:
        return after
    first = _turn_of(spelling, new, broken)
    without = partial(_without_thinking, spelling)
    out: dict[str, Json] = {
        **after,
        "messages": [*new[:first], *map(without, old[first:], new[first:])],
    }
    if _turn_of(spelling, new, len(new) - 1) < len(new) - 1 and not _speaks(spelling, new[-1]):
        for path in spelling.settings:
            out = _disabled(out, path)
    return out


def _disabled(body: dict[str, Json], path: tuple[str, ...]) -> dict[str, Json]:
    """Return the body with thinking disabled, where the setting at the path enables it."""
    name, *below = path
    value = body.get(name)
    if not isinstance(value, dict):
        return body
    if below:
        return {**body, name: _disabled(value, tuple(below))}
    return {**body, name: {"type": "disabled"}} if value.get("type") == "enabled" else body


def mended_details(before: Json, after: Json) -> Json:
    """Do the same for a chat whose messages have `reasoning_details`, as OpenRouter spells them."""
    old, new = _messages(before), _messages(after)
    if not isinstance(after, dict) or len(old) != len(new):
        return after
    pairs = zip(old, new, strict=True)
    broken = next((at for at, pair in enumerate(pairs) if _has_changed_details(*pair)), None)
    if broken is None:
        return after
    while broken > 0 and not _is_of(new[broken - 1], "user"):
        broken -= 1
    return {**after, "messages": [*new[:broken], *map(_without_details, new[broken:])]}


def _has_changed_details(old: Json, new: Json) -> bool:
    details = _details(new)
    return bool(details) and any(
        _is_signed(detail) and (detail["signature"] == MASKED or detail != was)
        for was, detail in zip(_details(old), details, strict=False)
    )


def _details(message: Json) -> list[Json]:
    details = message.get("reasoning_details") if isinstance(message, dict) else None
    return details if isinstance(details, list) else []


def _is_signed(detail: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(detail, dict) and bool(detail.get("signature"))


def _is_of(message: Json, role: str) -> bool:
    return isinstance(message, dict) and message.get("role") == role


def _without_details(message: Json) -> Json:
    if not isinstance(message, dict):
        return message
    return {name: value for name, value in message.items() if name != "reasoning_details"}


def _messages(body: Json) -> list[Json]:
    messages = body.get("messages") if isinstance(body, dict) else None
    return messages if isinstance(messages, list) else []


def _blocks(message: Json) -> list[Json]:
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, list) else []


def _is(block: Json, *types: str) -> TypeGuard[dict[str, Json]]:
    return isinstance(block, dict) and block.get("type") in types


def _is_broken(spelling: _Spelling, old: Json, new: Json) -> bool:
    return any(map(spelling.is_changed, _blocks(old), _blocks(new)))


def _is_changed(old: Json, new: Json) -> bool:
    """Tell whether a signed block is not what was signed."""
    if not _is(new, *_SIGNED) or not _is(old, *_SIGNED):
        return False
    return new.get("signature") == MASKED or any(old.get(name) != new.get(name) for name in _TEXTS)


def _speaks(spelling: _Spelling, message: Json) -> bool:
    """Tell what the user says from the results of tools."""
    if not isinstance(message, dict) or message.get("role") != "user":
        return False
    blocks = _blocks(message)
    return not blocks or not all(map(spelling.is_result, blocks))


def _turn_of(spelling: _Spelling, messages: list[Json], at: int) -> int:
    """Return where the turn begins that a message belongs to."""
    while at > 0 and not _speaks(spelling, messages[at - 1]):
        at -= 1
    return at


def _without_thinking(spelling: _Spelling, old: Json, new: Json) -> Json:
    if not isinstance(new, dict) or not _blocks(new):
        return new
    blocks = zip(_blocks(old), _blocks(new), strict=True)
    kept = [
        spelling.unsigned(was, block) for was, block in blocks if not spelling.is_thought(block)
    ]
    return {**new, "content": kept or [spelling.left_out]}


def _unsigned(old: Json, new: Json) -> Json:
    """Take the signature off a summary that was masked: unlike thinking, it may have none."""
    if _is(new, "compaction") and _is_changed(old, new):
        return {name: value for name, value in new.items() if name != "signature"}
    return new


_MESSAGES = _Spelling(
    is_thought=lambda block: _is(block, *_THINKING),
    is_changed=_is_changed,
    is_result=lambda block: _is(block, "tool_result"),
    unsigned=_unsigned,
    left_out={"type": "text", "text": _LEFT_OUT},
    settings=(("thinking",),),
)


def _holds(block: Json, *names: str) -> bool:
    return isinstance(block, dict) and not block.keys().isdisjoint(names)


def _reasoning(block: Json) -> dict[str, Json]:
    content = block.get("reasoningContent") if isinstance(block, dict) else None
    text = content.get("reasoningText") if isinstance(content, dict) else None
    return text if isinstance(text, dict) else {}


def _is_reasoning_changed(old: Json, new: Json) -> bool:
    was, now = _reasoning(old), _reasoning(new)
    return bool(now.get("signature")) and (
        now["signature"] == MASKED or was.get("text") != now.get("text")
    )


_CONVERSE = _Spelling(
    is_thought=lambda block: _holds(block, "reasoningContent"),
    is_changed=_is_reasoning_changed,
    # A mark for the cache may stand behind the results.
    is_result=lambda block: _holds(block, "toolResult", "cachePoint"),
    unsigned=lambda _, block: block,
    left_out={"text": _LEFT_OUT},
    settings=(
        ("additionalModelRequestFields", "thinking"),
        ("additionalModelRequestFields", "reasoning_config"),
    ),
)
