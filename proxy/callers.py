"""A token to the identity behind it, remembered for those who later decide about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from app.domain.identity import IdentityKind
from app.errors import NotPermitted
from proxy.http.tokens import caller_token
from proxy.keys.minting import is_issued
from proxy.oidc.identity import identity_of
from proxy.work.at_once import AtOnce

if TYPE_CHECKING:
    from datetime import datetime

    from app.clock import Clock
    from app.domain.identity import Identity
    from app.storage.ports import PeopleStore
    from proxy.front import Headers
    from proxy.oidc.verify import TokenVerifier

_LATELY = timedelta(minutes=15)
_SAY_AGAIN = timedelta(minutes=5)
_REMEMBERED = 10_000


class Callers:
    def __init__(self, verifier: TokenVerifier, people: PeopleStore, clock: Clock) -> None:
        self._verifier = verifier
        self._people = people
        self._clock = clock
        self._said: dict[Identity, datetime] = {}
        self._saying: WeakValueDictionary[Identity, AtOnce] = WeakValueDictionary()
        self._at_once = AtOnce()

    async def identify(self, headers: Headers, query: str = "") -> Identity:
        """Return who asks, by the token of an issuer.

        Raises NotAuthenticated, BadRequest, IssuerUnavailable, NotPermitted for a gateway key.
        """
        return await self.of_token(_of_issuer(caller_token(headers, query)))

    async def signed_in_lately(self, headers: Headers) -> Identity:
        """Return the person who signed in during the last minutes, for what a person decides.

        Tokens lie in the environment of agents for hours, where a prompt may get at them. Raises
        NotPermitted where the token is older or of a job, or as `identify`.
        """
        token = _of_issuer(caller_token(headers))
        verified = await self._verifier.verify(token)
        identity = await self.of_token(token)
        if identity.kind is not IdentityKind.PERSON:
            raise NotPermitted("Only a person can decide; this token is of a job.")
        # A token that was renewed says when the person themselves signed in, and is issued now.
        at = verified.claims.get(verified.issuer.signed_in_by)
        if at is None:
            raise NotPermitted(
                "Your identity provider's tokens do not say when you signed in, so you can decide "
                "only in Slack. An administrator adds the claim auth_time to access tokens."
            )
        if type(at) not in (int, float) or self._clock.now().timestamp() - at > _LATELY.seconds:
            raise NotPermitted(
                "To decide, sign in again: your token is from a sign-in more than "
                f"{_LATELY.seconds // 60} minutes ago. `abeyance hold` asks you to sign in if "
                "ABEYANCE_TOKEN is not set."
            )
        return identity

    async def of_token(self, token: str) -> Identity:
        """Return whose access token it is. Raises as `identify`."""
        identity = identity_of(await self._verifier.verify(token))
        await self.remember(identity)
        return identity

    async def vouched(self, identity: Identity) -> Identity:
        """Return a person of whom there is an ID token alone, as far as they can be told apart.

        Raises NotPermitted where neither subject nor address is sure to show that they are the
        caller that they may be as well: some issuers give each client a subject of its own.
        """
        known = await self._people.get(identity.key)
        if known is not None:
            # An ID token may say less than what they have called with.
            return known
        if not identity.email:
            raise NotPermitted(
                "Your identity provider confirms no e-mail address for you, and you haven't used "
                "the gateway yet. Send one request through it, then open the link again."
            )
        await self.remember(identity)
        return identity

    async def remember(self, identity: Identity) -> None:
        """Write who it is, so that the bot can tell a requester from an approver."""
        if self._is_said(identity):
            return
        # Of many who come together, each is written once, and not all of them at once.
        async with self._saying.setdefault(identity, AtOnce(1)).turn():
            if not self._is_said(identity):
                async with self._at_once.turn():
                    await self._say(identity)

    def _is_said(self, identity: Identity) -> bool:
        said = self._said.get(identity)
        return said is not None and self._clock.now() - said < _SAY_AGAIN

    async def _say(self, identity: Identity) -> None:
        now = self._clock.now()
        await self._people.saw(identity, now)
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        self._said[identity] = now


def _of_issuer(token: str) -> str:
    """Return the token, where it is not a credential that the gateway has issued."""
    if is_issued(token):
        raise NotPermitted(
            "A gateway key is only for sending requests to models. For this, sign in and use the "
            "token of your identity provider (`abeyance login`)."
        )
    return token
