"""One table from what went wrong to what the caller's SDK is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import errors
from app.wire.base import Refusal
from proxy.front import METHODS
from proxy.http.challenge import challenge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proxy.front import Headers

_RESTARTING = "restarting"
# The nearest ancestor counts; the test of this table walks every class of the tree.
_STATUS: Mapping[type[errors.AbeyanceError], tuple[int, str]] = {
    errors.BadRequest: (400, "bad_request"),
    errors.MethodNotAllowed: (405, "method_not_allowed"),
    errors.UpgradeRequired: (426, "upgrade_required"),
    errors.TooLarge: (413, "request_too_large"),
    errors.BadEventId: (400, "invalid_last_event_id"),
    errors.Unsupported: (415, "unsupported_media_type"),
    errors.NotAuthenticated: (401, "not_authenticated"),
    errors.NotPermitted: (403, "not_permitted"),
    errors.NotFound: (404, "not_found"),
    errors.Refused: (403, "refused"),
    errors.Unavailable: (503, "unavailable"),
    errors.Unstorable: (500, "internal_error"),
    errors.Restarting: (503, _RESTARTING),
    errors.UpstreamUnavailable: (502, "upstream_unavailable"),
    errors.Superseded: (409, "superseded"),
    errors.Fault: (500, "internal_error"),
    errors.BadSettings: (503, "misconfigured"),
    errors.BadCatalog: (503, "misconfigured"),
}
_BY_STATUS: Mapping[int, Headers] = {
    405: (("allow", ", ".join(METHODS)),),
    426: (("upgrade", "HTTP/1.1"),),
}
_REFUSED: Mapping[errors.Reason, int] = {
    errors.Reason.NOT_COUNTED: 400,
    errors.Reason.COUNTED_TOO_OFTEN: 429,
    errors.Reason.TOO_MANY_PENDING: 429,
}
# All tokens that are no good look alike from outside: which check failed helps only a forger.
# What is wrong inside is for the log; a caller learns what it means for the request.
_INSIDE: Mapping[type[errors.AbeyanceError], str] = {
    errors.StorageUnavailable: "This request cannot be recorded right now, and what cannot be "
    "recorded is not forwarded. Try again in a moment.",
    errors.Unstorable: "This request cannot be recorded as it is, and what cannot be recorded is "
    "not forwarded. Sending it again won't help; contact the administrator of this gateway.",
    errors.AnswerUnrecorded: "This request was sent to the model, but its answer cannot be "
    "recorded right now, and what cannot be recorded is not passed on. Sending it again sends it "
    "twice.",
    errors.BadSettings: "This gateway or connection is misconfigured; contact its administrator.",
    errors.BadCatalog: "This gateway is misconfigured; contact its administrator.",
}
# What these say is known to whoever sent the token.
_TOLD = (errors.CredentialEnded, errors.TokenUnusable)
_STRANGER = "Not authenticated: send a valid OIDC access token as the API key (`abeyance login`)."


def refusal_for(
    error: errors.AbeyanceError, session_id: str = "", calls: tuple[str | int, ...] = ()
) -> Refusal:
    status, code = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    inside = (_INSIDE[kind] for kind in type(error).__mro__ if kind in _INSIDE)
    message = next(inside, str(error))
    if isinstance(error, errors.Refused):
        code = error.reason.value
        status = _REFUSED.get(error.reason, status)
    if isinstance(error, errors.NotAuthenticated) and not isinstance(error, _TOLD):
        message = _STRANGER
    return Refusal(status, code, message, session_id, calls)


def refusal_headers(refusal: Refusal, decision: str, rule: str, base_url: str = "") -> Headers:
    """Return the headers of a refusal: a client must not retry what cannot change by itself.

    `base_url` is where the client finds the gateway.
    """
    headers = [("content-type", "application/json"), ("cache-control", "no-store")]
    if refusal.code == _RESTARTING:
        # Soon: another gateway is there already, and knows of the hold.
        headers.append(("retry-after", "1"))
    if refusal.code == errors.Reason.COUNTED_TOO_OFTEN:
        headers.append(("retry-after", "60"))
    if refusal.final:
        headers.append(("x-should-retry", "false"))
    headers += _BY_STATUS.get(refusal.status, ())
    if refusal.status == 401:
        headers.append(("www-authenticate", challenge(base_url)))
    named = (
        ("abeyance-session", refusal.session_id),
        ("abeyance-decision", decision),
        ("abeyance-rule", rule),
    )
    return (*headers, *((name, value) for name, value in named if value))
