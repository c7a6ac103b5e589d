"""Whether Gemini CLI is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.configuration.edits import Format, value_at
from workstation.doctor.findings import (
    CheckResult,
    CheckState,
    Machine,
    address,
    is_installed,
    readable,
    values_in,
)
from workstation.environment import variable
from workstation.setup.gemini import SETTINGS, folder_in, managed_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_POINT = "Gemini CLI"
_SET_UP = "run `abeyance setup gemini`, or start it with `abeyance exec -- gemini`"
_GOOGLES = "AIza"


def examine(machine: Machine) -> Iterator[CheckResult]:
    """Yield what was found; nothing where it is not installed."""
    if not is_installed("gemini"):
        return
    folder = folder_in(None)
    own, managed = folder / "settings.json", managed_file()
    broken = [*readable(_POINT, own, Format.JSONC), *readable(_POINT, managed, Format.JSONC)]
    yield from broken
    if broken:
        return
    saved = values_in(folder / ".env", Format.VARIABLES)
    url = variable("GOOGLE_GEMINI_BASE_URL") or saved.get("GOOGLE_GEMINI_BASE_URL", "")
    yield address(_POINT, url, machine, _SET_UP)
    for path, wanted in SETTINGS.items():
        said = [value_at(values_in(file, Format.JSONC), path) for file in (managed, own)]
        if wanted not in said:
            name = ".".join(path)
            yield CheckResult(_POINT, CheckState.BAD, f"{name} is not {wanted}", _SET_UP)
    key = variable("GEMINI_API_KEY") or saved.get("GEMINI_API_KEY", "")
    if key.startswith(_GOOGLES):
        found = "GEMINI_API_KEY is a key of Google's, which works past the gateway"
        yield CheckResult(_POINT, CheckState.BAD, found, "unset it, also in .env files")
    elif not key:
        remedy = (
            "start it with `abeyance exec -- gemini`, or give it a key of `abeyance key create`"
        )
        yield CheckResult(_POINT, CheckState.NOTE, "it has no key for the gateway", remedy)
    if variable("GOOGLE_GENAI_USE_GCA") or variable("GOOGLE_GENAI_USE_VERTEXAI"):
        found = "GOOGLE_GENAI_USE_GCA or GOOGLE_GENAI_USE_VERTEXAI leads past the gateway"
        yield CheckResult(_POINT, CheckState.BAD, found, "unset it")
    if (folder / "oauth_creds.json").exists():
        found = "it is signed in with Google as well, which works past the gateway"
        yield CheckResult(_POINT, CheckState.NOTE, found, f"delete {folder / 'oauth_creds.json'}")
