"""Anthropic's Messages."""

import json
from collections.abc import Iterator

from quart import Blueprint, Response, jsonify, request

from sandbox.model.answers import (
    PLANTED_KEY,
    Answer,
    Tool,
    ToolCall,
    answer,
    answer_as,
    call_seed,
    cut,
    identifier,
    tokens,
)
from sandbox.model.behaviour import Behaviour
from sandbox.model.flow import Gate, Piece
from sandbox.model.history import check_messages, signed
from sandbox.model.intake import (
    behave,
    check_api_key,
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

THOUGHT = "A small request; a short answer will do."


def message_routes(gate: Gate) -> Blueprint:
    """Routes below `/anthropic/v1`."""
    routes = Blueprint("anthropic", __name__, url_prefix="/anthropic/v1")
    routes.before_request(check_api_key)
    refuse_in(routes, Dialect.ANTHROPIC)

    @routes.post("/messages")
    async def create() -> Response:
        body = await read_object()
        behaviour = behave(want_text(body, "model"))
        reply = _Reply(body, behaviour, await body_of(request))
        if body.get("stream"):
            response = send_events(list(reply.pieces()), behaviour, gate)
        else:
            response = send_json(reply.whole(), behaviour, gate)
        response.headers["request-id"] = "req_sandbox"
        return response

    @routes.post("/messages/count_tokens")
    async def count() -> Response:
        messages = want_messages(await read_object())
        return jsonify(input_tokens=tokens(compact({"messages": messages}).decode()))

    return routes


class _Reply:
    """The answer to one request: as one message, or as events."""

    def __init__(self, body: JsonObject, behaviour: Behaviour, raw: bytes) -> None:
        if not request.headers.get("anthropic-version"):
            raise Refusal(Fault.BAD_BODY, "Send the header 'anthropic-version'.")
        limit = body.get("max_tokens")
        if not isinstance(limit, int) or limit < 1:
            raise Refusal(Fault.BAD_BODY, "'max_tokens' must be a number above 0.", "max_tokens")
        messages = want_messages(body)
        self._thinks = _wants_thinking(body)
        if behaviour.strict:
            check_messages(messages, thinks=self._thinks)
        question = last_user_text(messages)
        done = results_since_asked(messages, frozenset({"tool_result"}))
        tools = tuple(_tool(each) for each in objects(body.get("tools")))
        script = script_of(messages)
        done = last_step(messages) if script else done
        schema = _schema_of_answer(body)
        self._said: Answer = (
            answer(question, behaviour, tools, done=done, script=script)
            if schema is None
            else answer_as(schema, question)
        )
        self._thought = f"{THOUGHT} {PLANTED_KEY}" if behaviour.leaky else THOUGHT
        self._id = identifier("msg_", raw)
        self._raw = raw
        self._model = str(body["model"])
        self._asked = tokens(question)
        self._spoken = tokens(self._said.text)

    def whole(self) -> JsonObject:
        content: list[JsonObject] = [{"type": "text", "text": self._said.text}]
        if self._thinks:
            thought = {"thinking": self._thought, "signature": signed(self._thought)}
            content.insert(0, {"type": "thinking", **thought})
        content += [
            self._tool_block(number, call, json.loads(call.arguments))
            for number, call in enumerate(self._said.calls)
        ]
        return self._message(content, self._stop_reason(), self._spoken)

    def pieces(self) -> Iterator[Piece]:
        yield _event("message_start", {"message": self._message([], None, 1)})
        for index, (empty, deltas) in enumerate(self._blocks()):
            yield from self._block(index, empty, deltas)
        stop = {"stop_reason": self._stop_reason(), "stop_sequence": None}
        usage = {"output_tokens": self._spoken}
        yield _event("message_delta", {"delta": stop, "usage": usage})
        yield _event("message_stop", {})

    def _blocks(self) -> Iterator[tuple[JsonObject, list[JsonObject]]]:
        """Give each block as it starts, and what is added to it."""
        if self._thinks:
            thoughts = [{"type": "thinking_delta", "thinking": each} for each in cut(self._thought)]
            signature = {"type": "signature_delta", "signature": signed(self._thought)}
            empty = {"type": "thinking", "thinking": "", "signature": ""}
            yield empty, [*thoughts, signature]
        texts = [{"type": "text_delta", "text": each} for each in cut(self._said.text)]
        yield {"type": "text", "text": ""}, texts
        for number, call in enumerate(self._said.calls):
            parts = ["", *cut(call.arguments)]
            deltas = [{"type": "input_json_delta", "partial_json": each} for each in parts]
            yield self._tool_block(number, call, {}), deltas

    def _block(self, index: int, empty: JsonObject, deltas: list[JsonObject]) -> Iterator[Piece]:
        yield _event("content_block_start", {"index": index, "content_block": empty})
        if index == 0:
            yield _event("ping", {})
        for delta in deltas:
            yield _event("content_block_delta", {"index": index, "delta": delta}, delta=True)
        yield _event("content_block_stop", {"index": index})

    def _message(
        self, content: list[JsonObject], stop_reason: str | None, spoken: int
    ) -> JsonObject:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {"input_tokens": self._asked, "output_tokens": spoken},
        }

    def _tool_block(self, number: int, call: ToolCall, given: JsonObject) -> JsonObject:
        name = identifier("toolu_", call_seed(self._raw, number))
        return {"type": "tool_use", "id": name, "name": call.name, "input": given}

    def _stop_reason(self) -> str:
        return "tool_use" if self._said.calls else "end_turn"


def _event(name: str, members: JsonObject, *, delta: bool = False) -> Piece:
    data = compact({"type": name, **members})
    return Piece(b"event: " + name.encode() + b"\ndata: " + data + b"\n\n", delta)


def _wants_thinking(body: JsonObject) -> bool:
    thinking = body.get("thinking")
    return isinstance(thinking, dict) and thinking.get("type") in {"enabled", "adaptive"}


def _schema_of_answer(body: JsonObject) -> JsonObject | None:
    """Return the JSON Schema that the answer has to fit, if the caller gives one."""
    config = body.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    schema = form.get("schema") if isinstance(form, dict) else None
    return schema if isinstance(schema, dict) else None


def _tool(offered: JsonObject) -> Tool:
    if not isinstance(offered.get("name"), str):
        raise Refusal(Fault.BAD_BODY, "Each of 'tools' must have a name.", "tools")
    schema = offered.get("input_schema")
    return Tool(offered["name"], schema if isinstance(schema, dict) else {})
