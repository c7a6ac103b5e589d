"""How calls of Slack fail.

SlackUnavailable   Slack does not answer, or asks to wait: try again later
└── TokenRefused   ... to us, until somebody sets another token
SlackRefused       Slack understood and said no; `code` is its error, such as `channel_not_found`
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from app.errors import AbeyanceError, Unavailable

if TYPE_CHECKING:
    from slack_sdk.errors import SlackApiError

_LIMITED = frozenset({"rate_limited", "ratelimited"})
_PASSING = _LIMITED | {"fatal_error", "internal_error", "request_timeout", "service_unavailable"}
_DEAD_TOKEN = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)


class Done(Enum):
    """Whether a call that failed has had its effect all the same."""

    NO = "no"
    PERHAPS = "perhaps"
    """Slack answered, but not whether."""
    OR_YET = "or yet"
    """There was no answer: it may even be done later."""


class SlackUnavailable(Unavailable):
    """Slack does not answer, or asks to wait; `retry_after` is in seconds, 0 where not told."""

    def __init__(self, message: str, retry_after: float = 0.0, done: Done = Done.OR_YET) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.done = done


class TokenRefused(SlackUnavailable):
    """Slack does not accept the token; nothing was done. `code` is its error.

    It says nothing about what was asked, so nothing may be decided on it.
    """

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack does not accept the token for {method}: {code}", done=Done.NO)
        self.code = code


class SlackRefused(AbeyanceError):
    """Slack said no."""

    def __init__(self, method: str, code: str, detail: str = "") -> None:
        super().__init__(f"Slack refused {method}: {code}{detail and f' ({detail})'}")
        self.code = code


def mapped(method: str, error: SlackApiError) -> AbeyanceError:
    answer = error.response
    status = getattr(answer, "status_code", 200)
    code = answer.get("error") if hasattr(answer, "get") else None
    if status == 429 or status >= 500 or code is None or code in _PASSING:
        limited = status == 429 or code in _LIMITED
        retry_after = float(header_of(answer, "retry-after") or 0) if limited else 0.0
        said = f"Slack does not answer {method}: {code or status}"
        return SlackUnavailable(said, retry_after, Done.NO if limited else Done.PERHAPS)
    if code in _DEAD_TOKEN:
        return TokenRefused(method, str(code))
    messages = (answer.get("response_metadata") or {}).get("messages") or []
    return SlackRefused(method, str(code), "; ".join(map(str, messages)))


def header_of(answer: object, wanted: str) -> str:
    headers = getattr(answer, "headers", None) or {}
    value = next((value for name, value in headers.items() if name.lower() == wanted), "")
    return str(value[0] if isinstance(value, list) else value)
