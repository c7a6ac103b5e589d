"""The pages that link a Slack account to whoever signs in with a browser.

A link that lies in Slack is opened by more than its owner: programs look at it, and it can be
sent to others. So no GET changes anything, and whoever has signed in is asked whether the Slack
account is theirs, with “no” as the answer that comes by itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeAlias

import structlog
from quart import Blueprint, Response, render_template, request

from app.domain.identity import Identity, IdentityKind
from app.errors import (
    AbeyanceError,
    BadRequest,
    IssuerUnavailable,
    NotAuthenticated,
    NotFound,
    NotPermitted,
)
from proxy.browser.signing_in import CALLBACK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from proxy.browser.linking import Linking
    from proxy.browser.signing_in import SignIn
    from proxy.browser.tickets import Tickets

P = ParamSpec("P")
View: TypeAlias = "Callable[Concatenate[LinkPages, P], Awaitable[Response]]"

_LINK, _CONFIRM = "/-/link", "/-/link/confirm"
_STYLE = (Path(__file__).parent.parent / "templates" / "link" / "style.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action "
)
_AGAIN = "Go back to Slack, click again, and open the new link from there."
_STRANGE = (
    "This page does not belong to a link that was opened in this browser in the last minutes. "
    f"{_AGAIN}"
)
_NAME = 200
_log = structlog.get_logger(__name__)


def _in_words(view: View[P]) -> View[P]:
    """Show as a page whatever goes wrong while another is made."""

    @wraps(view)
    async def shown(self: LinkPages, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return await view(self, *args, **kwargs)
        except AbeyanceError as error:
            _log.warning("no link", reason=str(error))
            return await _problem(*_said(error))

    return shown


class LinkPages:
    """From a link in Slack to a linked account. What is under way lies sealed in a cookie."""

    def __init__(
        self,
        linking: Linking,
        sign_in: SignIn,
        *,
        going: Tickets,
        signed_in: Tickets,
        public_url: str,
    ) -> None:
        self._linking = linking
        self._sign_in = sign_in
        self._going = going
        self._signed_in = signed_in
        self._url = public_url
        self._secure = public_url.startswith("https:")

    def routes(self) -> Blueprint:
        """Return all pages but the first, whose address the command shares."""
        routes = Blueprint("link", __name__)
        routes.add_url_rule(f"{_LINK}/<code>/sign-in", "begin", self.begin, methods=["POST"])
        routes.add_url_rule(CALLBACK, "returned", self.returned, methods=["GET"])
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
        return await _page("offered.html", forms=forms, account=account, action=action)

    @_in_words
    async def begin(self, code: str) -> Response:
        """Send the browser to the identity provider."""
        _check_own_form()
        await self._linking.offered(code)
        started = await self._sign_in.start()
        ticket = self._going.seal(
            {
                "code": code,
                "state": started.state,
                "nonce": started.nonce,
                "verifier": started.verifier,
            }
        )
        answer = _to(started.url)
        self._keep(answer, "going", ticket, self._going.seconds)
        return answer

    @_in_words
    async def returned(self) -> Response:
        """Take what the identity provider sends back, once for each time we sent there."""
        going = self._going.open(request.cookies.get(self._cookie("going"), ""))
        given = request.args
        if going is None or not _same(given.get("state", ""), going["state"]):
            raise BadRequest(_STRANGE)
        # A provider that names itself must be the one that was asked (RFC 9207).
        if given.get("iss", self._sign_in.client.issuer) != self._sign_in.client.issuer:
            raise BadRequest(_STRANGE)
        answer = await self._signed_by(going, given.get("code", ""), given.get("error", ""))
        self._keep(answer, "going", "", 0)
        return answer

    async def _signed_by(self, going: dict[str, str], code: str, fault: str) -> Response:
        again = f"{self._url}{_LINK}/{going['code']}"
        if fault == "access_denied":
            words = "You did not sign in, or may not sign in here. Nothing was linked."
            return await _problem(403, "Not signed in", words, again)
        try:
            identity = await self._sign_in.finish(
                "" if fault else code, nonce=going["nonce"], verifier=going["verifier"]
            )
        except (NotAuthenticated, IssuerUnavailable) as error:
            _log.warning("not signed in", reason=str(error), fault=fault[:80])
            return await _problem(*_said(error), again)
        facts = {
            "code": going["code"],
            "issuer": identity.issuer,
            "subject": identity.subject,
            # A cookie has 4 KB; the name is for reading alone.
            "name": identity.name[:_NAME],
            "email": identity.email,
            "form": secrets.token_urlsafe(24),
        }
        answer = _to(f"{self._url}{_CONFIRM}")
        ticket = self._signed_in.seal(facts)
        self._keep(answer, "signed-in", ticket, self._signed_in.seconds)
        return answer

    @_in_words
    async def asked(self) -> Response:
        """Ask who has signed in whether the Slack account is theirs."""
        facts, identity = self._who()
        account = await self._linking.offered(facts["code"])
        action = f"{self._url}{_CONFIRM}"
        return await _page(
            "confirm.html", account=account, identity=identity, form=facts["form"], action=action
        )

    @_in_words
    async def answered(self) -> Response:
        """Link, or do not; either way the link in Slack is used up."""
        _check_own_form()
        facts, identity = self._who()
        form = await request.form
        if not _same(form.get("form", ""), facts["form"]):
            raise BadRequest(_STRANGE)
        yes = form.get("answer") == "yes"
        settle = self._linking.take if yes else self._linking.disown
        account = await settle(facts["code"], identity)
        answer = await _page("done.html", linked=yes, account=account, identity=identity)
        self._keep(answer, "signed-in", "", 0)
        return answer

    def _who(self) -> tuple[dict[str, str], Identity]:
        facts = self._signed_in.open(request.cookies.get(self._cookie("signed-in"), ""))
        if facts is None:
            raise BadRequest(_STRANGE)
        person = IdentityKind.PERSON
        identity = Identity(
            facts["issuer"], facts["subject"], person, facts["name"], facts["email"]
        )
        return facts, identity

    def _cookie(self, purpose: str) -> str:
        # With the prefix, browsers take it from this very host over HTTPS alone.
        return f"__Host-abeyance-{purpose}" if self._secure else f"abeyance-{purpose}"

    def _keep(self, answer: Response, purpose: str, ticket: str, seconds: int) -> None:
        answer.set_cookie(
            self._cookie(purpose),
            ticket,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )


def _check_own_form() -> None:
    """Refuse a form that another site has sent, where the browser says so."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise BadRequest(_STRANGE)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _said(error: AbeyanceError) -> tuple[int, str, str]:
    """Return status, title and words: what happened, and what to do."""
    match error:
        case NotFound():
            return 404, "This link does not work any more", f"It is used up or too old. {_AGAIN}"
        case NotPermitted():
            return 403, "This sign-in cannot be linked", str(error)
        case NotAuthenticated():
            words = (
                "Your identity provider's answer does not hold, so nothing was linked. "
                "If it happens again, tell the administrator of the gateway."
            )
            return 403, "Not signed in", words
        case IssuerUnavailable():
            words = (
                "It may be away for a moment. Nothing was linked, and the link from Slack is good "
                "for ten minutes: open it again."
            )
            return 503, "Your identity provider does not answer", words
        case BadRequest():
            return 400, "This page is of no use", str(error)
        case _:
            words = f"Nothing was linked. Wait a moment. {_AGAIN}"
            return 503, "This does not work right now", words


def _to(url: str) -> Response:
    return Response("", 303, {"location": url})


async def _problem(status: int, title: str, words: str, again: str = "") -> Response:
    answer = await _page("problem.html", title=title, words=words, again=again)
    answer.status_code = status
    return answer


async def _page(template: str, *, forms: str = "'self'", **values: object) -> Response:
    page = await render_template(f"link/{template}", style=_STYLE, **values)
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["content-security-policy"] = _POLICY + forms
    answer.headers["referrer-policy"] = "no-referrer"
    answer.headers["cross-origin-opener-policy"] = "same-origin"
    answer.headers["x-frame-options"] = "DENY"
    return answer
