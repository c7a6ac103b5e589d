"""Google's Gemini: `generateContent`, its stream, `countTokens` and embeddings."""

import json
from collections.abc import Iterator

from quart import Blueprint, Response, jsonify, request

from sandbox.model.answers import Tool, answer, cut, tokens
from sandbox.model.behaviour import Behaviour
from sandbox.model.embeddings import vector
from sandbox.model.flow import Gate, Piece
from sandbox.model.history import check_contents, sealed
from sandbox.model.intake import (
    behave,
    check_goog_api_key,
    objects,
    read_object,
    results_since_asked,
)
from sandbox.model.refusals import Dialect, Fault, JsonObject, Refusal, refuse_in
from sandbox.model.script import last_step, script_of
from sandbox.model.sending import compact, send_events, send_json

EMBEDDING = frozenset({"embedContent", "batchEmbedContents"})
RESULTS = frozenset({"functionResponse"})


def gemini_routes(gate: Gate) -> Blueprint:
    """Routes below `/gemini`, for each version of the API."""
    routes = Blueprint("gemini", __name__, url_prefix="/gemini/<version>")
    routes.before_request(check_goog_api_key)
    refuse_in(routes, Dialect.GEMINI)

    @routes.post("/models/<model>:<action>")
    async def act(version: str, model: str, action: str) -> Response:
        del version  # they are alike
        body = await read_object()
        if action in EMBEDDING:
            return jsonify(_embedded(body))
        contents = objects(body.get("contents"))
        if not contents:
            raise Refusal(Fault.BAD_BODY, "'contents' must be a list that is not empty.")
        if action == "countTokens":
            return jsonify(totalTokens=tokens(compact({"contents": contents}).decode()))
        behaviour = behave(model)
        reply = _Reply(body, contents, behaviour, model)
        if action == "generateContent":
            return send_json(reply.whole(), behaviour, gate)
        if action == "streamGenerateContent" and request.args.get("alt") == "sse":
            return send_events(list(reply.pieces()), behaviour, gate)
        raise Refusal(Fault.NOT_FOUND, f"The sandbox has no {action!r} of this kind.")

    return routes


def _embedded(body: JsonObject) -> JsonObject:
    """Answer `embedContent`, or `batchEmbedContents` where there are several requests."""
    asked = objects(body.get("requests"))
    found = [{"values": vector(_text(each.get("content")))} for each in asked or [body]]
    return {"embeddings": found} if asked else {"embedding": found[0]}


def _text(content: object) -> str:
    parts = objects(content.get("parts")) if isinstance(content, dict) else []
    if not parts:
        raise Refusal(Fault.BAD_BODY, "'content' must have parts.")
    return " ".join(str(part.get("text", "")) for part in parts)


class _Reply:
    """The answer to one request: as one object, or as events."""

    def __init__(
        self, body: JsonObject, contents: list[JsonObject], behaviour: Behaviour, model: str
    ) -> None:
        self._is_strict = behaviour.strict
        if behaviour.strict:
            check_contents(contents)
        question = _last_user_text(contents)
        done = results_since_asked(contents, RESULTS)
        script = script_of(contents)
        done = last_step(contents) if script else done
        tools = tuple(_tools(body))
        self._said = answer(question, behaviour, tools, done=done, script=script)
        self._model = model
        self._asked = tokens(question)

    def whole(self) -> JsonObject:
        parts: list[JsonObject] = [{"text": self._said.text}, *self._calls()]
        return self._chunk(parts, last=True)

    def pieces(self) -> Iterator[Piece]:
        for text in cut(self._said.text):
            yield _event(self._chunk([{"text": text}]), delta=True)
        yield _event(self._chunk(self._calls() or [{"text": ""}], last=True))

    def _calls(self) -> list[JsonObject]:
        calls: list[JsonObject] = [
            {"functionCall": {"name": call.name, "args": json.loads(call.arguments)}}
            for call in self._said.calls
        ]
        if calls and self._is_strict:
            calls[0]["thoughtSignature"] = sealed(self._said.text)
        return calls

    def _chunk(self, parts: list[JsonObject], *, last: bool = False) -> JsonObject:
        candidate: JsonObject = {"content": {"role": "model", "parts": parts}, "index": 0}
        if last:
            candidate["finishReason"] = "STOP"
        spoken = tokens(self._said.text)
        return {
            "candidates": [candidate],
            "usageMetadata": {
                "promptTokenCount": self._asked,
                "candidatesTokenCount": spoken,
                "totalTokenCount": self._asked + spoken,
            },
            "modelVersion": self._model,
        }


def _event(value: JsonObject, *, delta: bool = False) -> Piece:
    return Piece(b"data: " + compact(value) + b"\r\n\r\n", delta)


def _last_user_text(contents: list[JsonObject]) -> str:
    said = next((each for each in reversed(contents) if each.get("role") != "model"), {})
    texts = [part.get("text") for part in objects(said.get("parts"))]
    return " ".join(text for text in texts if isinstance(text, str))


def _tools(body: JsonObject) -> Iterator[Tool]:
    for offered in objects(body.get("tools")):
        for function in objects(offered.get("functionDeclarations")):
            schema = function.get("parametersJsonSchema") or function.get("parameters")
            yield Tool(str(function.get("name")), schema if isinstance(schema, dict) else {})
