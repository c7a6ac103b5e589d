"""What a verification found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from app.audit.proof.verifier import MOST_FAULTS
from app.ids import short

if TYPE_CHECKING:
    from app.audit.proof.offline import Verified
    from cli.audit.deciding import DecidedAgain

_MOST_TOMBSTONES = 5
_KEY_HOLDER = "whoever holds both the database and the notary's key could have rewritten {}"


def report(verified: Verified, *, unsigned: int = 0) -> int:
    """Print it; return the code to end with. `unsigned` is how many entries no head covers yet."""
    console = Console(highlight=False, soft_wrap=True)
    entries = _of(verified.entries + unsigned, "entry", "entries")
    counts = [
        f"{entries} in {_of(verified.chains, 'chain', 'chains')}" if verified.is_whole else entries,
        _of(verified.heads, "signed head", "signed heads"),
        _of(verified.anchors, "anchor", "anchors"),
        _of(verified.forwarded, "request that went out", "requests that went out"),
        f"the content of {_of(verified.contents, 'session', 'sessions')}",
    ]
    console.print(f"Looked at {', '.join(counts)}.")
    if verified.quorum and verified.witnessed:
        console.print(f"Signed by {verified.quorum}: a tree of {verified.witnessed:,} entries.")
    if verified.catalogs:
        catalogs = _of(verified.catalogs, "catalog", "catalogs")
        console.print(
            f"Has {catalogs} as of then. Requests are decided again in the database alone: "
            "`abeyance audit verify` there."
        )
    if verified.purged:
        shown = [short(tombstone) for tombstone in verified.tombstones[:_MOST_TOMBSTONES]]
        more = ", …" if len(verified.tombstones) > _MOST_TOMBSTONES else ""
        sessions = _of(verified.purged, "session", "sessions")
        console.print(
            f"The content of {sessions} was purged (tombstone {', '.join(shown)}{more}), as the "
            "ledger says."
        )
    if verified.faults:
        console.print("[bold red]The record is not in order.[/] What is wrong, the first first:")
        for fault in verified.faults:
            console.print(f"  {escape(str(fault))}")
        if len(verified.faults) == MOST_FAULTS:
            console.print("  … and maybe more: the rest is not listed.")
    else:
        console.print("[bold green]The record is in order.[/]")
    console.print("\nWhat this cannot tell:")
    for limit in _limits(verified, unsigned):
        console.print(f"  - {escape(limit)}")
    return 1 if verified.faults else 0


def tell_decided(decided: DecidedAgain) -> None:
    """Print what deciding again has shown; what differs is among the faults of the report."""
    console = Console(highlight=False, soft_wrap=True)
    requests = _of(decided.same, "request", "requests")
    console.print(f"Decided again as then: {requests}, by the catalogs of their time.")
    if decided.passed_over:
        console.print(
            f"Passed over: {decided.passed_over:,}, which are not recorded as the rules saw them."
        )
    if decided.unreadable:
        console.print(
            f"Not decided again: {decided.unreadable:,}, whose content was erased or is damaged."
        )
    for revision, count in decided.unknown.items():
        console.print(
            f"Catalog {escape(revision)} is not stored, or of another version of Abeyance: "
            f"{_of(count, 'request', 'requests')} could not be decided again."
        )


def progress(what: str) -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), TaskProgressColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _limits(verified: Verified, unsigned: int) -> list[str]:
    limits = []
    if not verified.is_whole:
        limits.append(
            "These are some entries of the ledger: each is in it as it was signed, and others may "
            "be missing here."
        )
    if not verified.heads:
        limits.append(
            "Nothing is signed: whoever may write to the database could have rewritten the whole "
            "ledger. Run `abeyance notary`."
        )
    elif not verified.anchors:
        all_of_it = _KEY_HOLDER.format("all of it")
        limits.append(f"Without anchors (--anchors), {all_of_it}, or have cut off its end.")
    elif verified.is_whole and verified.anchored < verified.entries:
        later = _KEY_HOLDER.format(f"the entries after number {verified.anchored:,}")
        limits.append(f"The newest anchor covers {verified.anchored:,} entries: {later}.")
    if verified.is_whole and 0 < verified.witnessed < verified.entries:
        limits.append(
            f"The newest head that {verified.quorum} have signed covers "
            f"{verified.witnessed:,} entries: nobody has witnessed those after it."
        )
    if unsigned:
        limits.append(f"No head covers {_of(unsigned, 'entry', 'entries')} yet: the newest.")
    if verified.untold:
        sessions = _of(verified.untold, "session", "sessions")
        limits.append(
            f"Of {sessions} it is not told whether what released them was for them: an older "
            "version wrote them down, or they had more passages than are listed."
        )
    if not verified.contents:
        limits.append("What was sent and answered was not looked at, only that it happened.")
    limits.append(
        "Whether a process wrote what is true: an entry proves what was recorded, when it was "
        "signed at the latest, and that it has not changed since."
    )
    return limits


def _of(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
