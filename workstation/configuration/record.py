"""Which files we changed on this machine, and the way back: `changes.json` in our own folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import platformdirs

from app.errors import BadSettings
from workstation.configuration.edits import Format
from workstation.configuration.traces import Touched, Trace
from workstation.private_files import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that was changed for a tool."""

    tool: str
    trace: Trace
    folders: tuple[str, ...] = ()
    """Those that were made for it."""
    project: str = ""
    """The repository that was configured; empty for the user's own configuration."""
    purpose: str = ""


@dataclass(slots=True)
class ChangeRecord:
    """Every file that is changed at present, by its purpose, if it has one, and its path."""

    files: dict[str, ChangedFile]

    def save(self) -> None:
        """Write it. Raises Unavailable."""
        # What it says of a setting that was replaced may be a secret of the user's.
        files = {path: asdict(changed) for path, changed in self.files.items()}
        write_private(record_path(), json.dumps({"files": files}, indent=2))


def read_record() -> ChangeRecord:
    """Return what was changed on this machine. Raises BadSettings, Unavailable."""
    text = read_private(record_path())
    try:
        found = json.loads(text)["files"] if text else {}
        return ChangeRecord({path: _changed(said) for path, said in found.items()})
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadSettings(
            f"{record_path()} cannot be read ({error!r}), so no change can be undone: put it back "
            "from a backup, or delete it and undo by hand."
        ) from error


def record_path() -> Path:
    """Return where the record is."""
    return platformdirs.user_config_path("abeyance") / "changes.json"


def lock_path() -> Path:
    """Return the file that is locked while files are changed."""
    return record_path().with_suffix(".lock")


def _changed(said: dict[str, Any]) -> ChangedFile:
    trace = dict(said["trace"])
    trace["format"] = Format(trace["format"])
    trace["back"] = tuple((int(start), int(end), str(old)) for start, end, old in trace["back"])
    trace["touched"] = tuple(
        Touched(**{**touched, "path": tuple(touched["path"])}) for touched in trace["touched"]
    )
    named = str(said["project"]), str(said.get("purpose", ""))
    return ChangedFile(str(said["tool"]), Trace(**trace), tuple(said["folders"]), *named)
