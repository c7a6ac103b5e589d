"""The connections that a person may use, as the gateway lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import NotAuthenticated, Unavailable
from workstation.setup.base import OfferedConnection
from workstation.sign_in.tokens import tokens_of
from workstation.workplace import find_workplace, gateway_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workstation.workplace import Workplace

_SECONDS = 10.0
_KINDS = ("anthropic", "openai", "gemini", "cursor")


def chosen(
    gateway: str, names: Sequence[str], kinds: Sequence[str]
) -> tuple[str, tuple[OfferedConnection, ...]]:
    """Return the gateway, and its connections of these names, or all where none is named.

    Where the gateway cannot be asked, a named one is taken to be of the kind that its name says, or
    else of the first kind. Raises NotAuthenticated, Unavailable, BadSettings.
    """
    try:
        workplace = find_workplace(gateway)
        found = usable(workplace)
    except (NotAuthenticated, Unavailable):
        if not (gateway and names):
            raise
        base = gateway_url(gateway)
        return base, tuple(
            OfferedConnection(name, name if name in _KINDS else kinds[0], f"{base}/{name}")
            for name in names
        )
    missing = set(names) - {known.name for known in found}
    if missing:
        raise Unavailable(
            f"You may use no connection named {', '.join(sorted(missing))}; there are "
            f"{', '.join(known.name for known in found) or 'none'}."
        )
    return workplace.gateway, tuple(known for known in found if not names or known.name in names)


def usable(workplace: Workplace) -> tuple[OfferedConnection, ...]:
    """Ask the gateway. Raises NotAuthenticated, Unavailable."""
    import httpx2  # noqa: PLC0415  it loads slowly, and is seldom needed

    token = tokens_of(workplace).current()
    headers = {"authorization": f"Bearer {token.value}"}
    try:
        answer = httpx2.get(f"{workplace.gateway}/-/connections", headers=headers, timeout=_SECONDS)
        if answer.status_code == 401:
            raise NotAuthenticated(f"{_said(answer)} Run `abeyance login`.")
        listed = answer.raise_for_status().json()["connections"]
        return tuple(
            OfferedConnection(str(each["name"]), str(each["kind"]), str(each["url"]).rstrip("/"))
            for each in listed
        )
    except (httpx2.HTTPError, ValueError, TypeError, LookupError) as error:
        raise Unavailable(
            f"{workplace.gateway} does not list its connections ({error}): check the address."
        ) from error


def _said(answer: object) -> str:
    try:
        return str(answer.json()["error"]["message"])  # type: ignore[attr-defined]
    except (ValueError, TypeError, LookupError):
        return "The gateway does not accept your token."
