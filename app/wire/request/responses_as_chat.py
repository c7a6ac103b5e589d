"""A request in the words of Responses, for the address of Chat Completions: said in Chat's words.

Cursor's editor, with its base URL overridden, sends such requests for many models and reads Chat's
chunks in the answer. Chat's own API refuses them, so they are translated before anything else looks
at them: what rules read, what people approve and what is recorded is what goes upstream.

What Chat cannot say is refused with its name, as an item that refers to a stored response. What
only tunes how Responses answers is left out, as `include` and summaries of reasoning.

Sources: OpenAI's API reference of both; what Cursor sends, from public reports and proxies
(gabrii/Cursor-Azure-GPT-5 issue 69, Soju06/codex-lb pull request 833).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.wire.base import Json

Members: TypeAlias = "dict[str, Json]"

_SAME = (
    *("model", "stream", "stream_options", "temperature", "top_p", "top_logprobs", "logprobs"),
    *("parallel_tool_calls", "metadata", "user", "store", "service_tier", "prompt_cache_key"),
    *("prompt_cache_retention", "safety_identifier", "seed", "stop"),
    *("presence_penalty", "frequency_penalty"),
)
_NOT_IN_CHAT = ("previous_response_id", "conversation", "prompt", "background")
_TEXTS = frozenset({"input_text", "output_text", "text"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
_ROLES = frozenset({"system", "developer", "user", "assistant"})


def as_chat(body: Members) -> Members:
    """Return the body of Chat Completions that asks the same. Raises BadRequest."""
    for name in _NOT_IN_CHAT:
        if body.get(name):
            raise _untranslatable(f"“{name}”")
    said: Members = {name: body[name] for name in _SAME if name in body}
    said["messages"] = _messages(body.get("instructions"), body["input"])
    if tools := body.get("tools"):
        said["tools"] = [_tool(tool) for tool in _listed(tools, "tools")]
        if "tool_choice" in body:
            said["tool_choice"] = _tool_choice(body["tool_choice"])
    if body.get("max_output_tokens") is not None:
        said["max_completion_tokens"] = body["max_output_tokens"]
    reasoning = body.get("reasoning")
    if isinstance(reasoning, dict) and reasoning.get("effort") is not None:
        said["reasoning_effort"] = reasoning["effort"]
    return said | _text_settings(body.get("text"))


def _messages(instructions: Json, given: Json) -> list[Json]:
    messages: list[Members] = []
    if instructions:
        messages.append({"role": "system", "content": instructions})
    if isinstance(given, str):
        messages.append({"role": "user", "content": given})
        return [*messages]
    for item in _listed(given, "input"):
        _add(messages, item)
    return [*messages]


def _add(messages: list[Members], item: Members) -> None:
    kind = item.get("type", "message")
    if kind == "message":
        messages.append(_message(item))
    elif kind in ("function_call", "custom_tool_call"):
        _add_call(messages, _call(item))
    elif kind in _OUTPUTS:
        content = _tool_output(item.get("output"))
        messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": content})
    elif kind != "reasoning":  # encrypted for Responses alone
        raise _untranslatable(f"an item of type “{kind}”")


def _message(item: Members) -> Members:
    role, content = item.get("role"), item.get("content")
    if role not in _ROLES:
        raise _untranslatable(f"the role “{role}”")
    if content is None or isinstance(content, str):
        return {"role": role, "content": content}
    parts = [_part(part) for part in _listed(content, "content")]
    if role == "user":
        return {"role": role, "content": [*parts]}
    # Elsewhere many servers of Chat take plain text alone.
    return {"role": role, "content": _joined(parts)}


def _part(part: Members) -> Members:
    match part.get("type"):
        case kind if kind in _TEXTS:
            return {"type": "text", "text": part.get("text")}
        case "refusal":
            return {"type": "text", "text": part.get("refusal")}
        case "input_image" if isinstance(part.get("image_url"), str):
            detail = {"detail": part["detail"]} if part.get("detail") else {}
            return {"type": "image_url", "image_url": {"url": part["image_url"], **detail}}
        case "input_file" if "file_url" not in part:
            known = ("file_id", "filename", "file_data")
            return {"type": "file", "file": {name: part[name] for name in known if name in part}}
        case "input_audio" | "image_url" | "file":
            return part
        case kind:
            raise _untranslatable(f"a part of type “{kind}”")


def _joined(parts: Iterable[Members]) -> Json:
    texts = [part.get("text") for part in parts]
    if not all(isinstance(text, str) for text in texts):
        raise _untranslatable("a picture or a file that is not from the user")
    return "".join(str(text) for text in texts)


def _tool_output(output: Json) -> Json:
    if output is None or isinstance(output, str):
        return output or ""
    return _joined(_part(part) for part in _listed(output, "output"))


def _call(item: Members) -> Members:
    if item.get("type") == "custom_tool_call":
        custom: Members = {"name": item.get("name"), "input": item.get("input")}
        return {"id": item.get("call_id"), "type": "custom", "custom": custom}
    function: Members = {"name": item.get("name"), "arguments": item.get("arguments")}
    return {"id": item.get("call_id"), "type": "function", "function": function}


def _add_call(messages: list[Members], call: Members) -> None:
    """Add a call to the turn of the assistant that it belongs to."""
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    calls = messages[-1].setdefault("tool_calls", [])
    if isinstance(calls, list):
        calls.append(call)


def _tool(tool: Members) -> Members:
    kind = tool.get("type")
    if kind == "function" and "function" in tool:
        return tool
    if kind == "function":
        known = ("name", "description", "parameters", "strict")
        function: Members = {name: tool[name] for name in known if tool.get(name) is not None}
        return {"type": "function", "function": function}
    if kind == "custom" and "custom" in tool:
        return tool
    if kind == "custom":
        custom: Members = {name: tool[name] for name in ("name", "description") if name in tool}
        return {"type": "custom", "custom": custom | _custom_format(tool.get("format"))}
    raise _untranslatable(f"a tool of type “{kind}”")


def _custom_format(given: Json) -> Members:
    if not isinstance(given, dict):
        return {}
    if given.get("type") != "grammar" or "grammar" in given:
        return {"format": given}
    grammar: Members = {name: value for name, value in given.items() if name != "type"}
    return {"format": {"type": "grammar", "grammar": grammar}}


def _tool_choice(choice: Json) -> Json:
    if not isinstance(choice, dict):
        return choice
    kind = choice.get("type")
    if kind in ("function", "custom"):
        named: Json = choice.get(str(kind)) or {"name": choice.get("name")}
        return {"type": kind, str(kind): named}
    raise _untranslatable(f"a tool_choice of type “{kind}”")


def _text_settings(text: Json) -> Members:
    if not isinstance(text, dict):
        return {}
    said: Members = {"verbosity": text["verbosity"]} if text.get("verbosity") else {}
    wanted = text.get("format")
    if not isinstance(wanted, dict) or wanted.get("type") in (None, "text"):
        return said
    if wanted["type"] == "json_schema":
        schema: Members = {name: value for name, value in wanted.items() if name != "type"}
        return said | {"response_format": {"type": "json_schema", "json_schema": schema}}
    return said | {"response_format": wanted}


def _listed(value: Json, name: str) -> list[Members]:
    if not isinstance(value, list):
        raise _untranslatable(f"“{name}” that is no list")
    found = [each for each in value if isinstance(each, dict)]
    if len(found) < len(value):
        raise _untranslatable(f"“{name}” whose items are no objects")
    return found


def _untranslatable(what: str) -> BadRequest:
    return BadRequest(
        "This request is in the words of the Responses API and was sent to Chat Completions, "
        f"which has no words for {what}. Send it to /v1/responses."
    )
