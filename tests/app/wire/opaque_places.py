"""Where each API keeps bytes: requests, answers and events with `@` in the place of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.wire.registry import wire_for

if TYPE_CHECKING:
    from app.wire.base import WireFormat

    Places = list[tuple[WireFormat, dict[str, Any]]]


def _wire(name: str, path: str) -> WireFormat:
    return wire_for(name, path, None)


CHAT = _wire("openai", "v1/chat/completions")
RESPONSES = _wire("openai", "v1/responses")
EMBEDDINGS = _wire("openai", "v1/embeddings")
IMAGES = _wire("openai", "v1/images/generations")
ANTHROPIC = _wire("anthropic", "v1/messages")
GEMINI = _wire("gemini", "v1beta/models/m:streamGenerateContent")
VERTEX = _wire("gemini", "v1/projects/p/publishers/anthropic/models/m:streamRawPredict")
INVOKE = wire_for("auto", "model/m/invoke", {"anthropic_version": "b", "messages": []})
BEDROCK = _wire("plain", "model/m/converse")
MCP = _wire("mcp", "mcp")
PLAIN = _wire("plain", "api/generate")

_PNG, _PDF = "data:image/png;base64,@", "data:application/pdf;base64,@"
_CITATION = {"type": "web_search_result_location", "encrypted_index": "@"}
_SEARCHED = {"type": "web_search_result", "title": "t", "encrypted_content": "@"}
_STDOUT = {"type": "encrypted_code_execution_result", "encrypted_stdout": "@"}
_BLOCKS: tuple[dict[str, Any], ...] = (
    {"type": "thinking", "thinking": "hm", "signature": "@"},
    {"type": "redacted_thinking", "data": "@"},
    {"type": "compaction", "content": "so far", "encrypted_content": "@", "signature": "@"},
    {"type": "web_search_tool_result", "tool_use_id": "srv", "content": [_SEARCHED]},
    {"type": "text", "text": "it is", "citations": [_CITATION]},
    {"type": "code_execution_tool_result", "content": _STDOUT},
)
_PICTURE = {"type": "image", "source": {"type": "base64", "data": "@"}}
_PARTS: tuple[dict[str, Any], ...] = (
    {"text": "so", "thoughtSignature": "@"},
    {"functionCall": {"name": "f", "args": {}}, "thought_signature": "@"},
    {"inlineData": {"mimeType": "image/png", "data": "@"}},
    {"inline_data": {"mime_type": "image/png", "data": "@"}},
)
_ITEMS = (
    {"type": "reasoning", "summary": [], "encrypted_content": "@"},
    {"type": "compaction", "encrypted_content": "@"},
    {"type": "image_generation_call", "result": "@"},
)
_CONVERSE: tuple[dict[str, Any], ...] = (
    {"image": {"format": "png", "source": {"bytes": "@"}}},
    {"document": {"format": "pdf", "name": "d", "source": {"bytes": "@"}}},
    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "@"}}},
    {"reasoningContent": {"redactedContent": "@"}},
    {"toolResult": {"content": [{"video": {"format": "mp4", "source": {"bytes": "@"}}}]}},
)
_EXTRA = {"google": {"thought_signature": "@"}}
_CALL = {
    "index": 0,
    "id": "c",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
    "extra_content": _EXTRA,
}
_FILES = (
    {"type": "image_url", "image_url": {"url": _PNG}},
    {"type": "input_audio", "input_audio": {"data": "@", "format": "wav"}},
    {"type": "file", "file": {"file_data": "@"}},
    {"type": "input_image", "image_url": _PNG},
    {"type": "input_file", "file_data": _PDF},
)


def _said(*blocks: Any, role: str = "assistant") -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"messages": [{"role": role, "content": list(blocks)}]}


REQUESTS: Places = [
    *((wire, _said(block)) for wire in (ANTHROPIC, VERTEX, INVOKE) for block in _BLOCKS),
    (ANTHROPIC, _said(_PICTURE, role="user")),
    *((GEMINI, {"contents": [{"role": "model", "parts": [part]}]}) for part in _PARTS),
    *((RESPONSES, {"input": [item]}) for item in _ITEMS),
    *((RESPONSES, {"input": [{"role": "user", "content": [file]}]}) for file in _FILES),
    *((CHAT, _said(file, role="user")) for file in _FILES),
    (CHAT, {"messages": [{"role": "assistant", "tool_calls": [_CALL], "extra_content": _EXTRA}]}),
    *((BEDROCK, _said(block)) for block in _CONVERSE),
    (PLAIN, {"model": "m", "prompt": "what is it", "images": ["@"]}),
    (MCP, {"result": {"content": [{"type": "image", "data": "@"}]}}),
]

_MESSAGE = {
    "content": "so",
    "tool_calls": [_CALL],
    "extra_content": _EXTRA,
    "audio": {"data": "@", "transcript": "so"},
}
DOCUMENTS: Places = [
    *((wire, {"content": [block]}) for wire in (ANTHROPIC, VERTEX, INVOKE) for block in _BLOCKS),
    *((GEMINI, {"candidates": [{"content": {"parts": [part]}}]}) for part in _PARTS),
    *((RESPONSES, {"output": [item]}) for item in _ITEMS),
    (CHAT, {"choices": [{"message": _MESSAGE}]}),
    (IMAGES, {"data": [{"b64_json": "@"}]}),
    (EMBEDDINGS, {"data": [{"embedding": "@", "index": 0}]}),
    *((BEDROCK, {"output": {"message": {"content": [block]}}}) for block in _CONVERSE),
    (PLAIN, {"images": ["@", "@"]}),
    (PLAIN, {"predictions": [{"bytesBase64Encoded": "@"}]}),
    (MCP, {"result": {"contents": [{"uri": "u", "blob": "@"}]}}),
]


def _delta(**delta: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"type": "content_block_delta", "index": 0, "delta": delta}


_ANTHROPIC_EVENTS = (
    *({"type": "content_block_start", "index": 0, "content_block": block} for block in _BLOCKS),
    _delta(type="signature_delta", signature="@"),
    _delta(type="compaction_delta", content="so", encrypted_content="@"),
    _delta(type="citations_delta", citation=_CITATION),
)
_DELTAS: tuple[dict[str, Any], ...] = (
    {"content": "so", "extra_content": _EXTRA},
    {"tool_calls": [_CALL]},
    {"audio": {"data": "@"}},
    {"images": [{"image_url": {"url": _PNG}}]},
)
EVENTS: Places = [
    *((wire, event) for wire in (ANTHROPIC, VERTEX, INVOKE) for event in _ANTHROPIC_EVENTS),
    *((GEMINI, {"candidates": [{"content": {"parts": [part]}}]}) for part in _PARTS),
    *(
        (RESPONSES, {"type": "response.output_item.done", "output_index": 0, "item": item})
        for item in _ITEMS
    ),
    (RESPONSES, {"type": "response.completed", "response": {"output": list(_ITEMS)}}),
    (RESPONSES, {"type": "response.x.partial_image", "partial_image_b64": "@"}),
    (IMAGES, {"type": "image_generation.completed", "b64_json": "@"}),
    *((CHAT, {"choices": [{"index": 0, "delta": delta}]}) for delta in _DELTAS),
    (PLAIN, {"response": "so", "image": {"bytes": "@"}}),
    (MCP, {"id": 1, "result": {"content": [{"type": "image", "data": "@"}]}}),
]
