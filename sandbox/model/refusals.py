"""Errors, in the shape of the API that was called."""

from enum import Enum
from typing import Any

from quart import Blueprint, Response, jsonify

JsonObject = dict[str, Any]


class Fault(Enum):
    """What is wrong: the status, then the names OpenAI, Anthropic and Cursor give it."""

    BAD_BODY = (400, "invalid_request_error", "invalid_request_error", "validation_error")
    NO_CREDENTIAL = (401, "invalid_request_error", "authentication_error", "unauthorized")
    NOT_FOUND = (404, "invalid_request_error", "not_found_error", "not_found")
    BUSY = (409, "invalid_request_error", "invalid_request_error", "agent_busy")
    NOT_CANCELLABLE = (409, "invalid_request_error", "invalid_request_error", "run_not_cancellable")
    ID_CONFLICT = (409, "invalid_request_error", "invalid_request_error", "agent_id_conflict")
    STREAM_EXPIRED = (410, "invalid_request_error", "invalid_request_error", "stream_expired")
    BAD_EVENT_ID = (400, "invalid_request_error", "invalid_request_error", "invalid_last_event_id")
    RATE_LIMITED = (429, "requests", "rate_limit_error", "rate_limit_exceeded")
    BROKEN = (500, "server_error", "api_error", "internal_error")

    def __init__(self, status: int, openai: str, anthropic: str, cursor: str) -> None:
        self.status = status
        self.openai = openai
        self.anthropic = anthropic
        self.cursor = cursor


GEMINI_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}
OPENAI_CODES = {Fault.NO_CREDENTIAL: "invalid_api_key", Fault.RATE_LIMITED: "rate_limit_exceeded"}


class Refusal(Exception):
    """An answer other than the one asked for; `param` names the field at fault, if one is."""

    def __init__(self, fault: Fault, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.param = param


class Dialect(Enum):
    """Which API speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    CURSOR = "cursor"
    GEMINI = "gemini"


def spell(refusal: Refusal, dialect: Dialect) -> JsonObject:
    """Write the body that this API's clients read."""
    fault, message = refusal.fault, refusal.message
    match dialect:
        case Dialect.OPENAI:
            code = OPENAI_CODES.get(fault)
            error = {"message": message, "type": fault.openai, "param": refusal.param, "code": code}
            return {"error": error}
        case Dialect.ANTHROPIC:
            error = {"type": fault.anthropic, "message": message}
            return {"type": "error", "error": error, "request_id": "req_sandbox"}
        case Dialect.CURSOR:
            return {"error": {"code": fault.cursor, "message": message}}
        case Dialect.GEMINI:
            status = GEMINI_STATUSES.get(fault.status, "UNKNOWN")
            return {"error": {"code": fault.status, "message": message, "status": status}}


def refuse_in(routes: Blueprint, dialect: Dialect) -> None:
    """Answer every Refusal raised below `routes` in this dialect."""

    @routes.errorhandler(Refusal)
    async def refuse(refusal: Refusal) -> Response:
        return refusal_response(refusal, dialect)


def refusal_response(refusal: Refusal, dialect: Dialect) -> Response:
    response = jsonify(spell(refusal, dialect))
    response.status_code = refusal.fault.status
    if refusal.fault is Fault.RATE_LIMITED:
        response.headers["Retry-After"] = "1"
    return response
