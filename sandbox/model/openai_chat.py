"""OpenAI's Chat Completions, its embeddings, and its list of models."""

from collections.abc import Iterator
from itertools import zip_longest

from quart import Blueprint, Response, jsonify, request

from sandbox.model.answers import (
    EPOCH_S,
    Answer,
    Tool,
    ToolCall,
    answer,
    call_seed,
    cut,
    identifier,
    tokens,
)
from sandbox.model.behaviour import Behaviour
from sandbox.model.embeddings import embedded
from sandbox.model.flow import Gate, Piece
from sandbox.model.history import check_chat
from sandbox.model.intake import (
    behave,
    check_bearer,
    last_user_text,
    objects,
    read_object,
    results_since_asked,
    want_messages,
    want_text,
)
from sandbox.model.received import body_of
from sandbox.model.refusals import Dialect, Fault, JsonObject, Refusal, refuse_in
from sandbox.model.script import last_step, script_of
from sandbox.model.sending import compact, send_events, send_json

MODELS = ("gpt-sandbox", "gpt-sandbox-leaky", "gpt-sandbox-slow", "gpt-sandbox-failing")
MAX_CHOICES = 8


def chat_routes(gate: Gate) -> Blueprint:
    """Routes below `/openai/v1`."""
    routes = Blueprint("openai", __name__, url_prefix="/openai/v1")
    routes.before_request(check_bearer)
    refuse_in(routes, Dialect.OPENAI)

    @routes.get("/models")
    async def models() -> Response:
        return jsonify(object="list", data=[_describe(name) for name in MODELS])

    @routes.post("/chat/completions")
    async def complete() -> Response:
        body = await read_object()
        behaviour = behave(want_text(body, "model"))
        reply = _Reply(body, behaviour, await body_of(request))
        if body.get("stream"):
            return send_events(list(reply.pieces()), behaviour, gate)
        return send_json(reply.whole(), behaviour, gate)

    @routes.post("/embeddings")
    async def embed() -> Response:
        body = await read_object()
        behave(want_text(body, "model"))
        return jsonify(embedded(body))

    return routes


def _describe(name: str) -> JsonObject:
    return {"id": name, "object": "model", "created": EPOCH_S, "owned_by": "sandbox"}


class _Reply:
    """The answer to one request: as one object, or as chunks."""

    def __init__(self, body: JsonObject, behaviour: Behaviour, raw: bytes) -> None:
        messages = want_messages(body)
        if behaviour.strict:
            check_chat(messages)
        question = last_user_text(messages)
        script = script_of(messages)
        done = results_since_asked(messages, frozenset({"tool"}))
        done = last_step(messages) if script else done
        tools = tuple(_tool(each) for each in objects(body.get("tools")))
        self._id = identifier("chatcmpl-", raw)
        self._raw = raw
        self._model = str(body["model"])
        self._answers = [
            answer(question, behaviour, tools, choice, done, script)
            for choice in range(_count(body))
        ]
        options = body.get("stream_options")
        self._tells_usage = isinstance(options, dict) and options.get("include_usage") is True
        spoken = sum(tokens(each.text) for each in self._answers)
        asked = tokens(question)
        self._usage = {
            "prompt_tokens": asked,
            "completion_tokens": spoken,
            "total_tokens": asked + spoken,
        }

    def whole(self) -> JsonObject:
        choices = [self._choice(index, each) for index, each in enumerate(self._answers)]
        return {**self._frame("chat.completion"), "choices": choices, "usage": self._usage}

    def pieces(self) -> Iterator[Piece]:
        """Stream the choices side by side: the first delta of each, then the second of each."""
        for row in zip_longest(*(self._deltas(each) for each in self._answers)):
            for index, delta in enumerate(row):
                if delta is not None:
                    yield self._chunk(index, delta)
        for index, each in enumerate(self._answers):
            yield self._chunk(index, {}, _finish_reason(each))
        if self._tells_usage:
            yield self._event({"choices": [], "usage": self._usage})
        yield Piece(b"data: [DONE]\n\n")

    def _choice(self, index: int, said: Answer) -> JsonObject:
        message: JsonObject = {"role": "assistant", "content": said.text, "refusal": None}
        if said.calls:
            message["tool_calls"] = [
                self._call(number, call, call.arguments) for number, call in enumerate(said.calls)
            ]
        return {
            "index": index,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish_reason(said),
        }

    def _deltas(self, said: Answer) -> Iterator[JsonObject]:
        yield {"role": "assistant", "content": "", "refusal": None}
        for text in cut(said.text):
            yield {"content": text}
        for number, call in enumerate(said.calls):
            yield {"tool_calls": [{"index": number, **self._call(number, call, "")}]}
            for part in cut(call.arguments):
                yield {"tool_calls": [{"index": number, "function": {"arguments": part}}]}

    def _call(self, number: int, call: ToolCall, arguments: str) -> JsonObject:
        function = {"name": call.name, "arguments": arguments}
        name = identifier("call_", call_seed(self._raw, number))
        return {"id": name, "type": "function", "function": function}

    def _chunk(self, index: int, delta: JsonObject, finish: str | None = None) -> Piece:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        # With include_usage every chunk has the member, null until the last one.
        usage = {"usage": None} if self._tells_usage else {}
        carries = bool(delta.get("content") or delta.get("tool_calls"))
        return self._event({"choices": [choice], **usage}, delta=carries)

    def _event(self, members: JsonObject, *, delta: bool = False) -> Piece:
        chunk = {**self._frame("chat.completion.chunk"), **members}
        return Piece(b"data: " + compact(chunk) + b"\n\n", delta)

    def _frame(self, kind: str) -> JsonObject:
        return {
            "id": self._id,
            "object": kind,
            "created": EPOCH_S,
            "model": self._model,
            "system_fingerprint": "fp_sandbox",
        }


def _finish_reason(said: Answer) -> str:
    return "tool_calls" if said.calls else "stop"


def _count(body: JsonObject) -> int:
    count = body.get("n") or 1
    if not isinstance(count, int) or not 1 <= count <= MAX_CHOICES:
        raise Refusal(Fault.BAD_BODY, f"'n' must be a number from 1 to {MAX_CHOICES}.", "n")
    return count


def _tool(offered: JsonObject) -> Tool:
    function = offered.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Refusal(Fault.BAD_BODY, "Each of 'tools' must have a function with a name.", "tools")
    schema = function.get("parameters")
    return Tool(function["name"], schema if isinstance(schema, dict) else {})
