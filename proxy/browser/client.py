"""Whom the gateway is to the issuer that signs people in with a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.errors import BadSettings

if TYPE_CHECKING:
    from app.settings import IssuerSettings, Settings

CALLBACK = "/-/sign-in/callback"
LATELY_SECONDS = 15 * 60
"""How long ago somebody may have signed in who is given something that lasts."""


@dataclass(frozen=True, slots=True)
class IdpClient:
    issuer: str
    audience: str
    client_id: str
    redirect_uri: str
    secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    """What is asked for besides."""


def client_of(settings: Settings) -> IdpClient | None:
    """Return the client that the settings describe; None where no browser is to come.

    Raises BadSettings where no trusted issuer of people is meant for certain.
    """
    if not settings.public_url:
        return None
    issuer = issuer_of_people(settings)
    if issuer is None:
        raise BadSettings(
            "ABEYANCE_LOGIN_ISSUER: with ABEYANCE_PUBLIC_URL, name one of the issuers of people "
            "in ABEYANCE_ISSUERS: the one that signs people in with a browser."
        )
    return IdpClient(
        issuer.issuer,
        issuer.audience,
        settings.login_client_id,
        settings.public_url + CALLBACK,
        settings.login_client_secret.get_secret_value(),
        issuer.scopes,
    )


def issuer_of_people(settings: Settings) -> IssuerSettings | None:
    """Return the issuer that signs people in: the one that is named, or the only one."""
    people = {known.issuer: known for known in settings.issuers if known.kind == "person"}
    only = next(iter(people)) if len(people) == 1 else ""
    return people.get(settings.login_issuer or only)
