"""Who sits at the browser, for one purpose: signed in at the issuer, and back at our page.

A page of ours asks who is there, and sends the browser away where nobody is:

    visit = await visits.current(KEYS)
    if visit is None:
        return await visits.begin(KEYS, back="/-/keys")

What is under way, and who has signed in, is sealed in cookies, so any gateway goes on with what
another began. A cookie is good for one purpose and a few minutes. A form that changes something
has `visit.form` in a hidden field `form`, and is taken by `visits.sent(KEYS)`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from quart import Blueprint, Response, request

from app.domain.identity import Identity
from app.errors import AbeyanceError, BadRequest, BadSettings, NotPermitted
from proxy.browser.client import CALLBACK, LATELY_SECONDS
from proxy.browser.pages import STRANGE, check_own_form, in_words, problem, same, see_other
from proxy.browser.tickets import Tickets

if TYPE_CHECKING:
    from app.clock import Clock
    from app.storage.ports import PeopleStore
    from proxy.browser.signing_in import SignedIn, SignIn

_UNDER_WAY = timedelta(minutes=10)
_LASTS = timedelta(minutes=10)
_COOKIE_BYTES = 3900
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What people sign in for.

    `name` is of its cookies: letters and hyphens. `undone` says what has not happened where the
    sign-in fails. `offline` asks for a refresh token.
    """

    name: str
    undone: str
    offline: bool = False


@dataclass(frozen=True, slots=True)
class BrowserVisit:
    """A person who signed in for a purpose. `about` is what the page said as it sent them away."""

    identity: Identity
    about: str
    form: str
    refresh_token: str = field(default="", repr=False)


