"""Answers that are one document, as the providers send them, and what the readers make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.domain.tool_call import ToolCall
from app.wire.apis.anthropic import ANTHROPIC
from app.wire.apis.gemini import GEMINI
from app.wire.apis.openai_chat import CHAT
from app.wire.apis.openai_responses import RESPONSES
from app.wire.base import WireFormat
from app.wire.calls.base import Changed, Passed, Replaced, Ruling

DENIED = Replaced("`rm` was not run.")
CHANGED = Changed('{"path":"b"}', "It was changed.")
ARGUMENTS = '{"path": "a"}'


@dataclass(frozen=True)
class Case:
    """An answer, the calls in it that a rule looks at, and what becomes of it."""

    name: str
    wire: WireFormat
    document: Any
    calls: tuple[ToolCall, ...]
    rulings: tuple[Ruling, ...]
    expected: Any


def call(tool: str = "held_w", arguments: str = '{"path":"a"}', call_id: str = "1") -> ToolCall:
    return ToolCall(tool, arguments, call_id)


def message(*content: dict[str, Any], reason: str = "tool_use") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m-1",
        "content": list(content),
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }


def use(tool: str = "held_w", path: str = "a", kind: str = "tool_use") -> dict[str, Any]:
    return {"type": kind, "id": "1", "name": tool, "input": {"path": path}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


THOUGHT = {"type": "thinking", "thinking": "so", "signature": "c2ln"}


def chat(reason: str, said: str | list[Any] | None = None, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    return completion(choice(reason, said, **members))


def choice(
    reason: str,
    said: str | list[Any] | None = None,
    index: int = 0,
    **members: Any,  # noqa: ANN401
) -> dict[str, Any]:
    spoken = {"role": "assistant", "content": said, "refusal": None, **members}
    return {"index": index, "message": spoken, "logprobs": None, "finish_reason": reason}


def completion(*choices: dict[str, Any]) -> dict[str, Any]:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-1"}
    return {**head, "choices": list(choices), "usage": usage}


def function(tool: str = "held_w", arguments: str = ARGUMENTS) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": tool, "arguments": arguments}}


def custom(asked: str) -> dict[str, Any]:
    return {"id": "1", "type": "custom", "custom": {"name": "held_c", "input": asked}}


def response(*output: dict[str, Any]) -> dict[str, Any]:
    head = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed"}
    tail = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return {**head, "model": "m-1", "output": list(output), **tail}


def item(tool: str = "held_w", arguments: str = ARGUMENTS) -> dict[str, Any]:
    head = {"id": "fc_1", "type": "function_call", "call_id": "1", "status": "completed"}
    return {**head, "name": tool, "arguments": arguments}


def shell(*commands: str) -> dict[str, Any]:
    head = {"id": "sh_1", "type": "shell_call", "call_id": "1", "status": "completed"}
    return {**head, "action": {"commands": list(commands)}}


def said(words: str, item_id: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": words, "annotations": []}]
    head = {"id": item_id, "type": "message", "role": "assistant", "status": "completed"}
    return {**head, "content": content}


REASONING = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "c2ln"}


def gemini(*parts: dict[str, Any], reason: str = "STOP") -> dict[str, Any]:
    content = {"role": "model", "parts": list(parts)}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}
    candidate = {"content": content, "finishReason": reason, "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m-1"}


def part(path: str = "a", **members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"functionCall": {"name": "held_w", "args": {"path": path}}, **members}


GEMINI_CALL = call(call_id="")
CASES = (
    Case(
        "messages: the only call is replaced, so the turn ends",
        ANTHROPIC,
        message(THOUGHT, text("so"), use()),
        (call(),),
        (DENIED,),
        message(THOUGHT, text("so"), text(DENIED.text), reason="end_turn"),
    ),
    Case(
        "messages: one of two is replaced, the other is changed",
        ANTHROPIC,
        message(use(), use(), use("read")),
        (call(), call()),
        (DENIED, CHANGED),
        message(text(DENIED.text), text(CHANGED.text), use(path="b"), use("read")),
    ),
    Case(
        "messages: what the provider runs does not make the client come back",
        ANTHROPIC,
        message(use("held_s", kind="server_tool_use"), use()),
        (ToolCall("held_s", '{"path":"a"}', "1", by_provider=True), call()),
        (Passed(), DENIED),
        message(use("held_s", kind="server_tool_use"), text(DENIED.text), reason="end_turn"),
    ),
    Case(
        "chat: the only call is replaced, so the turn ends",
        CHAT,
        chat("tool_calls", tool_calls=[function()]),
        (call(arguments=ARGUMENTS),),
        (DENIED,),
        chat("stop", DENIED.text),
    ),
    Case(
        "chat: words about calls come after those of the model",
        CHAT,
        chat("tool_calls", "so", tool_calls=[function(), custom("ls"), function("read")]),
        (call(arguments=ARGUMENTS), call("held_c", "ls")),
        (DENIED, Changed("ls -l", "It was changed.")),
        chat(
            "tool_calls",
            f"so\n\n{DENIED.text}\n\nIt was changed.",
            tool_calls=[custom("ls -l"), function("read")],
        ),
    ),
    Case(
        "chat: each choice ends for itself",
        CHAT,
        completion(
            choice("tool_calls", [text("so")], tool_calls=[function()]),
            choice("tool_calls", index=1, tool_calls=[function()]),
        ),
        (call(arguments=ARGUMENTS), call(arguments=ARGUMENTS)),
        (DENIED, Passed()),
        completion(
            choice("stop", [text("so"), text(DENIED.text)]),
            choice("tool_calls", index=1, tool_calls=[function()]),
        ),
    ),
    Case(
        "chat: a call of the first kind there was",
        CHAT,
        chat("function_call", function_call=function()["function"]),
        (call(arguments=ARGUMENTS, call_id=""),),
        (DENIED,),
        chat("stop", DENIED.text, function_call=None),
    ),
    Case(
        "chat: a call of the first kind there was is changed",
        CHAT,
        chat("function_call", function_call=function()["function"]),
        (call(arguments=ARGUMENTS, call_id=""),),
        (CHANGED,),
        chat(
            "function_call",
            CHANGED.text,
            function_call=function(arguments=CHANGED.arguments)["function"],
        ),
    ),
    Case(
        "responses: a call is replaced and one is changed, reasoning stays",
        RESPONSES,
        response(REASONING, item(), item(), item("read")),
        (call(arguments=ARGUMENTS), call(arguments=ARGUMENTS)),
        (DENIED, CHANGED),
        response(
            REASONING,
            said(DENIED.text, "msg_ruling_1"),
            said(CHANGED.text, "msg_ruling_2"),
            item(arguments=CHANGED.arguments),
            item("read"),
        ),
    ),
    Case(
        "responses: a command in the shell of the API is changed",
        RESPONSES,
        response(shell("rm", "ls")),
        (ToolCall("shell", '{"commands":["rm","ls"]}', "1"),),
        (Changed('{"commands":["ls"]}'),),
        response(shell("ls")),
    ),
    Case(
        "responses: what the provider has run can only be seen",
        RESPONSES,
        response({"id": "ws_1", "type": "web_search_call", "action": {"query": "x"}}, item()),
        (
            ToolCall("web_search", '{"query":"x"}', "ws_1", by_provider=True),
            call(arguments=ARGUMENTS),
        ),
        (Passed(), DENIED),
        response(
            {"id": "ws_1", "type": "web_search_call", "action": {"query": "x"}},
            said(DENIED.text, "msg_ruling_1"),
        ),
    ),
    Case(
        "gemini: a changed call keeps its signature",
        GEMINI,
        gemini({"text": "so"}, part(thoughtSignature="c2ln"), part()),
        (GEMINI_CALL, GEMINI_CALL),
        (CHANGED, DENIED),
        gemini(
            {"text": "so"},
            {"text": CHANGED.text},
            part("b", thoughtSignature="c2ln"),
            {"text": DENIED.text},
        ),
    ),
    Case(
        "gemini: the next call has the signature of one that is replaced",
        GEMINI,
        gemini(part(thoughtSignature="c2ln"), part(), part()),
        (GEMINI_CALL, GEMINI_CALL, GEMINI_CALL),
        (DENIED, Passed(), Passed()),
        gemini({"text": DENIED.text}, {"thoughtSignature": "c2ln", **part()}, part()),
    ),
    Case(
        "gemini: code that the provider runs takes no signature of a call",
        GEMINI,
        gemini(
            part(thoughtSignature="c2ln"),
            {"executableCode": {"language": "PYTHON", "code": "1"}},
            part(),
        ),
        (
            GEMINI_CALL,
            ToolCall("code_execution", '{"language":"PYTHON","code":"1"}', by_provider=True),
            GEMINI_CALL,
        ),
        (DENIED, Passed(), Passed()),
        gemini(
            {"text": DENIED.text},
            {"executableCode": {"language": "PYTHON", "code": "1"}},
            {"thoughtSignature": "c2ln", **part()},
        ),
    ),
    Case(
        "gemini: the chunks of a stream in one array",
        GEMINI,
        [gemini({"text": "so"}), gemini(part())],
        (GEMINI_CALL,),
        (DENIED,),
        [gemini({"text": "so"}), gemini({"text": DENIED.text})],
    ),
    Case(
        "gemini: code that the provider has run can only be seen",
        GEMINI,
        gemini({"executableCode": {"language": "PYTHON", "code": "1"}}, part()),
        (
            ToolCall("code_execution", '{"language":"PYTHON","code":"1"}', by_provider=True),
            GEMINI_CALL,
        ),
        (Passed(), DENIED),
        gemini({"executableCode": {"language": "PYTHON", "code": "1"}}, {"text": DENIED.text}),
    ),
)
