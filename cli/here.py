"""The installation that `abeyance up` runs in this folder: other commands find it by themselves.

Only commands that people type use it, and only where the settings name neither a database nor a
vault key. `abeyance gateway` and `abeyance bot` never do.
"""

from __future__ import annotations

import fcntl
import json
import os
from functools import cache
from typing import TYPE_CHECKING

from rich.console import Console

from app.errors import BadSettings
from app.settings import load_local_settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.settings import Settings

LOCK = "lock"
_SETTINGS = "settings.json"


def keep_settings(data: Path, variables: Mapping[str, str]) -> None:
    """Write down how to reach what runs in a folder, readable by its owner alone."""
    fields = {name.removeprefix("ABEYANCE_").lower(): value for name, value in variables.items()}
    path = data / _SETTINGS
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(fields, file, indent=2)


@cache
def settings_here() -> Settings:
    """Return the settings of the environment, or of what runs in this folder; says which.

    Raises BadSettings.
    """
    given = load_settings()
    if given.mongodb_uri.get_secret_value() or given.vault_key.get_secret_value():
        return given
    data = load_local_settings().data
    if not _runs(data):
        return given
    try:
        kept = json.loads((data / _SETTINGS).read_text())
    except (OSError, ValueError) as error:
        raise BadSettings(
            f"{data / _SETTINGS} cannot be read ({error}): start `abeyance up` again, or set "
            "MONGODB_URI and ABEYANCE_VAULT_KEY"
        ) from error
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[dim]MONGODB_URI is not set: using the Abeyance that runs in {data}[/]")
    return load_settings(kept)


def _runs(data: Path) -> bool:
    """Whether `abeyance up` holds the folder."""
    try:
        with (data / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
