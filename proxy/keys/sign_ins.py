"""The sign-ins behind credentials: their issuer renews them while a person may work here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.identity import Identity
from app.errors import IssuerUnavailable, NotAuthenticated, NotPermitted
from proxy.browser.client import IdpClient

if TYPE_CHECKING:
    import httpx

    from app.settings import Settings
    from proxy.browser.signing_in import SignedIn, SignIn
    from proxy.callers import Callers
    from proxy.oidc.verify import TokenVerifier

_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Offered:
    """A person's sign-in that is to stand behind a credential; `client_id` began it."""

    identity: Identity
    refresh_token: str = field(repr=False)
    client_id: str


class SignIns:
    """Renews a sign-in as the client that began it: a command's, or our own of the pages."""

    def __init__(
        self, settings: Settings, verifier: TokenVerifier, callers: Callers, http: httpx.AsyncClient
    ) -> None:
        self._settings = settings
        self._verifier = verifier
        self._callers = callers
        self._http = http
        self._known: dict[tuple[str, str], SignIn] = {}

    async def renew(self, issuer: str, client_id: str, refresh_token: str) -> SignedIn:
        """Return who a refresh token is of, as the issuer knows them now, and the next token.

        The old one may be used up. Raises NotAuthenticated where the issuer does not take it any
        more, NotPermitted, and IssuerUnavailable where nobody knows.
        """
        return await self._of(issuer, client_id).renew(refresh_token)

    async def take_over(self, offered: Offered, refused: str) -> SignedIn:
        """Return a sign-in renewed: so it is known to work, and nobody else has the token of it.

        Raises NotPermitted with the words `refused` where the issuer does not renew it, and where
        it is somebody else's; IssuerUnavailable.
        """
        identity = offered.identity
        try:
            renewed = await self.renew(identity.issuer, offered.client_id, offered.refresh_token)
        except NotAuthenticated:
            raise NotPermitted(refused) from None
        if renewed.identity.key != identity.key:
            raise NotPermitted("The refresh token is of somebody else's sign-in.")
        return renewed

    def _of(self, issuer: str, client_id: str) -> SignIn:
        found = self._known.get((issuer, client_id))
        if found is None:
            from proxy.browser.signing_in import SignIn  # noqa: PLC0415 - an HTTP client of its own, which few gateways need

            found = SignIn(
                self._client(issuer, client_id), self._verifier, self._callers, self._http
            )
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[issuer, client_id] = found
        return found

    def _client(self, issuer: str, client_id: str) -> IdpClient:
        settings = self._settings
        people = [one for one in settings.issuers if one.kind == "person" and one.issuer == issuer]
        if not people:
            raise IssuerUnavailable(f"{issuer} is no issuer of people here any more.")
        ours = client_id == settings.login_client_id
        secret = settings.login_client_secret.get_secret_value() if ours else ""
        return IdpClient(issuer, people[0].audience, client_id, "", secret)
