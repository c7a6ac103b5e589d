"""A token that is good now, for as long as the sign-in lasts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.errors import IssuerUnavailable, NotAuthenticated
from workstation.environment import variable
from workstation.sign_in.claims import claims_of
from workstation.sign_in.session import SessionFile, SignInSession

if TYPE_CHECKING:
    from workstation.workplace import Workplace

_REFRESHED_AT = 0.8
"""The part of a token's life after which it is renewed."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. `expires_at` is in Unix seconds; infinite where nothing says it."""

    value: str = field(repr=False)
    expires_at: float


class Tokens:
    """The tokens of one gateway. Any number of threads and processes may ask at once."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._file = SessionFile(workplace)
        self._session: SignInSession | None = None

    def current(self) -> Token:
        """Return a token, renewed where less than a fifth of its life is left.

        Blocks. ABEYANCE_TOKEN is used as it is. Raises NotAuthenticated where the person must sign
        in, IssuerUnavailable where the issuer cannot be asked and the old token has ended.
        """
        if given := variable("ABEYANCE_TOKEN"):
            return Token(given, _expiry(given))
        session = self._session
        if session is None or not _is_fresh(session):
            session = self._session = self._fresh()
        return Token(session.access_token, session.expires_at)

    def renewed(self, refused: str) -> Token:
        """Return another token than one that the gateway has refused, though it looked good here.

        Blocks. Raises NotAuthenticated where there is none, and as `current`.
        """
        if variable("ABEYANCE_TOKEN"):
            raise NotAuthenticated("The gateway does not accept the token in ABEYANCE_TOKEN.")
        with self._file.lock():
            session = self._file.read()
            if session is not None and session.access_token == refused:
                session = self._refreshed(session)
        if session is None or session.access_token == refused:
            raise NotAuthenticated("The gateway does not accept your token: run `abeyance login`.")
        self._session = session
        return Token(session.access_token, session.expires_at)

    def signed_in_at(self) -> float:
        """Return when the person signed in, in Unix seconds; 0 where they are not signed in."""
        session = self._file.read()
        return session.signed_in_at if session else 0.0

    def _fresh(self) -> SignInSession:
        session = self._file.read()
        if session is not None and _is_fresh(session):
            return session
        with self._file.lock():
            # Another process may have renewed it meanwhile, and used up the refresh token.
            session = self._file.read()
            if session is None:
                raise NotAuthenticated("You are not signed in: run `abeyance login`.")
            if _is_fresh(session):
                return session
            return self._refreshed(session)

    def _refreshed(self, session: SignInSession) -> SignInSession:
        good = time.time() < session.expires_at
        refresh_token = self._file.refresh_token(session)
        if not refresh_token:
            if good:
                return session
            raise NotAuthenticated(
                "Your sign-in has ended, and your identity provider gave no refresh token "
                "(`offline_access`) to renew it: run `abeyance login`."
            )
        # Authlib takes a quarter of a second to import, which a fresh token need not cost.
        from workstation.sign_in.issuer import Issuer  # noqa: PLC0415

        try:
            with Issuer(self._workplace) as issuer:
                grant = issuer.refresh(refresh_token)
        except IssuerUnavailable:
            if good:
                return session
            raise
        except NotAuthenticated as error:
            raise NotAuthenticated(
                f"Your sign-in has ended: run `abeyance login`. {error}"
            ) from error
        renewed = replace(
            session,
            access_token=grant.access_token,
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
        )
        if grant.refresh_token not in ("", refresh_token):
            renewed = replace(renewed, refresh_token=grant.refresh_token, in_keyring="")
        return self._file.write(renewed, session)


def tokens_of(workplace: Workplace) -> Tokens:
    """Return the tokens of the sign-in that `abeyance login` has kept."""
    return Tokens(workplace)


def _is_fresh(session: SignInSession) -> bool:
    lifetime = session.expires_at - session.issued_at
    return time.time() < session.issued_at + _REFRESHED_AT * lifetime


def _expiry(token: str) -> float:
    expires_at = (claims_of(token) or {}).get("exp")
    return float(expires_at) if isinstance(expires_at, int | float) else float("inf")
