"""The pages where people see, create and revoke their keys with a browser.

A key needs a sign-in of its own behind it, with a refresh token that nothing else uses. So whoever
fills in the form signs in once more, for that one key, and is asked again before it is made.
"""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeAlias

import structlog
from quart import Blueprint, Response, request

from app.domain.issued import Scope
from app.errors import AbeyanceError, BadRequest
from proxy.browser.pages import in_words, page, problem, see_other
from proxy.browser.visits import Purpose
from proxy.keys.issuing import DEFAULT_DAYS, MOST_DAYS, KeyRequest
from proxy.keys.pasting import pastes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.clock import Clock
    from proxy.browser.visits import Visits
    from proxy.keys.issuing import Issuing

P = ParamSpec("P")
View: TypeAlias = "Callable[Concatenate[KeyPages, P], Awaitable[Response]]"

KEYS = Purpose("keys", "No key was created or revoked.")
NEW_KEY = Purpose("new-key", "No key was created.", offline=True)
_LIST, _NEW, _CREATE = "/-/keys", "/-/keys/new", "/-/keys/create"
_FORM_LENGTH = 1200
_DAYS = (1, 7, DEFAULT_DAYS, MOST_DAYS)
_log = structlog.get_logger(__name__)


def _in_words(view: View[P]) -> View[P]:
    """Show as a page whatever goes wrong while another is made."""

    @wraps(view)
    async def shown(self: KeyPages, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return await view(self, *args, **kwargs)
        except AbeyanceError as error:
            _log.warning("no page of keys", reason=str(error))
            return await problem(*in_words(error, KEYS.undone), self.url + _LIST)

    return shown


class KeyPages:
    def __init__(
        self,
        issuing: Issuing,
        visits: Visits,
        client_id: str,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._issuing = issuing
        self._visits = visits
        self._client_id = client_id
        self.url = public_url
        self._clock = clock

    def routes(self) -> Blueprint:
        """Return all pages but the first, whose address the command shares."""
        routes = Blueprint("key_pages", __name__)
        routes.add_url_rule(_NEW, "begin", self.begin, methods=["POST"])
        routes.add_url_rule(_NEW, "asked", self.asked, methods=["GET"])
        routes.add_url_rule(_CREATE, "create", self.create, methods=["POST"])
        routes.add_url_rule(f"{_LIST}/<key_id>", "one", self.one, methods=["GET"])
        routes.add_url_rule(f"{_LIST}/<key_id>/revoke", "revoke", self.revoke, methods=["POST"])
        return routes

    @_in_words
    async def listed(self) -> Response:
        """Show somebody's keys, and the form for another one."""
        visit = await self._visits.current(KEYS)
        if visit is None:
            return await self._visits.begin(KEYS, _LIST)
        now = self._clock.now()
        found = await self._issuing.keys(visit.identity)
        return await page(
            "keys/list.html",
            forms=self._forms,
            live=[key for key in found if key.live(now)],
            ended=[key for key in found if not key.live(now)],
            connections=[known.name for known in await self._issuing.connections()],
            days=_DAYS,
            default_days=DEFAULT_DAYS,
            identity=visit.identity,
            form=visit.form,
            url=self.url,
            now=now,
        )

    @_in_words
    async def begin(self) -> Response:
        """Have the person sign in once more, for the key that the form describes."""
        visit = await self._visits.sent(KEYS)
        form = await request.form
        asked = {
            "name": form.get("name", "").strip(),
            "connections": form.getlist("connection"),
            "models": form.get("models", "").replace(",", " ").split(),
            "days": form.get("days", ""),
        }
        about = json.dumps(asked)
        if len(about) > _FORM_LENGTH:
            raise BadRequest("That is too much for one key: name fewer models, by globs.")
        await self._issuing.check(visit.identity, _wanted(about))
        return await self._visits.begin(NEW_KEY, _NEW, about=about, again=_LIST)

    @_in_words
    async def asked(self) -> Response:
        """Ask who has signed in whether the key is to be made."""
        visit = await self._visits.visitor(NEW_KEY)
        wanted = _wanted(visit.about)
        return await page(
            "keys/new.html",
            wanted=wanted,
            identity=visit.identity,
            form=visit.form,
            action=self.url + _CREATE,
            back=self.url + _LIST,
        )

    @_in_words
    async def create(self) -> Response:
        """Make the key, and show its secret this once."""
        visit = await self._visits.sent(NEW_KEY)
        wanted = _wanted(visit.about, visit.refresh_token, self._client_id)
        issued, secret = await self._issuing.create(visit.identity, wanted)
        connections = await self._issuing.connections()
        answer = await page(
            "keys/created.html",
            key=issued,
            secret=secret,
            pastes=pastes(connections, issued.scope, self.url, secret),
            back=self.url + _LIST,
        )
        self._visits.end(answer, NEW_KEY)
        return answer

    @_in_words
    async def one(self, key_id: str) -> Response:
        """Ask whether a key is to be revoked."""
        visit = await self._visits.current(KEYS)
        if visit is None:
            return await self._visits.begin(KEYS, _LIST)
        key = await self._issuing.one(visit.identity, key_id)
        action = f"{self.url}{_LIST}/{key.id}/revoke"
        return await page(
            "keys/revoke.html", key=key, form=visit.form, action=action, back=self.url + _LIST
        )

    @_in_words
    async def revoke(self, key_id: str) -> Response:
        """Revoke a key, and show the others."""
        visit = await self._visits.sent(KEYS)
        await self._issuing.revoke(visit.identity, key_id)
        return see_other(self.url + _LIST)

    @property
    def _forms(self) -> str:
        # Browsers hold every redirect after a form against this list, and an identity provider
        # may send on to others.
        return "'self' https:" if self.url.startswith("https:") else "'self' https: http:"


def _wanted(about: str, refresh_token: str = "", client_id: str = "") -> KeyRequest:
    """Read what the form of the list has said."""
    asked = json.loads(about)
    days = int(asked["days"]) if asked["days"].isdecimal() else 0
    scope = Scope(tuple(asked["connections"]), tuple(asked["models"]))
    return KeyRequest(asked["name"], scope, days, refresh_token, client_id)
