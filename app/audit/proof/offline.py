"""Verifies a bundle with nothing but the bundle, the notary's keys, and anchors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.audit.proof.bundle import FORMAT, BadLine, read
from app.audit.proof.catalogs import Catalogs
from app.audit.proof.heads import Head, checkpoints_in
from app.audit.proof.notes import BadNote, exact_base64
from app.audit.proof.verifier import Fault, RecordVerifier
from app.audit.proof.witnesses import Quorum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.audit.proof.bundle import Record
    from app.audit.proof.heads import Keyring

_AN_ENTRY = b'{"entry":{'
_A_FIRST = b'"seq":0,"session":'


@dataclass(slots=True)
class Verified:
    """What was looked at, and what is wrong with it."""

    faults: list[Fault] = field(default_factory=list)
    entries: int = 0
    chains: int = 0
    heads: int = 0
    anchors: int = 0
    """Signed heads of this ledger that were kept elsewhere."""
    anchored: int = 0
    """How many entries the largest of them covers."""
    witnessed: int = 0
    """How many entries the largest head covers that enough witnesses have signed."""
    quorum: Quorum | None = None
    """How many witnesses have to sign; None where no quorum was asked for."""
    forwarded: int = 0
    """How many requests went out."""
    untold: int = 0
    """Of how many of them an older version did not write down that their reasons belong to them."""
    contents: int = 0
    catalogs: int = 0
    """How many were looked at."""
    purged: int = 0
    """Of how many sessions the content was purged or erased, as a tombstone tells."""
    tombstones: tuple[str, ...] = ()
    """Of how many sessions the content was looked at."""

    def note_witnesses(self, head: Head) -> None:
        """Note whether enough witnesses have signed a head. Raises BadNote."""
        if self.quorum is not None and self.quorum.met(head.note):
            self.witnessed = max(self.witnessed, head.size)

    def take(self, verifier: RecordVerifier) -> None:
        """Take over what a verifier has found."""
        if self.quorum is not None and not self.witnessed:
            verifier.fault("the heads", f"none of them is signed by {self.quorum}")
        progress = verifier.progress
        self.faults = verifier.faults
        self.entries, self.chains = progress.tree.size, len(progress.chains)
        self.forwarded, self.contents = progress.stories.forwarded, progress.contents
        self.purged, self.untold = progress.purged, progress.stories.untold
        stories = progress.stories
        self.tombstones = tuple(sorted({*stories.purged.values(), *stories.erased.values()}))

    is_whole: bool = True
    """Whether these are all entries of the ledger."""


def verify_bundle(
    lines: Callable[[], Iterable[bytes]],
    keys: Keyring,
    anchors: str = "",
    done: Callable[[int], None] = lambda _size: None,
    quorum: Quorum | None = None,
) -> Verified:
    """Verify a bundle, whose lines are read twice. `done` is called with the length of each line.

    `anchors` is the text of a file with signed heads; anything else in it is ignored.
    """
    run = _Run(keys, links(lines()), checkpoints_in(anchors), quorum)
    is_whole = True
    try:
        for number, record in enumerate(read(_told(lines(), done)), 1):
            run.take(number, record)
    except BadLine as bad:
        run.verifier.fault(f"line {bad.number}", str(bad))
        is_whole = bad.is_end
    return run.verified(is_whole=is_whole)


def links(lines: Iterable[bytes]) -> set[str]:
    """Return what the first entries of chains name as the entry before them."""
    found = set[str]()
    for line in lines:
        if line.startswith(_AN_ENTRY) and _A_FIRST in line:
            try:
                found.add(json.loads(line)["entry"]["previous"])
            except (ValueError, LookupError, TypeError):
                continue  # It is reported when the line itself is verified.
    return found - {""}


class _Run:
    def __init__(
        self, keys: Keyring, links: set[str], anchors: list[str], quorum: Quorum | None
    ) -> None:
        self.result = Verified(quorum=quorum)
        self._keys = keys
        self._anchors = anchors
        self.verifier = RecordVerifier(links)
        self._origin = ""
        self._size = -1
        """How many entries the manifest tells of."""
        self._catalogs = Catalogs()
        self._session = ""
        """Of the last entry; its content may follow."""
        self._in_heads = True
        self._head: Head | None = None
        """The last head, by which the entries of a bundle that is not whole are proved."""
        self._picked = 0

    def take(self, number: int, record: Record) -> None:
        try:
            self._take(record, first=number == 1)
        except BadNote as error:
            self.verifier.fault(f"line {number}", str(error))
        except (LookupError, TypeError, ValueError, AttributeError):
            self.verifier.fault(f"line {number}", "a part of it is missing, or of another kind")

    def verified(self, *, is_whole: bool) -> Verified:
        verifier, result = self.verifier, self.result
        if is_whole:
            self._end_heads()
            verifier.settle(self._session)
            if result.is_whole:
                verifier.finish()
            else:
                verifier.finish_stories()
            for place, fault in self._catalogs.faults():
                verifier.fault(place, fault)
            if (size := verifier.progress.tree.size + self._picked) != self._size:
                told = f"it tells of {self._size} entries, and there are {size}"
                verifier.fault("line 1", told)
        result.take(verifier)
        result.catalogs = len(self._catalogs.found)
        result.entries += self._picked
        return result

    def _take(self, record: Record, *, first: bool) -> None:
        if (record["type"] == "manifest") is not first:
            raise BadNote("the manifest is not the first line, or not the only one")
        match record["type"]:
            case "manifest":
                if record["format"] != FORMAT:
                    raise BadNote(f"its format is {record['format']}, not {FORMAT}")
                self._origin, self._size = record["origin"], record["size"]
                self.verifier.contents = record["contents"]
                self._catalogs.are_there = record.get("catalogs", False)
                self.result.is_whole = record["whole"]
            case "rotation":
                self._keys.add(record["note"])
            case "head" if self._in_heads:
                self._expect(Head.parse(record["note"]))
                self.result.heads += 1
            case "entry":
                self._end_heads()
                self.verifier.settle(self._session)
                self._session = record["entry"]["session"]
                self._entry(record)
                self._catalogs.add(record["entry"]["kind"], record["entry"]["data"])
            case "catalog":
                self._catalogs.take(record)
            case "session":
                if record["session"] != self._session:
                    raise BadNote("it is not of the session of the entry before it")
                self.verifier.take_content(record)
            case kind:
                raise BadNote(f"a record of the type {kind} does not belong here")

    def _entry(self, record: Record) -> None:
        index, entry, hash_ = record["index"], record["entry"], record["hash"]
        if self.result.is_whole:
            self.verifier.entry(index, entry, hash_)
            return
        proof = [exact_base64(node) for node in record["proof"]]
        if self._head is None:
            raise BadNote("no head comes before it")
        self.verifier.picked(index, entry, hash_, proof, self._head)
        self._picked += 1

    def _expect(self, head: Head) -> None:
        if head.origin != self._origin:
            raise BadNote(f"the head is of {head.origin}, not of {self._origin}")
        self._head = head
        self.verifier.expect(self._keys, head, f"the head of {head.size} entries")
        self.result.note_witnesses(head)

    def _end_heads(self) -> None:
        """Look at the anchors, now that all keys are known."""
        if not self._in_heads:
            return
        self._in_heads = False
        if not self.result.heads:
            self.verifier.fault("the heads", "there is none: nothing of it is signed")
        for number, checkpoint in enumerate(self._anchors, 1):
            try:
                head = Head.parse(checkpoint)
            except BadNote as error:
                self.verifier.fault(f"anchor {number}", str(error))
                continue
            if head.origin == self._origin and self._tells_of(head):
                name = f"anchor {number}, of {head.size} entries"
                self.verifier.expect(self._keys, head, name)
                self._note_witnesses(head, name)
                if self._head and not self.result.is_whole and head.root != self._head.root:
                    self.verifier.fault(name, "it has another root than the head in the bundle")
                self.result.anchors += 1
                self.result.anchored = max(self.result.anchored, head.size)

    def _note_witnesses(self, head: Head, name: str) -> None:
        try:
            self.result.note_witnesses(head)
        except BadNote as error:
            self.verifier.fault(name, str(error))

    def _tells_of(self, anchor: Head) -> bool:
        """Return whether an anchor can be compared with what is in the bundle."""
        return self.result.is_whole or (self._head is not None and anchor.size == self._head.size)


def _told(lines: Iterable[bytes], done: Callable[[int], None]) -> Iterator[bytes]:
    for line in lines:
        yield line
        done(len(line))
