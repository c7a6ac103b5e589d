"""A request or an answer as blocks that a page can draw: who says what, and what belongs together.

Lenient, for reading only: what a body's shape does not tell is shown as its texts, one by one, and
a part of an unknown kind as the JSON that it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.domain.segment import Role
from app.replay.images import is_image
from app.replay.transcript import answer_turns, prompt_turns
from app.wire.reading import TextKind, loosely, objects, spelt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.domain.record.session import Chunk, RecordedAnswer, RecordedRequest
    from app.replay.transcript import Turn
    from app.wire.base import Json


class BlockKind(StrEnum):
    TEXT = "text"
    THINKING = "thinking"
    CALL = "call"
    """Of a tool; `text` are its arguments."""
    RESULT = "result"
    """Of a call, by its `call_id`."""
    SETUP = "setup"
    """The system prompt, or the description of a tool."""
    MEDIA = "media"
    """What is not text; `text` says what it is."""
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Block:
    """`place` is where it begins in the body, as a JSON Pointer; an answer's has times instead."""

    role: Role
    kind: BlockKind
    text: str
    tool: str = ""
    call_id: str = ""
    place: str = ""
    begun_ms: int | None = None
    """Since the session began."""
    ended_ms: int | None = None
    withheld: bool = False
    """Whether it was recorded and not sent: a rule had forbidden it."""
    is_image: bool = False
    """Whether an image is there that can be shown."""


def request_blocks(wire: str, request: RecordedRequest) -> tuple[Block, ...]:
    body = loosely(request.body)
    if isinstance(body, dict):
        for member, read in _SHAPES.items():
            if body.get(member):
                return (*_setup(body), *read(body[member], f"/{member}"))
    turns, unread = prompt_turns(wire, request)
    dark = (Block(Role.OTHER, BlockKind.MEDIA, place, place=place) for place in unread)
    return (*of_turns(turns), *dark)


def answer_blocks(answer: RecordedAnswer | None, chunks: Sequence[Chunk]) -> tuple[Block, ...]:
    return of_turns(answer_turns(answer, chunks))


def of_turns(turns: Iterable[Turn]) -> tuple[Block, ...]:
    return tuple(_of_turn(turn) for turn in turns if turn.text or turn.tool)


_KINDS = {
    TextKind.TEXT: BlockKind.TEXT,
    TextKind.THINKING: BlockKind.THINKING,
    TextKind.TOOL_CALL: BlockKind.CALL,
    TextKind.ERROR: BlockKind.ERROR,
}


def _of_turn(turn: Turn) -> Block:
    kind = _KINDS[turn.kind]
    if turn.role is Role.TOOL and kind is BlockKind.TEXT:
        kind = BlockKind.RESULT
    elif turn.role is Role.SYSTEM and kind is BlockKind.TEXT:
        kind = BlockKind.SETUP
    return Block(
        turn.role,
        kind,
        turn.text,
        turn.tool,
        place=turn.place,
        begun_ms=turn.beats[0].offset_ms if turn.beats else None,
        ended_ms=turn.beats[-1].offset_ms if turn.beats else None,
        withheld=turn.withheld,
    )


def _setup(body: dict[str, Json]) -> Iterator[Block]:
    for member in ("system", "instructions", "systemInstruction", "system_instruction"):
        if text := _plain(body.get(member)):
            yield Block(Role.SYSTEM, BlockKind.SETUP, text, place=f"/{member}")
    for at, tool in enumerate(objects(body.get("tools"))):
        for declared in (tool, tool.get("function"), *objects(tool.get("functionDeclarations"))):
            name = _text(declared.get("name")) if isinstance(declared, dict) else ""
            if name and isinstance(declared, dict):
                said = _text(declared.get("description"))
                yield Block(Role.SYSTEM, BlockKind.SETUP, said, name, place=f"/tools/{at}")


def _messages(messages: Json, place: str) -> Iterator[Block]:
    """Read the messages of Anthropic's API and of OpenAI's chat."""
    for at, message in enumerate(objects(messages)):
        here, role = f"{place}/{at}", _role(message.get("role"))
        for field in ("reasoning_content", "reasoning"):
            if text := _text(message.get(field)):
                yield Block(role, BlockKind.THINKING, text, place=f"{here}/{field}")
        if role is Role.TOOL:
            text, call = _plain(message.get("content")), _text(message.get("tool_call_id"))
            yield Block(role, BlockKind.RESULT, text, "", call, f"{here}/content")
            continue
        yield from _content(message.get("content"), role, f"{here}/content")
        for order, call_made in enumerate(objects(message.get("tool_calls"))):
            function = call_made.get("function")
            made = function if isinstance(function, dict) else call_made
            yield _call(made, _text(call_made.get("id")), f"{here}/tool_calls/{order}")


