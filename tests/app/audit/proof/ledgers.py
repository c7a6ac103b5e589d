"""A small ledger as gateways and a bot write it, and its bundle; all of it in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.audit.digests import request_digest
from app.audit.proof.bundle import Lines, entry_record, manifest, picked_record, session_record
from app.audit.proof.heads import Keyring, checkpoint
from app.audit.proof.merkle import Frontier, inclusion_proof, leaf_hash
from app.audit.proof.notes import PrivateKey
from app.audit.proof.offline import verify_bundle
from app.audit.seals import leaf, seal
from app.domain.event import Entry, Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.audit.proof.bundle import Record

ORIGIN = "ledger.acme.example/abeyance"
KEY = PrivateKey(ORIGIN, bytes(range(32)))
NOW = datetime(2026, 11, 30, tzinfo=UTC)
BODY = b'{"messages": [{"role": "user", "content": "deploy to production"}]}'
ALICE = "https://id.example alice"
ANSWER = b'{"choices": []}'


def later(**of_time: int) -> str:
    return (NOW + timedelta(**of_time)).isoformat()


def lines(records: list[Record]) -> list[bytes]:
    written = Lines()
    return [*map(written.line, records), written.end()]


def head_of(session: str) -> tuple[str, ...]:
    return ("openai", "POST", "v1/chat/completions", "", f"x-session:{session}")


def faults(bundle: Iterable[bytes], anchors: str = "", key: PrivateKey = KEY) -> list[str]:
    found = list(bundle)
    return [str(f) for f in verify_bundle(lambda: found, Keyring([key.public]), anchors).faults]


@dataclass
class SmallLedger:
    """Entries in the order of the tree; the notary signs after each `signs`."""

    entries: list[Entry] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    now: datetime = NOW
    _tips: dict[str, Entry] = field(default_factory=dict)

    def write(self, chain: str, kind: EventKind, session: str = "", **data: str | int) -> None:
        before = self._tips.get(chain) or self._tips.get(chain.partition("/")[0])
        seq = before.seq + 1 if before and before.chain == chain else 0
        self.now += timedelta(seconds=1)
        unsealed = Entry(
            chain, seq, Event(kind, self.now, session, data), before.hash if before else "", ""
        )
        entry = replace(unsealed, hash=seal(unsealed))
        self._tips[chain] = self._tips[chain.partition("/")[0]] = entry
        self.entries.append(entry)

    def open(self, chain: str, session: str, action: str, **other: str) -> None:
        facts = {"identity": ALICE, "repository": "", "connection": "openai", "action": action}
        digest = request_digest(head_of(session), BODY)
        self.write(chain, EventKind.SESSION_OPENED, session, **facts | {"digest": digest} | other)

    def hold(self, chain: str, session: str, **other: str) -> None:
        """Have people approve what a session asks; its hold has its name."""
        facts = {"identity": ALICE, "connection": "openai", "key": f"k {session}"}
        digest = request_digest(head_of(session), BODY)
        facts |= {"hold": session, "digest": digest, "names": "p1 p2"} | other
        self.write(chain, EventKind.HOLD_OPENED, session, **facts)
        self.write("bot/1", EventKind.VOTE_CAST, session, hold=session, state="approved")

    def release(self, chain: str, session: str, hold: str, **other: str) -> None:
        digest = request_digest(head_of(session), BODY)
        facts = {"hold": hold, "digest": digest, "key": f"k {hold}", "names": "p1"} | other
        self.write(chain, EventKind.REQUEST_FORWARDING, session, **facts)

    def give(self, session: str, grant: str, **other: str | int) -> None:
        facts: dict[str, str | int] = {"identity": ALICE, "connection": "openai", "rule": "prod"}
        facts |= {"until": later(minutes=30), "idle": 0} | other
        self.write("bot/1", EventKind.GRANT_GIVEN, session, hold=session, grant=grant, **facts)

    def forward(self, chain: str, session: str, decision: str) -> None:
        digest = request_digest(head_of(session), BODY)
        self.write(chain, EventKind.REQUEST_FORWARDED, session, digest=digest, decision=decision)

    def answer(self, chain: str, session: str) -> None:
        digest = hashlib.sha256(ANSWER).hexdigest()
        self.write(chain, EventKind.ANSWER_ENDED, session, status=200, body_sha256=digest)

    def wait(self, **of_time: int) -> None:
        self.now += timedelta(**of_time)

    def sign(self) -> None:
        self.sizes.append(len(self.entries))

    def roots(self) -> dict[int, bytes]:
        tree, roots = Frontier(), dict[int, bytes]()
        for entry in self.entries:
            tree.append(leaf_hash(leaf(entry.chain, entry.seq, entry.hash)))
            roots[tree.size] = tree.root()
        return roots

    def heads(self, key: PrivateKey = KEY) -> list[str]:
        roots = self.roots()
        return [checkpoint(size, roots[size], key) for size in self.sizes]

    def records(self, key: PrivateKey = KEY, *, contents: bool = True) -> list[Record]:
        heads = self.heads(key)
        first = manifest(
            ORIGIN, NOW.isoformat(), size=len(self.entries), heads=len(heads), contents=contents
        )
        found: list[Record] = [first, *({"type": "head", "note": head} for head in heads)]
        for index, entry in enumerate(self.entries):
            found.append(entry_record(index, entry))
            session = entry.event.session_id
            if contents and entry.event.kind is EventKind.ANSWER_ENDED:
                found.append(session_record(session, ALICE, head_of(session), BODY, ANSWER))
        return found

    def picked(self, session: str, *besides: int) -> list[Record]:
        """Return the records of one session, and of some entries by index, under the last head."""
        hashes = [leaf_hash(leaf(entry.chain, entry.seq, entry.hash)) for entry in self.entries]

        def subtree(low: int, high: int) -> bytes:
            tree = Frontier()
            for hashed in hashes[low:high]:
                tree.append(hashed)
            return tree.root()

        size = self.sizes[-1]
        found: list[Record] = [{"type": "head", "note": self.heads()[-1]}]
        count = 0
        for index, entry in enumerate(self.entries):
            if entry.event.session_id == session or index in besides:
                proof = inclusion_proof(index, size, subtree)
                found.append(picked_record(index, entry, proof))
                count += 1
        found.append(session_record(session, ALICE, head_of(session), BODY, ANSWER))
        at = NOW.isoformat()
        return [manifest(ORIGIN, at, size=count, heads=1, contents=True, whole=False), *found]

    def bundle(self, key: PrivateKey = KEY) -> list[bytes]:
        return lines(self.records(key))


def a_ledger() -> SmallLedger:
    """Three sessions: allowed, approved by people, and covered by what they approved."""
    ledger = SmallLedger()
    ledger.open("gateway/1", "s-allowed", "allow")
    ledger.forward("gateway/1", "s-allowed", "allowed")
    ledger.answer("gateway/1", "s-allowed")
    ledger.sign()
    ledger.open("gateway/1", "s-held", "hold")
    ledger.hold("gateway/1", "s-held")
    ledger.give("s-held", "g-1")
    ledger.sign()
    ledger.release("gateway/1", "s-held", "s-held")
    ledger.forward("gateway/1", "s-held", "approved")
    ledger.answer("gateway/1", "s-held")
    ledger.open("gateway/2", "s-covered", "hold")
    ledger.write("gateway/2", EventKind.GRANT_USED, "s-covered", grant="g-1", rule="prod")
    ledger.forward("gateway/2", "s-covered", "granted")
    ledger.answer("gateway/2", "s-covered")
    ledger.sign()
    return ledger
