"""Planning changes of files, showing them, making them and undoing them.

Everything is planned before anything is written, so a file that cannot be changed keeps the
others from being changed halfway. The record is written before the files: who is killed between
the two has a record of a change that did not happen, which undoes to nothing.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import BadSettings
from workstation.configuration.faults import Unreadable
from workstation.configuration.files import make_folders, read, remove_folders, replace
from workstation.configuration.record import ChangedFile, lock_path, read_record
from workstation.configuration.traces import Trace, changed, undone
from workstation.private_files import locked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workstation.configuration.edits import SettingsChange


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to become of one file. A text of None is no file."""

    file: Path
    now: str | None
    then: str | None
    trace: Trace | None = None
    kept: tuple[str, ...] = ()
    """Settings that somebody changed since, which undoing leaves."""
    purpose: str = ""
    """Changes of one file for different purposes are undone apart."""
    public: bool = False

    def diff(self) -> str:
        """Return the change as a unified diff; empty where there is none."""
        old = [] if self.now is None else self.now.splitlines()
        new = [] if self.then is None else self.then.splitlines()
        before = "/dev/null" if self.now is None else str(self.file)
        after = "/dev/null" if self.then is None else str(self.file)
        return "\n".join(difflib.unified_diff(old, new, before, after, lineterm=""))


def plan(changes: Iterable[SettingsChange], purpose: str = "") -> list[Planned]:
    """Return what would become of each file. Raises BadSettings where one cannot be changed."""
    record, planned = read_record(), []
    for change in changes:
        known = record.files.get(_key(change.file, purpose))
        trace = known.trace if known else None
        try:
            now = read(change.file)
            then, trace = changed(now, change, trace)
        except Unreadable as fault:
            raise _untouched(change.file, fault) from fault
        known_as = Planned(change.file, now, then, trace, purpose=purpose, public=change.public)
        planned.append(known_as)
    return planned


def make(tool: str, planned: Iterable[Planned], project: Path | None = None) -> None:
    """Write what was planned, with a record of the way back. Raises Unavailable, BadSettings."""
    with locked(lock_path()):
        record = read_record()
        for each in planned:
            if each.now == each.then or each.trace is None:
                continue
            name = _key(each.file, each.purpose)
            known = record.files.get(name)
            # A folder may be there by now which was made for this file before.
            made = [str(folder) for folder in make_folders(each.file, public=each.public)]
            folders = (*(known.folders if known else ()), *made)
            record.files[name] = ChangedFile(
                tool, each.trace, tuple(dict.fromkeys(folders)), _name(project), each.purpose
            )
            record.save()
            replace(each.file, each.now, each.then, public=each.public)


def plan_undo(tool: str, project: Path | None = None, purpose: str = "") -> list[Planned]:
    """Return what undoing a tool's changes would do, in a repository or for the user.

    Raises BadSettings where a file cannot be read.
    """
    planned = []
    for name, known in read_record().files.items():
        if (known.tool, known.project, known.purpose) != (tool, _name(project), purpose):
            continue
        file = Path(name.removeprefix(purpose).lstrip())
        try:
            now = read(file)
            then = undone(now, known.trace)
        except Unreadable as fault:
            raise _untouched(file, fault) from fault
        planned.append(Planned(file, now, then.text, kept=then.kept, purpose=purpose))
    return planned


def undo(planned: Iterable[Planned]) -> None:
    """Do what `plan_undo` planned, and forget the changes. Raises Unavailable, BadSettings."""
    with locked(lock_path()):
        record, folders = read_record(), list[Path]()
        for each in planned:
            if each.now != each.then:
                replace(each.file, each.now, each.then)
            known = record.files.pop(_key(each.file, each.purpose), None)
            record.save()
            if known and each.then is None:
                folders += [Path(folder) for folder in known.folders]
        # Only now: a folder may have been made for the first file and hold the second.
        remove_folders(folders)


def _key(file: Path, purpose: str) -> str:
    return f"{purpose} {file}".lstrip()


def _name(project: Path | None) -> str:
    return str(project) if project else ""


def _untouched(file: Path, fault: Unreadable) -> BadSettings:
    return BadSettings(f"{file} was left as it is: {fault}. Mend it, then run the command again.")
