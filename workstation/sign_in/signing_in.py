"""A person signs in, and out again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from app.errors import AbeyanceError, NotAuthenticated
from workstation.sign_in.claims import claims_of
from workstation.sign_in.issuer import Issuer, TokenGrant
from workstation.sign_in.loopback import Loopback, has_browser, open_browser
from workstation.sign_in.session import SessionFile, SignInSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from workstation.workplace import Workplace

_LATELY_SECONDS = 600
"""How long ago somebody may have signed in who signs in to decide something."""


def sign_in(
    workplace: Workplace,
    tell: Callable[[str], None],
    *,
    device: bool = False,
    lately: bool = False,
) -> SignInSession:
    """Have the person sign in, and keep it. `tell` is given what to do, in words.

    Uses a browser on this machine where there is one, and else, or for `device`, one elsewhere.
    `lately` asks again also who is signed in at the issuer. Raises IssuerUnavailable,
    NotAuthenticated, Unavailable.
    """
    with Issuer(workplace) as issuer:
        return _keep(workplace, issuer, _granted(issuer, tell, device=device, lately=lately))


def sign_in_apart(
    workplace: Workplace, tell: Callable[[str], None], *, device: bool = False
) -> TokenGrant:
    """Have the person sign in for something that keeps the refresh token itself.

    Nothing is kept here. Raises as `sign_in`.
    """
    with Issuer(workplace) as issuer:
        return _granted(issuer, tell, device=device, lately=True)


def sign_out(workplace: Workplace) -> bool:
    """Forget the sign-in, and end it at the issuer; False where there is none.

    Raises IssuerUnavailable or NotAuthenticated where the issuer could not end it: it is forgotten
    here all the same.
    """
    file = SessionFile(workplace)
    with file.lock():
        session = _read(file)
        try:
            refresh_token = file.refresh_token(session) if session else ""
            if refresh_token:
                with Issuer(workplace) as issuer:
                    issuer.revoke(refresh_token)
        finally:
            file.forget(session)
    return session is not None


def _granted(
    issuer: Issuer, tell: Callable[[str], None], *, device: bool, lately: bool
) -> TokenGrant:
    elsewhere = device or not has_browser()
    if elsewhere and issuer.has_device_flow:
        return issuer.by_device(lambda page, code: tell(f"Open {page} and enter {code}"))
    return _by_browser(issuer, tell, lately=lately)


def _by_browser(issuer: Issuer, tell: Callable[[str], None], *, lately: bool) -> TokenGrant:
    with Loopback() as loopback:
        started = issuer.start(loopback.redirect_uri, max_age=_LATELY_SECONDS if lately else None)
        opened = open_browser(started.url)
        tell(
            "Sign in with the browser that has opened. If none has, open "
            f"{started.url} on this machine."
            if opened
            else f"Open {started.url} with a browser on this machine."
        )
        return issuer.finish(started, loopback.redirect_uri, loopback.wait())


def _keep(workplace: Workplace, issuer: Issuer, grant: TokenGrant) -> SignInSession:
    file = SessionFile(workplace)
    with file.lock():
        before = _read(file)
        session = SignInSession(
            grant.access_token,
            grant.issued_at,
            grant.expires_at,
            signed_in_at=_signed_in_at(grant),
            refresh_token=grant.refresh_token,
        )
        # What is replaced must not stay good somewhere; that it is, is no reason to fail.
        with suppress(AbeyanceError):
            if before is not None and (old := file.refresh_token(before)):
                issuer.revoke(old)
        return file.write(session, before)


def _signed_in_at(grant: TokenGrant) -> float:
    """Who is signed in at the issuer already may have done so long ago."""
    said = (claims_of(grant.access_token) or {}).get("auth_time")
    return float(said) if isinstance(said, int | float) else grant.issued_at


def _read(file: SessionFile) -> SignInSession | None:
    with suppress(NotAuthenticated):
        return file.read()
    return None
