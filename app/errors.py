"""What can go wrong, as one small tree that knows nothing of HTTP or Slack.

AbeyanceError
├── BadSettings            the process cannot start: what is missing, and how to give it
├── BadCatalog             the rules cannot be used: file, line, field
├── BadRequest             the request cannot be read
│   ├── TooLarge           ... it passes a stated limit
│   ├── MethodNotAllowed   ... its method is not served
│   ├── UpgradeRequired    ... it wants a protocol other than HTTP
│   ├── BadEventId         ... it resumes a stream after an event that was not sent
│   └── Unsupported        ... its encoding or media type is not one we can inspect
├── NotAuthenticated       the token proves nothing
│   ├── CredentialEnded    ... any more: a key or a session of ours that is over
│   └── TokenUnusable      ... and says so itself: expired, or not meant for us
├── NotPermitted           who asks is known, and may not
├── NotFound               no such connection, session or hold
│   └── ContentErased      ... any more: its key was destroyed
├── Refused                policy or a person said no, or nobody said yes
├── Unavailable            a part we depend on does not answer, so nothing is forwarded
│   ├── StorageUnavailable
│   │   ├── AnswerUnrecorded   ... so an answer that came is not passed on
│   │   ├── Damaged        ... and what it has of the record is missing or was changed
│   │   ├── KeysUnavailable    ... since what seals it does not answer
│   │   └── Unstorable     ... and will not take this, however often it is asked
│   ├── IssuerUnavailable
│   ├── Restarting         this gateway stops; another takes the request up
│   ├── WorkerLost         the process that worked on a large message ended before it was done
│   └── UpstreamUnavailable
│       └── Unreachable    ... and nothing was sent to it
├── Fault                  a defect of ours; what it was stands in the log
└── Superseded             somebody else changed it first; carries what it is now
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.domain.hold import Hold


class AbeyanceError(Exception):
    """Root of the tree; `str()` is a sentence fit for the person who caused it."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Python would call the class with the message alone; some want to know more.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[AbeyanceError], args: tuple[object, ...], state: dict[str, object]
) -> AbeyanceError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class BadSettings(AbeyanceError):
    """The settings do not add up; the message lists every fault at once."""


class BadCatalog(AbeyanceError):
    """The catalog does not load; `faults` has one `file:line: field: what to do` each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class BadRequest(AbeyanceError):
    pass


class TooLarge(BadRequest):
    pass


class MethodNotAllowed(BadRequest):
    pass


class UpgradeRequired(BadRequest):
    pass


class Unsupported(BadRequest):
    pass


class BadEventId(BadRequest):
    pass


class NotAuthenticated(AbeyanceError):
    pass


class CredentialEnded(NotAuthenticated):
    pass


class TokenUnusable(NotAuthenticated):
    pass


class NotPermitted(AbeyanceError):
    pass


class NotFound(AbeyanceError):
    pass


class ContentErased(NotFound):
    pass


class Reason(StrEnum):
    """Why a request is not forwarded, for machines; people read the message."""

    POLICY_DENIED = "policy_denied"
    APPROVAL_DENIED = "approval_denied"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_LAPSED = "approval_lapsed"
    APPROVAL_PENDING = "approval_pending"
    APPROVAL_USED = "approval_used"
    REASON_REQUIRED = "reason_required"
    RULES_CHANGED = "rules_changed"
    GRANT_ENDED = "grant_ended"
    HOLD_WITHDRAWN = "hold_withdrawn"
    NOT_COUNTED = "not_counted"
    COUNTED_TOO_OFTEN = "counted_too_often"
    TOO_MANY_PENDING = "too_many_pending"


class Refused(AbeyanceError):
    def __init__(self, reason: Reason, message: str, *, rule: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.rule = rule


class Unavailable(AbeyanceError):
    pass


class StorageUnavailable(Unavailable):
    pass


class AnswerUnrecorded(StorageUnavailable):
    def __init__(self, why: str) -> None:
        super().__init__(f"The answer could not be recorded, so it was not passed on. {why}")


class Damaged(StorageUnavailable):
    pass


class KeysUnavailable(StorageUnavailable):
    pass


class Unstorable(StorageUnavailable):
    """What should be written is too large, or something else has its place."""


class IssuerUnavailable(Unavailable):
    pass


class Restarting(Unavailable):
    def __init__(self, message: str = "") -> None:
        super().__init__(message or "This gateway is restarting; send the request again.")


class WorkerLost(Unavailable):
    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "The process that checked this message ended before it was done, so the message was "
            "not passed on. Send it again; if that does not help, send less at once."
        )


class UpstreamUnavailable(Unavailable):
    pass


class Unreachable(UpstreamUnavailable):
    pass


class Fault(AbeyanceError):
    pass


class Superseded(AbeyanceError):
    """A hold was changed by somebody else between the read and the write."""

    def __init__(self, current: Hold) -> None:
        super().__init__(f"hold {current.id} is {current.state} by now")
        self.current = current
