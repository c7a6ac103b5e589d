"""The page on which a person allows a program in their terminal to act as them.

Whoever asks for codes may be a stranger who sends one to somebody else, hoping that they allow it.
So the code is typed and not brought by a link, the page says where it was asked for and whose right
is given, “don't allow” is the answer that comes by itself, and no GET changes anything.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias

import structlog
from quart import Blueprint, Response, request

from app.errors import AbeyanceError, NotFound, NotPermitted
from proxy.app_login.codes import read_user_code
from proxy.app_login.metadata import PAGE
from proxy.browser.pages import in_words, page, problem
from proxy.browser.visits import Purpose
from proxy.keys.sign_ins import Offered
from proxy.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.clock import Clock
    from app.domain.device import DeviceRequest
    from app.settings import Settings
    from proxy.app_login.device_login import DeviceLogin
    from proxy.browser.visits import BrowserVisit, Visits

P = ParamSpec("P")
View: TypeAlias = "Callable[Concatenate[DevicePages, P], Awaitable[Response]]"

DEVICE = Purpose("device", "Nothing was allowed.", offline=True)
_ANSWER = f"{PAGE}/answer"
_TRIES = 10
"""How many codes one person may try in a minute."""
_log = structlog.get_logger(__name__)


def _shown_in_words(view: View[P]) -> View[P]:
    """Show as a page whatever goes wrong while another is made."""

    @wraps(view)
    async def shown(self: DevicePages, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return await view(self, *args, **kwargs)
        except AbeyanceError as error:
            _log.warning("no sign-in of a program", reason=str(error))
            return await problem(*in_words(error, DEVICE.undone), self._url + PAGE)

    return shown


class DevicePages:
    def __init__(
        self,
        login: DeviceLogin,
        visits: Visits,
        clock: Clock,
        address: Callable[[], str],
        settings: Settings,
    ) -> None:
        """`address` returns where the browser is."""
        self._login = login
        self._visits = visits
        self._clock = clock
        self._address = address
        self._client_id = settings.login_client_id
        self._url = settings.public_url
        self._tries = Rate(_TRIES)

    def routes(self) -> Blueprint:
        routes = Blueprint("device", __name__)
        routes.add_url_rule(PAGE, "asked", self.asked, methods=["GET"])
        routes.add_url_rule(PAGE, "typed", self.typed, methods=["POST"])
        routes.add_url_rule(_ANSWER, "answered", self.answered, methods=["POST"])
        return routes

    @_shown_in_words
    async def asked(self) -> Response:
        """Ask for the code, once somebody is signed in."""
        visit = await self._visits.current(DEVICE)
        if visit is None:
            return await self._visits.begin(DEVICE, PAGE)
        return await self._ask(visit)

    @_shown_in_words
    async def typed(self) -> Response:
        """Show what stands behind the code that was typed."""
        visit = await self._visits.sent(DEVICE)
        if not self._tries.take(visit.identity.key, self._clock.now()):
            raise NotPermitted("Too many codes were tried. Wait a minute, then try again.")
        code = (await request.form).get("code", "")
        try:
            found = await self._login.offered(code)
        except NotFound as error:
            return await self._ask(visit, str(error))
        shown = read_user_code(code)
        return await page("device/confirm.html", code=shown, **self._facts(visit, found))

    @_shown_in_words
    async def answered(self) -> Response:
        """Allow the program, or don't; either way the code is used up."""
        visit = await self._visits.sent(DEVICE)
        form = await request.form
        found, allowed = await self._login.offered(form.get("code", "")), False
        if form.get("answer") == "allow":
            await self._login.allow(found, self._offered(visit))
            allowed = True
        else:
            await self._login.refuse(found)
        facts = self._facts(visit, found)
        answer = await page(
            "device/done.html", allowed=allowed, keys=f"{self._url}/-/keys", **facts
        )
        self._visits.end(answer, DEVICE)
        return answer

    async def _ask(self, visit: BrowserVisit, wrong: str = "") -> Response:
        answer = await page(
            "device/code.html",
            identity=visit.identity,
            form=visit.form,
            action=self._url + PAGE,
            wrong=wrong,
        )
        answer.status_code = 404 if wrong else 200
        return answer

    def _facts(self, visit: BrowserVisit, found: DeviceRequest) -> dict[str, Any]:
        minutes = int((self._clock.now() - found.asked_at).total_seconds()) // 60
        here = self._address()
        return {
            "identity": visit.identity,
            "form": visit.form,
            "action": self._url + _ANSWER,
            "asked": found,
            "minutes": minutes,
            "elsewhere": here if here != found.address else "",
        }

    def _offered(self, visit: BrowserVisit) -> Offered:
        if not visit.refresh_token:
            raise NotPermitted(
                "Your identity provider gives no sign-in that lasts (offline_access). Ask the "
                "administrator of the gateway to allow that for its client."
            )
        return Offered(visit.identity, visit.refresh_token, self._client_id)
