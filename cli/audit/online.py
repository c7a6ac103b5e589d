"""Verifies the ledger in the database against what the notary signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console

from app.audit.proof.heads import Head, Keyring, checkpoints_in
from app.audit.proof.notes import BadNote
from app.audit.proof.offline import Verified
from app.audit.proof.verifier import Fault, Progress, RecordVerifier
from app.audit.seals import content
from app.errors import BadSettings, Damaged
from app.notary_settings import load_notary_settings
from cli.audit.deciding import DecidedAgain, decide_again
from cli.audit.offline import read_keys, read_text
from cli.audit.reading import signed_entries
from cli.audit.report import progress, report, tell_decided
from cli.storing import with_storage
from notary.book import Book
from notary.tree import write_file
from proxy.replay.proof import stored_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.audit.proof.witnesses import Quorum
    from app.storage.store import MongoStorage

_KEEP_EVERY = 5000
_VERSION = 2
"""Of what is kept of an interrupted run."""
_PAGE = 500


def verify_database(
    keys: Path | None,
    anchors: Path | None,
    quorum: Quorum | None,
    *,
    contents: bool,
    resume: bool,
    decisions: bool,
) -> int:
    """Return the code to end with. Raises BadSettings, StorageUnavailable."""
    folder = load_notary_settings().notary_folder
    interrupted = folder.with_name(f"{folder.name}.verifying.json")
    book = _book(folder)
    run = Run(book, _ring(keys, book), quorum, contents=contents)
    run.expect(read_text(anchors) if anchors else "")
    if resume:
        run.take_up(interrupted)

    decided: DecidedAgain | None = None

    async def look(storage: MongoStorage) -> None:
        nonlocal decided
        try:
            with progress("verifying") as bar:
                task = bar.add_task("", total=run.size, completed=run.verifier.progress.tree.size)
                await run.look(storage, interrupted, lambda: bar.advance(task))
            if decisions:
                decided = await _decided_again(storage, run)
        finally:
            if run.is_done:
                interrupted.unlink(missing_ok=True)
            else:
                run.put_down(interrupted)

    try:
        with_storage(look)
    except KeyboardInterrupt:
        raise BadSettings(
            f"Interrupted after {run.verifier.progress.tree.size:,} entries. Run it again to go on."
        ) from None
    if decided is not None:
        tell_decided(decided)
    return report(run.verified(), unsigned=run.unsigned)


async def _decided_again(storage: MongoStorage, run: Run) -> DecidedAgain:
    with progress("deciding again") as bar:
        task = bar.add_task("", total=None)
        decided = await decide_again(storage, lambda: bar.advance(task))
    for place, what in decided.faults:
        run.verifier.fault(place, what)
    return decided


class Run:
    def __init__(
        self, book: Book | None, keys: Keyring, quorum: Quorum | None, *, contents: bool
    ) -> None:
        self.verifier = RecordVerifier(contents=contents)
        self.unsigned = 0
        self.is_done = False
        self._book = book
        self._keys = keys
        self._last = book.last() if book else None
        self._result = Verified(quorum=quorum)

    def expect(self, anchors: str) -> None:
        """Have all signed heads looked at: those of the notary, and those kept elsewhere."""
        for number, note in enumerate(self._book.heads() if self._book else (), 1):
            self._expect(note, f"head {number} of the notary")
            self._result.heads += 1
        origin = self._last.origin if self._last else ""
        for number, note in enumerate(checkpoints_in(anchors), 1):
            head = self._expect(note, f"anchor {number}", origin)
            if head is not None:
                self._result.anchors += 1
                self._result.anchored = max(self._result.anchored, head.size)

    @property
    def size(self) -> int:
        """How many entries the notary has signed."""
        return self._last.size if self._last else 0

    async def look(
        self, storage: MongoStorage, interrupted: Path, step: Callable[[], object]
    ) -> None:
        """Look at all that is left; `step` is called for each entry that was signed.

        Raises StorageUnavailable, BadSettings, and what `step` raises.
        """
        verifier = self.verifier
        firsts = await storage.ledger.firsts()
        size, first = self.size, verifier.progress.tree.size
        if not first:
            verifier.progress.links = {entry.previous for entry in firsts} - {""}
        if self._book:
            async for signed in signed_entries(storage, self._book, size, first):
                entry = signed.entry
                is_there = entry is not None and entry.hash == signed.hash
                if entry is None or not is_there:
                    verifier.lost(signed.index, signed.chain, signed.seq, signed.hash)
                else:
                    verifier.entry(signed.index, content(entry), entry.hash)
                step()
                if entry is not None and is_there:
                    await self._settle(storage, entry.event.session_id)
                if (signed.index + 1) % _KEEP_EVERY == 0:
                    self.put_down(interrupted)
        chains = {*verifier.progress.chains, *(entry.chain for entry in firsts)}
        for chain in sorted(chains):
            await self._look_past(storage, chain)
        for session in verifier.unsettled():  # An interruption may have come before their content.
            await self._settle(storage, session)
        verifier.finish()
        self.is_done = True

    def verified(self) -> Verified:
        self._result.take(self.verifier)
        return self._result

    def put_down(self, path: Path) -> None:
        """Write how far it has come, for the next run."""
        faults = [[fault.place, fault.what] for fault in self.verifier.faults]
        progress = self.verifier.progress.state()
        write_file(
            path, json.dumps({"of": self._asked(), "progress": progress, "faults": faults}).encode()
        )

    def take_up(self, path: Path) -> None:
        """Go on where the last run was interrupted, if it was asked to look at the same."""
        if not path.exists():
            return
        fresh, found = self.verifier.progress, list(self.verifier.faults)
        try:
            state = json.loads(path.read_bytes())
            self.verifier.progress = Progress.resumed(state["progress"])
            faults = [Fault(place, what) for place, what in state["faults"]]
            is_same = state["of"] == self._asked()
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            is_same = False
        if not is_same:
            self.verifier.progress = fresh
            _say("What was interrupted looked at other keys, anchors or contents: it begins again.")
            return
        self.verifier.faults = [*found, *(fault for fault in faults if fault not in found)]
        _say(f"Going on after {self.verifier.progress.tree.size:,} entries.")

    def _asked(self) -> dict[str, Any]:
        """Return what a run has looked at so far: another one may go on only with the same."""
        return {
            "version": _VERSION,
            "keys": sorted(map(str, self._keys.terms)),
            "contents": self.verifier.contents,
            "roots": self.verifier.met(),
        }

    def _expect(self, note: str, name: str, origin: str = "") -> Head | None:
        try:
            head = Head.parse(note)
        except BadNote as error:
            self.verifier.fault(name, str(error))
            return None
        if origin and head.origin != origin:
            return None
        self.verifier.expect(self._keys, head, f"{name}, of {head.size} entries")
        try:
            self._result.note_witnesses(head)
        except BadNote as error:
            self.verifier.fault(name, str(error))
        return head

    async def _settle(self, storage: MongoStorage, session: str) -> None:
        stories = self.verifier.progress.stories
        if not stories.is_over(session):
            return
        try:
            record = await stored_session(storage, session) if self.verifier.contents else None
        except Damaged as damaged:
            self.verifier.damaged(session, str(damaged).removesuffix("."))
        else:
            if record is not None:
                self.verifier.take_content(record)
        self.verifier.settle(session)

    async def _look_past(self, storage: MongoStorage, chain: str) -> None:
        """Look at the entries of a chain that no head covers yet."""
        last, _ = self.verifier.progress.chains.get(chain, (-1, ""))
        while page := await storage.ledger.chain(chain, last + 1, _PAGE):
            for entry in page:
                self.verifier.unsigned(content(entry), entry.hash)
                await self._settle(storage, entry.event.session_id)
                self.unsigned += 1
            last = page[-1].seq


def _book(folder: Path) -> Book | None:
    try:
        return Book(folder)
    except BadSettings as error:
        _say(f"{error} Only chains and reasons are looked at.", "yellow")
        return None


def _ring(keys: Path | None, book: Book | None) -> Keyring:
    """Return the keys that are trusted. Raises BadSettings."""
    try:
        ring = read_keys(keys) if keys else Keyring.parse(book.keys()) if book else Keyring([])
        for note in book.rotations() if book else ():
            ring.add(note)
    except BadNote as error:
        raise BadSettings(f"The notary's keys are not good: {error}.") from error
    if not keys and book:
        _say(f"The keys are those in {book.folder}; give the ones that you trust with --keys.")
    return ring


def _say(what: str, style: str = "dim") -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(what, style=style, markup=False)
