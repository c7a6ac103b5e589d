"""Which gateway a developer works with, and where she signs in for it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import platformdirs

from app.errors import BadSettings, Unavailable
from workstation.environment import variable
from workstation.private_files import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path

CLIENT_ID = "abeyance-cli"
AUDIENCE = "abeyance"
_METADATA = "/.well-known/oauth-protected-resource"
_SECONDS = 10.0
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Workplace:
    """A gateway, and the client at the issuer whose tokens it takes."""

    gateway: str
    issuer: str
    client_id: str = CLIENT_ID
    audience: str = AUDIENCE
    scopes: tuple[str, ...] = ()
    """What is asked for besides, at issuers that go by scopes and not by an audience."""


def ask_workplace(gateway: str) -> Workplace:
    """Return what a gateway says itself, whatever was saved. Raises as `find_workplace`."""
    url = gateway_url(gateway)
    return Workplace(url, **_asked(url))


def find_workplace(gateway: str = "") -> Workplace:
    """Return the workplace of a gateway, or of the one that is signed in to.

    What the environment says counts before what `abeyance login` has saved, and the gateway itself
    is asked for the rest. Raises BadSettings where nothing names a gateway, Unavailable.
    """
    saved = _saved()
    url = gateway_url(gateway or variable("ABEYANCE_GATEWAY_URL") or saved["gateway"])
    issuer = variable("ABEYANCE_LOGIN_ISSUER")
    client_id, audience = variable("ABEYANCE_LOGIN_CLIENT_ID"), variable("ABEYANCE_LOGIN_AUDIENCE")
    known = saved["workplaces"].get(url) or {}
    if not issuer and not known:
        known = _asked(url)
    elif issuer and known.get("issuer") != issuer:
        known = {"issuer": issuer, "client_id": CLIENT_ID, "audience": AUDIENCE, "scopes": ()}
    return Workplace(
        url,
        known["issuer"],
        client_id or known["client_id"],
        audience or known["audience"],
        tuple(known.get("scopes", ())),
    )


def saved_gateway() -> str:
    """Return the gateway that was signed in to last; empty where there is none."""
    return str(_saved()["gateway"])


def save_workplace(workplace: Workplace) -> None:
    """Keep it as the one that commands use from now on. Raises Unavailable."""
    saved = _saved()
    saved["gateway"] = workplace.gateway
    saved["workplaces"][workplace.gateway] = {
        name: value for name, value in asdict(workplace).items() if name != "gateway"
    }
    write_private(_file(), json.dumps(saved, indent=2))


def gateway_url(given: str) -> str:
    """Return a gateway's URL in one form. Raises BadSettings where a token must not go there."""
    if not given:
        raise BadSettings(
            "Which gateway? Sign in with `abeyance login https://gateway.example.com`, "
            "or set ABEYANCE_GATEWAY_URL."
        )
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError as error:
        raise BadSettings(f"{given} is not the URL of a gateway ({error}).") from None
    if not url.hostname or url.username or url.query or url.fragment:
        raise BadSettings(
            f"{given} is not the URL of a gateway: give https://host or https://host/path."
        )
    if not is_private(given):
        raise BadSettings(
            f"{given} would send your token in the clear: use https:// (http:// only on this "
            "machine)."
        )
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return f"{url.scheme}://{host}{f':{port}' if port else ''}{url.path.rstrip('/')}"


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    target = urlsplit(url)
    return target.scheme == "https" or (
        target.scheme == "http" and target.hostname in _THIS_MACHINE
    )


def _asked(url: str) -> dict[str, Any]:
    """Ask the gateway who signs its people in (RFC 9728)."""
    import httpx2  # noqa: PLC0415  it loads slowly, and is seldom needed

    try:
        answer = httpx2.get(url + _METADATA, timeout=_SECONDS).raise_for_status().json()
        if str(answer["resource"]).rstrip("/") != url:
            # Else a gateway could collect tokens that are meant for another (section 3.3).
            raise BadSettings(
                f"The gateway at {url} says that it is {answer['resource']}: use that address, or "
                "have its administrator set ABEYANCE_PUBLIC_URL."
            )
        return {
            "issuer": str(answer["authorization_servers"][0]),
            "client_id": str(answer.get("abeyance_client_id", CLIENT_ID)),
            "audience": str(answer.get("abeyance_audience", AUDIENCE)),
            "scopes": tuple(map(str, answer.get("scopes_supported", ()))),
        }
    except (httpx2.HTTPError, ValueError, TypeError, LookupError) as error:
        raise Unavailable(
            f"{url} does not say who signs its people in ({error}): check the address, or set "
            "ABEYANCE_LOGIN_ISSUER."
        ) from error


def _saved() -> dict[str, Any]:
    text = read_private(_file())
    try:
        found = json.loads(text) if text else {}
        return {
            "gateway": str(found.get("gateway", "")),
            "workplaces": dict(found.get("workplaces", {})),
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise BadSettings(
            f"{_file()} cannot be read ({error}): delete it and sign in again."
        ) from error


def _file() -> Path:
    return platformdirs.user_config_path("abeyance") / "workplaces.json"
