"""OpenAI's Responses."""

from collections.abc import Iterator

from quart import Blueprint, Response, request

from sandbox.model.answers import (
    EPOCH_S,
    Tool,
    ToolCall,
    answer,
    call_seed,
    cut,
    identifier,
    tokens,
)
from sandbox.model.behaviour import Behaviour
from sandbox.model.flow import Gate, Piece
from sandbox.model.history import check_items, signed
from sandbox.model.intake import (
    behave,
    check_bearer,
    last_user_text,
    objects,
    read_object,
    results_since_asked,
    want_text,
)
from sandbox.model.received import body_of
from sandbox.model.refusals import Dialect, Fault, JsonObject, Refusal, refuse_in
from sandbox.model.script import last_step, script_of
from sandbox.model.sending import compact, send_events, send_json

RESULTS = frozenset({"function_call_output", "custom_tool_call_output"})


def response_routes(gate: Gate) -> Blueprint:
    """Routes below `/openai/v1`."""
    routes = Blueprint("openai_responses", __name__, url_prefix="/openai/v1")
    routes.before_request(check_bearer)
    refuse_in(routes, Dialect.OPENAI)

    @routes.post("/responses")
    async def create() -> Response:
        body = await read_object()
        behaviour = behave(want_text(body, "model"))
        reply = _Reply(body, behaviour, await body_of(request))
        if body.get("stream"):
            return send_events(list(reply.pieces()), behaviour, gate)
        return send_json(reply.whole(), behaviour, gate)

    return routes


class _Reply:
    """The answer to one request: as one object, or as events."""

    def __init__(self, body: JsonObject, behaviour: Behaviour, raw: bytes) -> None:
        items = _items(body)
        if behaviour.strict:
            check_items(items)
        # A strict model thinks aloud, so that its reasoning is part of the history.
        self._reasons = behaviour.strict and isinstance(body.get("reasoning"), dict)
        question = last_user_text([item for item in items if "role" in item])
        tools = tuple(_tools(body))
        done = results_since_asked(items, RESULTS)
        script = script_of(items)
        done = last_step(items) if script else done
        self._said = answer(question, behaviour, tools, done=done, script=script)
        self._id = identifier("resp_", raw)
        self._message_id = identifier("msg_", raw)
        self._raw = raw
        self._model = str(body["model"])
        self._asked = tokens(question)
        self._spoken = tokens(self._said.text)
        self._number = -1

    def whole(self) -> JsonObject:
        return self._response("completed", self._output())

    def pieces(self) -> Iterator[Piece]:
        yield self._event("response.created", response=self._response("in_progress", []))
        yield self._event("response.in_progress", response=self._response("in_progress", []))
        for index, item in enumerate(self._output()):
            yield from self._item(index, item)
        yield self._event("response.completed", response=self.whole())

    def _item(self, index: int, item: JsonObject) -> Iterator[Piece]:
        match item["type"]:
            case "message":
                yield from self._message(index, item)
            case "function_call":
                yield from self._call(index, item)
            case _:
                yield self._event("response.output_item.added", output_index=index, item=item)
                yield self._event("response.output_item.done", output_index=index, item=item)

    def _message(self, index: int, item: JsonObject) -> Iterator[Piece]:
        place = {"item_id": item["id"], "output_index": index, "content_index": 0}
        empty = {**item, "status": "in_progress", "content": []}
        yield self._event("response.output_item.added", output_index=index, item=empty)
        part = _part("")
        yield self._event("response.content_part.added", **place, part=part)
        for text in cut(self._said.text):
            yield self._event("response.output_text.delta", **place, delta=text, logprobs=[])
        done = {"text": self._said.text, "logprobs": []}
        yield self._event("response.output_text.done", **place, **done)
        yield self._event("response.content_part.done", **place, part=_part(self._said.text))
        yield self._event("response.output_item.done", output_index=index, item=item)

    def _call(self, index: int, item: JsonObject) -> Iterator[Piece]:
        place = {"item_id": item["id"], "output_index": index}
        empty = {**item, "status": "in_progress", "arguments": ""}
        yield self._event("response.output_item.added", output_index=index, item=empty)
        arguments = item["arguments"]
        for text in cut(arguments):
            yield self._event("response.function_call_arguments.delta", **place, delta=text)
        yield self._event("response.function_call_arguments.done", **place, arguments=arguments)
        yield self._event("response.output_item.done", output_index=index, item=item)

    def _output(self) -> list[JsonObject]:
        message: JsonObject = {
            "type": "message",
            "id": self._message_id,
            "role": "assistant",
            "status": "completed",
            "content": [_part(self._said.text)],
        }
        return [
            *self._reasoning(),
            message,
            *map(self._called, range(len(self._said.calls)), self._said.calls),
        ]

    def _reasoning(self) -> Iterator[JsonObject]:
        if self._reasons:
            yield {
                "type": "reasoning",
                "id": identifier("rs_", self._raw),
                "summary": [],
                "encrypted_content": signed(self._id),
            }

    def _called(self, number: int, call: ToolCall) -> JsonObject:
        name = identifier("call_", call_seed(self._raw, number))
        return {
            "type": "function_call",
            "id": f"fc_{name}",
            "call_id": name,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }

    def _response(self, status: str, output: list[JsonObject]) -> JsonObject:
        usage = {
            "input_tokens": self._asked,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self._spoken,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self._asked + self._spoken,
        }
        return {
            "id": self._id,
            "object": "response",
            "created_at": EPOCH_S,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": self._model,
            "output": output,
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [],
            "usage": usage if status == "completed" else None,
        }

    def _event(self, name: str, **members: object) -> Piece:
        self._number += 1
        data = compact({"type": name, "sequence_number": self._number, **members})
        carries = name.endswith(".delta")
        return Piece(b"event: " + name.encode() + b"\ndata: " + data + b"\n\n", carries)


def _part(text: str) -> JsonObject:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _items(body: JsonObject) -> list[JsonObject]:
    given = body.get("input")
    if isinstance(given, str) and given:
        return [{"role": "user", "content": given}]
    items = objects(given)
    if not items:
        raise Refusal(Fault.BAD_BODY, "'input' must be a text or a list of items.", "input")
    return items


def _tools(body: JsonObject) -> Iterator[Tool]:
    """Give the functions; tools of other kinds are run by OpenAI itself."""
    for offered in objects(body.get("tools")):
        if offered.get("type") == "function" and isinstance(offered.get("name"), str):
            schema = offered.get("parameters")
            yield Tool(offered["name"], schema if isinstance(schema, dict) else {})
