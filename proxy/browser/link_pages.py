"""The pages that link a Slack account to whoever signs in with a browser.

A link that lies in Slack is opened by more than its owner: programs look at it, and it can be
sent to others. So no GET changes anything, and whoever has signed in is asked whether the Slack
account is theirs, with “no” as the answer that comes by itself.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeAlias

import structlog
from quart import Blueprint, Response, request

from app.errors import AbeyanceError, IssuerUnavailable, NotFound, NotPermitted
from proxy.browser.pages import check_own_form, in_words, page, problem
from proxy.browser.visits import Purpose

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from proxy.browser.linking import Linking
    from proxy.browser.visits import Visits

P = ParamSpec("P")
View: TypeAlias = "Callable[Concatenate[LinkPages, P], Awaitable[Response]]"

LINKING = Purpose("link", "Nothing was linked.")
_LINK, _CONFIRM = "/-/link", "/-/link/confirm"
_AGAIN = "Go back to Slack, click again, and open the new link from there."
_log = structlog.get_logger(__name__)


def _in_words(view: View[P]) -> View[P]:
    """Show as a page whatever goes wrong while another is made."""

    @wraps(view)
    async def shown(self: LinkPages, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return await view(self, *args, **kwargs)
        except AbeyanceError as error:
            _log.warning("no link", reason=str(error))
            return await problem(*_said(error))

    return shown


class LinkPages:
    """From a link in Slack to a linked account."""

    def __init__(self, linking: Linking, visits: Visits, public_url: str) -> None:
        self._linking = linking
        self._visits = visits
        self._url = public_url
        self._secure = public_url.startswith("https:")

    def routes(self) -> Blueprint:
        """Return all pages but the first, whose address the command shares."""
        routes = Blueprint("link", __name__)
        routes.add_url_rule(f"{_LINK}/<code>/sign-in", "begin", self.begin, methods=["POST"])
        routes.add_url_rule(_CONFIRM, "asked", self.asked, methods=["GET"])
        routes.add_url_rule(_CONFIRM, "answered", self.answered, methods=["POST"])
        return routes

    @_in_words
    async def offered(self, code: str) -> Response:
        """Say whose account the link is about, and what it means."""
        account = await self._linking.offered(code)
        action = f"{self._url}{_LINK}/{code}/sign-in"
        # Browsers hold every redirect after a form against this list, and an identity provider
        # may send on to others.
        forms = "'self' https:" if self._secure else "'self' https: http:"
        return await page("link/offered.html", forms=forms, account=account, action=action)

    @_in_words
    async def begin(self, code: str) -> Response:
        """Send the browser to the identity provider."""
        check_own_form()
        await self._linking.offered(code)
        return await self._visits.begin(LINKING, _CONFIRM, about=code, again=f"{_LINK}/{code}")

    @_in_words
    async def asked(self) -> Response:
        """Ask who has signed in whether the Slack account is theirs."""
        visit = await self._visits.visitor(LINKING)
        account = await self._linking.offered(visit.about)
        action = f"{self._url}{_CONFIRM}"
        return await page(
            "link/confirm.html",
            account=account,
            identity=visit.identity,
            form=visit.form,
            action=action,
        )

    @_in_words
    async def answered(self) -> Response:
        """Link, or do not; either way the link in Slack is used up."""
        visit = await self._visits.sent(LINKING)
        yes = (await request.form).get("answer") == "yes"
        settle = self._linking.take if yes else self._linking.disown
        account = await settle(visit.about, visit.identity)
        answer = await page("link/done.html", linked=yes, account=account, identity=visit.identity)
        self._visits.end(answer, LINKING)
        return answer


def _said(error: AbeyanceError) -> tuple[int, str, str]:
    """Return status, title and words: what happened, and what to do."""
    match error:
        case NotFound():
            return 404, "This link does not work any more", f"It is used up or too old. {_AGAIN}"
        case NotPermitted():
            return 403, "This sign-in cannot be linked", str(error)
        case IssuerUnavailable():
            words = (
                "It may be away for a moment. Nothing was linked, and the link from Slack is good "
                "for ten minutes: open it again."
            )
            return 503, "Your identity provider does not answer", words
        case _:
            return in_words(error, LINKING.undone)