def _content(content: Json, role: Role, place: str) -> Iterator[Block]:
    if isinstance(content, str):
        if content.strip():
            yield _said(role, content, place)
        return
    for at, part in enumerate(objects(content)):
        yield from _part(part, role, f"{place}/{at}")


def _said(role: Role, text: str, place: str) -> Block:
    kind = BlockKind.SETUP if role is Role.SYSTEM else BlockKind.TEXT
    return Block(role, kind, text, place=place)


def _part(part: dict[str, Json], role: Role, place: str) -> Iterator[Block]:
    kind = _text(part.get("type"))
    if kind.endswith("tool_use"):
        yield _call(part, _text(part.get("id")), place)
    elif kind.endswith("tool_result"):
        content, call = part.get("content"), _text(part.get("tool_use_id"))
        said = content if not isinstance(content, list) else [*_but_images(content)]
        yield Block(Role.TOOL, BlockKind.RESULT, _plain(said), "", call, place)
        yield from _images(content, f"{place}/content")
    elif text := _text(part.get("thinking")):
        yield Block(role, BlockKind.THINKING, text, place=place)
    elif text := _text(part.get("text")) or _text(part.get("refusal")):
        yield _said(role, text, place)
    elif kind and kind != "text":
        yield Block(role, BlockKind.MEDIA, kind, place=place, is_image=is_image(part))


def _but_images(content: Iterable[Json]) -> Iterator[Json]:
    return (part for part in content if not is_image(part))


def _images(content: Json, place: str) -> Iterator[Block]:
    """Read the images in what a tool returned."""
    for at, part in enumerate(content if isinstance(content, list) else ()):
        if is_image(part):
            yield Block(Role.TOOL, BlockKind.MEDIA, "image", place=f"{place}/{at}", is_image=True)


def _items(items: Json, place: str) -> Iterator[Block]:
    """Read the input of OpenAI's Responses."""
    if isinstance(items, str):
        yield Block(Role.USER, BlockKind.TEXT, items, place=place)
    for at, item in enumerate(objects(items)):
        here, kind, call = f"{place}/{at}", _text(item.get("type")), _text(item.get("call_id"))
        if kind == "reasoning":
            if text := _plain(item.get("summary")):
                yield Block(Role.ASSISTANT, BlockKind.THINKING, text, place=here)
        elif kind.endswith("_output"):
            yield Block(Role.TOOL, BlockKind.RESULT, _plain(item.get("output")), "", call, here)
        elif kind.endswith("_call"):
            yield _call(item, call or _text(item.get("id")), here)
        elif kind in {"", "message"}:
            yield from _content(item.get("content"), _role(item.get("role")), f"{here}/content")
        else:
            yield Block(Role.OTHER, BlockKind.MEDIA, kind, place=here)


def _contents(contents: Json, place: str) -> Iterator[Block]:
    """Read what Gemini is sent."""
    for at, content in enumerate(objects(contents)):
        role = _role(content.get("role"))
        for order, part in enumerate(objects(content.get("parts"))):
            here = f"{place}/{at}/parts/{order}"
            called, answered = part.get("functionCall"), part.get("functionResponse")
            if isinstance(called, dict):
                yield _call(called, _text(called.get("id")), here)
            elif isinstance(answered, dict):
                text, tool = _plain(answered.get("response")), _text(answered.get("name"))
                yield Block(
                    Role.TOOL, BlockKind.RESULT, text, tool, _text(answered.get("id")), here
                )
            elif text := _text(part.get("text")):
                thought = part.get("thought") is True
                kind = BlockKind.THINKING if thought else BlockKind.TEXT
                yield Block(role, kind, text, place=here)
            else:
                named = ", ".join(part)
                yield Block(role, BlockKind.MEDIA, named, place=here, is_image=is_image(part))


def _call(made: dict[str, Json], call_id: str, place: str) -> Block:
    given = next((made[name] for name in _ARGUMENTS if made.get(name) is not None), None)
    tool = _text(made.get("name")) or _text(made.get("type"))
    return Block(Role.ASSISTANT, BlockKind.CALL, spelt(given), tool, call_id, place)


_ARGUMENTS = ("input", "arguments", "args", "action", "operation")
_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "assistant": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}


def _role(role: Json) -> Role:
    return _ROLES.get(role, Role.USER) if isinstance(role, str) else Role.USER


def _plain(content: Json) -> str:
    """Return the text of what is a text, parts of one, or any other value."""
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        content = content["parts"]
    if isinstance(content, list):
        parts = [_text(part.get("text")) or spelt(part) for part in objects(content)]
        return "\n\n".join([*parts, *(part for part in content if isinstance(part, str))])
    return spelt(content)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


_SHAPES: dict[str, Callable[[Json, str], Iterator[Block]]] = {
    "messages": _messages,
    "input": _items,
    "contents": _contents,
}
