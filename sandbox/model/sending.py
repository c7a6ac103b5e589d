"""Turning an answer into a Quart response."""

import json
from collections.abc import Sequence

from quart import Response

from sandbox.model.behaviour import Behaviour
from sandbox.model.flow import Gate, Piece, paced, whole
from sandbox.model.refusals import JsonObject


def compact(value: JsonObject) -> bytes:
    """Spell JSON the way the real services do: UTF-8, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def send_json(value: JsonObject, behaviour: Behaviour, gate: Gate, status: int = 200) -> Response:
    """Send one JSON object, whole or as the behaviour says."""
    body = compact(value)
    if behaviour.flows_freely:
        return Response(body, status, content_type="application/json")
    response = Response(
        paced(whole(body), behaviour, gate), status, content_type="application/json"
    )
    response.timeout = None
    return response


def send_events(pieces: Sequence[Piece], behaviour: Behaviour, gate: Gate) -> Response:
    """Send server-sent events, each its own write."""
    response = Response(
        paced(pieces, behaviour, gate), content_type="text/event-stream; charset=utf-8"
    )
    response.headers["Cache-Control"] = "no-cache"
    response.timeout = None  # a stalled answer waits for as long as its caller does
    return response