class Visits:
    def __init__(
        self,
        sign_in: SignIn,
        people: PeopleStore,
        *,
        vault_key: str,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._sign_in = sign_in
        self._people = people
        self._vault_key = vault_key
        self._clock = clock
        self._url = public_url
        self._secure = public_url.startswith("https:")
        self._going = Tickets(vault_key, "sign-in under way", _UNDER_WAY, clock)

    def routes(self) -> Blueprint:
        """Return the one page of its own: where the issuer sends the browser back to."""
        routes = Blueprint("sign_in", __name__)
        routes.add_url_rule(CALLBACK, "returned", self._returned, methods=["GET"])
        return routes

    async def begin(
        self, purpose: Purpose, back: str, *, about: str = "", again: str = ""
    ) -> Response:
        """Send the browser to the issuer, and then to our page `back`.

        `again` is the page to start from where this fails; else it is `back`. Raises
        IssuerUnavailable.
        """
        started = await self._sign_in.start(offline=purpose.offline)
        ticket = self._going.seal(
            {
                "purpose": purpose.name,
                "undone": purpose.undone,
                "back": back,
                "again": again or back,
                "about": about,
                "state": started.state,
                "nonce": started.nonce,
                "verifier": started.verifier,
                "lately": "yes" if purpose.offline else "",
            }
        )
        answer = see_other(started.url)
        self._keep(answer, "going", ticket, self._going.seconds)
        return answer

    async def current(self, purpose: Purpose) -> BrowserVisit | None:
        """Return who has signed in for the purpose in the last minutes. Raises StorageUnavailable.

        The groups are those of their latest token.
        """
        facts = self._tickets(purpose.name).open(self._cookie(purpose.name))
        identity = await self._people.get(facts["identity"]) if facts else None
        if facts is None or identity is None:
            return None
        renewal = self._renewals(purpose.name).open(self._cookie(f"{purpose.name}-renewal"))
        bound = renewal is not None and same(renewal["form"], facts["form"])
        refresh_token = renewal["refresh_token"] if renewal is not None and bound else ""
        return BrowserVisit(identity, facts["about"], facts["form"], refresh_token)

    async def visitor(self, purpose: Purpose) -> BrowserVisit:
        """Return as `current`, where somebody must be there. Raises BadRequest."""
        visit = await self.current(purpose)
        if visit is None:
            raise BadRequest(STRANGE)
        return visit

    async def sent(self, purpose: Purpose) -> BrowserVisit:
        """Return who has sent the form at hand, from a page of ours. Raises BadRequest."""
        check_own_form()
        visit = await self.visitor(purpose)
        form = await request.form
        if not same(form.get("form", ""), visit.form):
            raise BadRequest(STRANGE)
        return visit

    def end(self, answer: Response, purpose: Purpose) -> None:
        """Have the browser forget the visit with this answer."""
        self._keep(answer, purpose.name, "", 0)
        self._keep(answer, f"{purpose.name}-renewal", "", 0)

    async def _returned(self) -> Response:
        """Take what the issuer sends back, once for each time we sent there."""
        going = self._going.open(self._cookie("going"))
        given = request.args
        # An issuer that names itself must be the one that was asked (RFC 9207).
        issuer = self._sign_in.client.issuer
        ours = given.get("iss", issuer) == issuer
        if going is None or not ours or not same(given.get("state", ""), going["state"]):
            return await problem(400, "This page is of no use", STRANGE)
        answer = await self._signed_by(going, given.get("code", ""), given.get("error", ""))
        self._keep(answer, "going", "", 0)
        return answer

    async def _signed_by(self, going: dict[str, str], code: str, fault: str) -> Response:
        again = self._url + going["again"]
        if fault == "access_denied":
            words = f"You did not sign in, or may not sign in here. {going['undone']}"
            return await problem(403, "Not signed in", words, again)
        try:
            signed_in = await self._sign_in.finish(
                "" if fault else code, nonce=going["nonce"], verifier=going["verifier"]
            )
            self._check_lately(going, signed_in)
            return self._welcome(going, signed_in)
        except AbeyanceError as error:
            _log.warning("not signed in", reason=str(error), fault=fault[:80])
            return await problem(*in_words(error, going["undone"]), again)

    def _check_lately(self, going: dict[str, str], signed_in: SignedIn) -> None:
        """Raise NotPermitted where the issuer did not ask the person, though it should have."""
        at = signed_in.signed_in_at
        if not going["lately"] or at is None:
            return
        if self._clock.now().timestamp() - at > LATELY_SECONDS:
            raise NotPermitted(
                "You signed in at your identity provider too long ago, and it did not ask you "
                "again. Sign out there, and try again."
            )

    def _welcome(self, going: dict[str, str], signed_in: SignedIn) -> Response:
        name, form = going["purpose"], secrets.token_urlsafe(24)
        tickets, answer = self._tickets(name), see_other(self._url + going["back"])
        facts = {"identity": signed_in.identity.key, "about": going["about"], "form": form}
        self._keep(answer, name, tickets.seal(facts), tickets.seconds)
        if signed_in.refresh_token:
            renewal = {"refresh_token": signed_in.refresh_token, "form": form}
            sealed = self._renewals(name).seal(renewal)
            if len(sealed) > _COOKIE_BYTES:
                raise BadSettings("The issuer's refresh token is too long for a cookie.")
            self._keep(answer, f"{name}-renewal", sealed, tickets.seconds)
        return answer

    def _tickets(self, name: str) -> Tickets:
        return Tickets(self._vault_key, f"signed in: {name}", _LASTS, self._clock)

    def _renewals(self, name: str) -> Tickets:
        return Tickets(self._vault_key, f"refresh token: {name}", _LASTS, self._clock)

    def _cookie(self, name: str) -> str:
        return request.cookies.get(self._cookie_name(name), "")

    def _cookie_name(self, name: str) -> str:
        # With the prefix, browsers take it from this very host over HTTPS alone.
        return f"__Host-abeyance-{name}" if self._secure else f"abeyance-{name}"

    def _keep(self, answer: Response, name: str, ticket: str, seconds: int) -> None:
        answer.set_cookie(
            self._cookie_name(name),
            ticket,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )
