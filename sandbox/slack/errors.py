"""How a workspace says no.

SlackError
├── ApiError   a Web API method answers `ok: false`
├── Limited    too many calls; carries the seconds to wait
├── Refused    a person tried what the Slack client does not offer
└── Unanswered the app did not answer in time, or was not there
"""

from typing import Any


class SlackError(Exception):
    """The root of everything the sandbox refuses."""


class ApiError(SlackError):
    """`code` is the documented error; `extra` are further keys of the reply."""

    def __init__(self, code: str, **extra: Any) -> None:  # noqa: ANN401 (reply keys of any kind)
        super().__init__(code)
        self.code = code
        self.extra = extra


class Limited(SlackError):
    def __init__(self, retry_after: int) -> None:
        super().__init__(f"rate limited for {retry_after} s")
        self.retry_after = retry_after


class Refused(SlackError):
    """`code` is for programs, the message is what the person reads, `errors` are by block id."""

    def __init__(self, code: str, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = errors or {}


class Unanswered(SlackError):
    """`reason` is operation_timeout, dispatch_failed or http_<status>."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
