"""How OpenAI's APIs spell a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.answer import sse
from app.wire.table import ErrorTable, message

if TYPE_CHECKING:
    from app.wire.base import Json, Refusal

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    429: "rate_limit_error",
}


def error(refusal: Refusal) -> Json:
    """The object that all of OpenAI's clients take the message from."""
    return {
        "message": message(refusal),
        "type": _TYPES.get(refusal.status, "api_error"),
        "code": refusal.code,
        "param": None,
    }


def _body(refusal: Refusal) -> bytes:
    return strict_json.dump({"error": error(refusal)})


def _in_stream(refusal: Refusal) -> bytes:
    """An error event; `[DONE]` after it lets a client stop that overlooks errors."""
    return sse.encode(_body(refusal)) + sse.encode("[DONE]")


ERRORS = ErrorTable(body=_body, in_stream=_in_stream)
