"""The gateway and the token of a hook, found without a slow import where a sign-in is fresh."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workstation.environment import variable

FORWARDER_URL, FORWARDER_KEY = "ABEYANCE_FORWARDER_URL", "ABEYANCE_FORWARDER_KEY"
"""What `abeyance exec` gives to the hooks of the tool that it starts."""
_REFRESHED_AT = 0.8


class SignedOut(Exception):
    """Nobody is signed in; the message says what to do."""


def find_gate(gateway: str) -> tuple[str, str]:
    """Return the URL to ask and the bearer token for it. Raises SignedOut.

    A gateway that the hook's own command names cannot be replaced by the environment, which the
    agent may be able to set.
    """
    if not gateway:
        url, key = variable(FORWARDER_URL), variable(FORWARDER_KEY)
        if url and key:
            return url, key
    return _kept(gateway) or _renewed(gateway)


def _kept(gateway: str) -> tuple[str, str] | None:
    """Read what `abeyance login` has kept, in `workstation.workplace` and `.sign_in.session`."""
    if any(variable(f"ABEYANCE_LOGIN_{name}") for name in ("ISSUER", "CLIENT_ID", "AUDIENCE")):
        return None
    given, token = gateway or variable("ABEYANCE_GATEWAY_URL"), variable("ABEYANCE_TOKEN")
    try:
        config, state = _folders()
        saved = {} if given and token else _document(config / "workplaces.json")
        url = given.rstrip("/") or saved["gateway"]
        if not _is_private(url):
            return None
        if token:
            return url, token
        named = json.dumps({"gateway": url} | saved["workplaces"][url], sort_keys=True)
        name = hashlib.sha256(named.encode()).hexdigest()[:20]
        session = _document(state / "sessions" / f"{name}.json")
        lifetime = session["expires_at"] - session["issued_at"]
        if time.time() < session["issued_at"] + _REFRESHED_AT * lifetime:
            return url, session["access_token"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    return None


def _renewed(gateway: str) -> tuple[str, str]:
    """Find the workplace, and renew the token, with the code of `abeyance login`."""
    try:
        workplace = import_module("workstation.workplace").find_workplace(gateway)
        tokens = import_module("workstation.sign_in.tokens").tokens_of(workplace)
        return workplace.gateway, tokens.current().value
    except import_module("app.errors").AbeyanceError as error:
        raise SignedOut(f"{error} Until then this is blocked.") from error


def _is_private(url: str) -> bool:
    """Whether a token may go there."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )


def _document(path: Path) -> Any:  # noqa: ANN401 - its shape is checked by its use
    return json.loads(path.read_text(encoding="utf-8"))


def _folders() -> tuple[Path, Path]:
    """Return the folders that platformdirs gives for configuration and state."""
    if sys.platform == "win32":
        folder = Path(variable("LOCALAPPDATA")) / "abeyance" / "abeyance"
        return folder, folder
    home = Path.home()
    if sys.platform == "darwin":
        folder = home / "Library" / "Application Support" / "abeyance"
        return folder, folder
    config = variable("XDG_CONFIG_HOME") or home / ".config"
    state = variable("XDG_STATE_HOME") or home / ".local" / "state"
    return Path(config) / "abeyance", Path(state) / "abeyance"
