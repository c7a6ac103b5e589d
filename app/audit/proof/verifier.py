"""Verifies a ledger, an entry at a time in the order of the tree: from a bundle or a database.

What has to hold: each entry fits its seal and the entry before it in its chain; no number is left
out; the tree of all entries has the roots that the notary signed and that were anchored elsewhere;
nothing went out without its reason; and what is stored of a session has the digests that its
entries name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import rfc8785

from app.audit.digests import request_digest
from app.audit.proof.merkle import Frontier, included, leaf_hash
from app.audit.proof.notes import BadNote, exact_base64
from app.audit.proof.stories import Stories
from app.audit.seals import leaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.audit.proof.bundle import Record
    from app.audit.proof.heads import Head, Keyring

MOST_FAULTS = 20
"""At most so many are reported: one fault often causes many others."""
_CHAIN_TYPES = {
    "chain": str,
    "seq": int,
    "previous": str,
    "kind": str,
    "at": str,
    "session": str,
    "data": dict,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`place` is where something is wrong, `what` is what; both in words."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}."


@dataclass(slots=True)
class Progress:
    """How far it has come: what is carried from one entry to the next."""

    tree: Frontier = field(default_factory=Frontier)
    chains: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The number and the hash of the last entry of each."""
    stories: Stories = field(default_factory=Stories)
    contents: int = 0
    missing: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of sessions whose content is not as it should be: their data key, and what is wrong."""
    purged: int = 0
    """Of how many sessions a tombstone tells why their content is gone."""
    checked: int = 0
    """The size of the largest head whose root was right."""
    broken: bool = False
    """Whether a root was wrong: all that comes after it has another root, too."""
    links: set[str] = field(default_factory=set)
    """The hashes that first entries of chains name as what came before, and that did not come."""

    def state(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return {
            "size": self.tree.size,
            "nodes": [node.hex() for node in self.tree.nodes],
            "chains": {name: list(last) for name, last in self.chains.items()},
            "stories": self.stories.state(),
            "contents": self.contents,
            "missing": {session: list(told) for session, told in self.missing.items()},
            "checked": self.checked,
            "broken": self.broken,
            "links": sorted(self.links),
        }

    @classmethod
    def resumed(cls, state: Mapping[str, Any]) -> Progress:
        """Raises LookupError, TypeError or ValueError where it is no state."""
        return cls(
            Frontier(state["size"], [bytes.fromhex(node) for node in state["nodes"]]),
            {name: (seq, hash_) for name, (seq, hash_) in state["chains"].items()},
            Stories.resumed(state["stories"]),
            state["contents"],
            checked=state["checked"],
            broken=state["broken"],
            links=set(state["links"]),
            missing={session: (key, what) for session, (key, what) in state["missing"].items()},
        )


class RecordVerifier:
    def __init__(self, links: Iterable[str] = (), *, contents: bool = False) -> None:
        """`links` are the hashes that first entries of chains name as what came before them.

        With `contents`, what is stored of each session has to come after the entry that ends it.
        """
        self.contents = contents
        self.progress = Progress(links=set(links))
        self.faults: list[Fault] = []
        self._roots: dict[int, dict[bytes, str]] = {}
        self._largest: tuple[int, str] = 0, ""
        self._shift = 0
        """By how much entries are out of their places, where that was told."""

    def expect(self, keys: Keyring, head: Head, name: str) -> None:
        """Have the tree looked at when it has the size of a head; `name` tells where that is."""
        try:
            keys.check(head)
        except BadNote as error:
            self.fault(name, str(error))
            return
        self._largest = max(self._largest, (head.size, name))
        self._roots.setdefault(head.size, {}).setdefault(head.root, name)

    def entry(self, index: int, entry: Mapping[str, Any], hash_: str) -> None:
        """Take the next entry; `entry` is what its seal covers."""
        self._meet_roots()
        place = _place(index, entry)
        if not _is_entry(entry):
            self.fault(place, "it is not an entry of a ledger")
            return
        if index != self.progress.tree.size + self._shift:
            due = self.progress.tree.size + self._shift
            self.fault(place, f"it is where entry {due} of the tree should be")
            self._shift = index - self.progress.tree.size
        self._sealed(place, entry, hash_)
        self._chained(place, entry, hash_)
        self._grow(entry["chain"], entry["seq"], hash_)
        self._tell(entry)

    def picked(
        self, index: int, entry: Mapping[str, Any], hash_: str, proof: Sequence[bytes], head: Head
    ) -> None:
        """Take one entry without those around it; `proof` leads from it to the root of a head."""
        self.progress.stories.reasons.is_partial = True
        place = _place(index, entry)
        if not _is_entry(entry):
            self.fault(place, "it is not an entry of a ledger")
            return
        self._sealed(place, entry, hash_)
        leaf_ = leaf_hash(leaf(entry["chain"], entry["seq"], hash_))
        if not included(leaf_, index, head.size, head.root, proof):
            self.fault(place, f"the tree of {head.size} entries that was signed does not have it")
        self._tell(entry)

    def lost(self, index: int, chain: str, seq: int, hash_: str) -> None:
        """Take the place of an entry that the notary signed, and that is there no more."""
        self._meet_roots()
        place = _place(index, {"chain": chain, "seq": seq})
        self.fault(place, "the notary signed it, and it is not in the database, or is another one")
        self.progress.chains[chain] = seq, hash_
        self._grow(chain, seq, hash_)

    def unsigned(self, entry: Mapping[str, Any], hash_: str) -> None:
        """Take an entry after the last head, which no notary has signed yet."""
        place = f"chain {entry['chain']}, number {entry['seq']} (not signed yet)"
        self._sealed(place, entry, hash_)
        self._chained(place, entry, hash_)
        self.progress.links.discard(hash_)
        self._tell(entry)

    def single(self, entry: Mapping[str, Any], hash_: str, before: str, after: str) -> None:
        """Take one entry out of its chain, with what its neighbours say.

        `before` is the seal of the entry before it, `after` is what the next one names as before
        it; they are empty where there is none.
        """
        self.progress.stories.reasons.is_partial = True
        place = f"chain {entry['chain']}, number {entry['seq']}"
        self._sealed(place, entry, hash_)
        if entry["seq"] and before != entry["previous"]:
            self.fault(place, "it does not follow the entry before it in its chain")
        if after and after != hash_:
            self.fault(place, "the next entry of its chain follows another one")
        self._tell(entry)

    def take_content(self, record: Record) -> None:
        """Take what is stored of a session, after the entry that ends it."""
        session = str(record.get("session"))
        story = self.progress.stories.told.get(session)
        place = f"session {session}"
        if story is None or not story.action:
            self.fault(place, "its content is stored, and no entry says that it was opened")
            return
        head, body, answer = _content(record)
        story.stored = True
        self.progress.contents += 1
        if request_digest(head, body) != story.digest:
            self.fault(
                place, "its request was changed: it has another digest than the ledger names"
            )
        if record.get("identity") != story.identity or head[:1] != [story.connection]:
            self.fault(place, "its caller or connection is not the one that the ledger names")
        if story.answer and hashlib.sha256(answer or b"").hexdigest() != story.answer:
            self.fault(place, "its answer was changed: it has another digest than the ledger names")

    def settle(self, session: str) -> None:
        """Take no more content of a session; forget it where it has ended, and in order."""
        stories = self.progress.stories
        if self.contents and stories.is_over(session) and not stories.told[session].stored:
            self.damaged(session, "its content is missing")
        stories.settle(session)

    def damaged(self, session: str, what: str) -> None:
        """Take it that the content of a session is gone or changed: a tombstone may say why."""
        story = self.progress.stories.told[session]
        story.stored = True
        self.progress.missing.setdefault(session, (story.key, what))

    def finish(self) -> None:
        """Say what is missing, now that there are no more entries."""
        self._meet_roots()
        size, (largest, name) = self.progress.tree.size, self._largest
        if largest > size:
            self.fault(
                f"the end, after {size} entries", f"{name} tells of {largest}: the rest was cut off"
            )
        elif largest < size:
            self.fault(
                f"entries {largest} to {size - 1} of the tree", "no head was signed over them"
            )
        if self.progress.links:
            self.fault(
                "the chains",
                "one begins after an entry that is not there: a whole chain is missing",
            )
        self.finish_stories()

    def finish_stories(self) -> None:
        """Say what went out or is gone without its reason, now that there are no more entries."""
        stories = self.progress.stories
        for session, (key, what) in self.progress.missing.items():
            if session in stories.purged or key in stories.erased:
                self.progress.purged += 1
            else:
                self.fault(f"session {session}", f"{what}, and no tombstone says why")
        for session, fault in self.progress.stories.faults():
            self.fault(f"session {session}", fault)

    def _tell(self, entry: Mapping[str, Any]) -> None:
        stories = self.progress.stories
        stories.add(entry["session"], entry["kind"], entry["data"], entry["at"])

    def _grow(self, chain: str, seq: int, hash_: str) -> None:
        self.progress.links.discard(hash_)
        self.progress.tree.append(leaf_hash(leaf(chain, seq, hash_)))

    def _sealed(self, place: str, entry: Mapping[str, Any], hash_: str) -> None:
        if hashlib.sha256(rfc8785.dumps(dict(entry))).hexdigest() != hash_:
            self.fault(place, "its content was changed: it does not fit its seal")

    def _chained(self, place: str, entry: Mapping[str, Any], hash_: str) -> None:
        chain, seq = entry["chain"], entry["seq"]
        last, head = self.progress.chains.get(chain, (-1, entry["previous"]))
        if seq <= last:
            self.fault(place, f"it comes twice or too late: number {last} was here before")
        elif seq != last + 1:
            self.fault(place, f"{_missing(last + 1, seq - 1)} of this chain before it")
        elif entry["previous"] != head:
            self.fault(place, "it does not follow the entry before it in its chain")
        self.progress.chains[chain] = seq, hash_

    def met(self) -> str:
        """Return a digest of the roots that the tree has been held against so far, in hex."""
        size = self.progress.tree.size
        roots = sorted((at, root) for at, of in self._roots.items() if at < size for root in of)
        told = "".join(f"{at} {root.hex()}\n" for at, root in roots)
        return hashlib.sha256(told.encode()).hexdigest()

    def unsettled(self) -> list[str]:
        """Return the sessions that have ended and whose content was not looked at."""
        stories = self.progress.stories
        return [
            one for one, story in stories.told.items() if not story.stored and stories.is_over(one)
        ]

    def _meet_roots(self) -> None:
        size = self.progress.tree.size
        expected = self._roots.get(size, {})
        if not expected or self.progress.broken:
            return
        root = self.progress.tree.root()
        for other, name in expected.items():
            if other != root:
                since = self.progress.checked
                self.fault(
                    f"entries {since} to {size - 1} of the tree",
                    f"they are not the ones that {name} was signed over",
                )
                self.progress.broken = True
                return
        self.progress.checked = size

    def fault(self, place: str, what: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(place, what))


def _is_entry(entry: Mapping[str, Any]) -> bool:
    return [type(entry.get(name)) for name in _CHAIN_TYPES] == list(_CHAIN_TYPES.values())


def _place(index: int, entry: Mapping[str, Any]) -> str:
    return f"entry {index} of the tree (chain {entry.get('chain')}, number {entry.get('seq')})"


def _missing(first: int, last: int) -> str:
    return f"number {first} is missing" if first == last else f"{first} to {last} are missing"


def _content(record: Record) -> tuple[list[str], bytes, bytes | None]:
    head, answer = record.get("head"), record.get("answer")
    try:
        body = exact_base64(str(record.get("body")))
        answered = None if answer is None else exact_base64(str(answer))
    except BadNote:
        body, answered = b"", None
    return [str(part) for part in head] if isinstance(head, list) else [], body, answered
