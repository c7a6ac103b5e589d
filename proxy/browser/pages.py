"""What our pages for browsers have in common: how they look, and what no page of ours may do."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

from quart import Response, render_template, request

from app.errors import (
    AbeyanceError,
    BadRequest,
    Damaged,
    IssuerUnavailable,
    NotAuthenticated,
    NotFound,
    NotPermitted,
)

_STYLE = (Path(__file__).parent.parent / "templates" / "browser" / "style.css").read_text()
STRANGE = (
    "This page does not belong to a sign-in that was begun in this browser in the last minutes. "
    "Go back to where you started, such as Slack, and click again."
)


async def page(template: str, *, forms: str = "'self'", **values: object) -> Response:
    """Render a template under `templates/`. It runs no script and is not framed.

    `forms` says where its forms may lead, as `form-action` of its policy.
    """
    text = await render_template(template, style=_STYLE, **values)
    answer = Response(text, content_type="text/html; charset=utf-8")
    secure(answer, f"{_POLICY}; form-action {forms}")
    return answer


def policy_of(style: str) -> str:
    """Return what a page may load: this one style sheet within it, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    )


def secure(answer: Response, policy: str) -> None:
    """Give an answer its policy, and what keeps other sites away from it."""
    answer.headers["content-security-policy"] = policy
    answer.headers["referrer-policy"] = "no-referrer"
    answer.headers["cross-origin-opener-policy"] = "same-origin"
    answer.headers["x-frame-options"] = "DENY"


_POLICY = policy_of(_STYLE)


async def problem(status: int, title: str, words: str, again: str = "") -> Response:
    """Say in plain words what went wrong; `again` is the way back."""
    answer = await page("browser/problem.html", title=title, words=words, again=again)
    answer.status_code = status
    return answer


def see_other(url: str) -> Response:
    return Response("", 303, {"location": url})


def check_own_form() -> None:
    """Refuse a form that another site has sent, where the browser says so. Raises BadRequest."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise BadRequest(STRANGE)


def same(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def in_words(error: AbeyanceError, undone: str) -> tuple[int, str, str]:
    """Return status, title and words: what happened, and what to do. `undone`: what did not."""
    match error:
        case NotFound():
            return 404, "There is no such page", str(error)
        case NotPermitted():
            return 403, "You may not do this", str(error)
        case NotAuthenticated():
            words = (
                f"Your identity provider's answer does not hold. {undone} "
                "If it happens again, tell the administrator of the gateway."
            )
            return 403, "Not signed in", words
        case IssuerUnavailable():
            words = f"It may be away for a moment. {undone} Try again in a minute."
            return 503, "Your identity provider does not answer", words
        case BadRequest():
            return 400, "This page is of no use", str(error)
        case _:
            return _unavailable(error, undone)


def _unavailable(error: AbeyanceError, undone: str) -> tuple[int, str, str]:
    if isinstance(error, Damaged):
        words = (
            f"{error} Nothing of it is shown. Tell whoever answers for the record, and run "
            "“abeyance audit verify”."
        )
        return 500, "The record is not intact", words
    return 503, "This does not work right now", f"{undone} Wait a moment, then try again."
