"""A small ledger as gateways and a bot write it, and its bundle; all of it in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.audit.digests import request_digest
from app.audit.proof.bundle import Lines, entry_record, manifest, picked_record, session_record
from app.audit.proof.heads import checkpoint
from app.audit.proof.merkle import Frontier, inclusion_proof, leaf_hash
from app.audit.proof.notes import PrivateKey
from app.audit.seals import leaf, seal
from app.domain.event import Entry, Event, EventKind

if TYPE_CHECKING:
    from app.audit.proof.bundle import Record

ORIGIN = "ledger.acme.example/abeyance"
KEY = PrivateKey(ORIGIN, bytes(range(32)))
NOW = datetime(2026, 11, 30, tzinfo=UTC)
BODY = b'{"messages": [{"role": "user", "content": "deploy to production"}]}'
ANSWER = b'{"choices": []}'


def lines(records: list[Record]) -> list[bytes]:
    written = Lines()
    return [*map(written.line, records), written.end()]


def head_of(session: str) -> tuple[str, ...]:
    return ("openai", "POST", "v1/chat/completions", "", f"x-session:{session}")


@dataclass
class SmallLedger:
    """Entries in the order of the tree; the notary signs after each `signs`."""

    entries: list[Entry] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    _tips: dict[str, Entry] = field(default_factory=dict)

    def write(self, chain: str, kind: EventKind, session: str = "", **data: str | int) -> None:
        before = self._tips.get(chain) or self._tips.get(chain.partition("/")[0])
        seq = before.seq + 1 if before and before.chain == chain else 0
        at = NOW + timedelta(seconds=len(self.entries))
        unsealed = Entry(
            chain, seq, Event(kind, at, session, data), before.hash if before else "", ""
        )
        entry = replace(unsealed, hash=seal(unsealed))
        self._tips[chain] = self._tips[chain.partition("/")[0]] = entry
        self.entries.append(entry)

    def open(self, chain: str, session: str, action: str) -> None:
        self.write(
            chain,
            EventKind.SESSION_OPENED,
            session,
            identity="https://id.example alice",
            connection="openai",
            action=action,
            digest=request_digest(head_of(session), BODY),
        )

    def forward(self, chain: str, session: str, decision: str) -> None:
        digest = request_digest(head_of(session), BODY)
        self.write(chain, EventKind.REQUEST_FORWARDED, session, digest=digest, decision=decision)

    def answer(self, chain: str, session: str) -> None:
        digest = hashlib.sha256(ANSWER).hexdigest()
        self.write(chain, EventKind.ANSWER_ENDED, session, status=200, body_sha256=digest)

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
                identity = "https://id.example alice"
                found.append(session_record(session, identity, head_of(session), BODY, ANSWER))
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
        identity = "https://id.example alice"
        found.append(session_record(session, identity, head_of(session), BODY, ANSWER))
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
    ledger.write("gateway/1", EventKind.HOLD_OPENED, "s-held", hold="s-held", digest="d")
    ledger.write(
        "bot/1", EventKind.VOTE_CAST, "s-held", hold="s-held", state="approved", email="maria@x"
    )
    ledger.write("bot/1", EventKind.GRANT_GIVEN, "s-held", hold="s-held", grant="g-1", rule="prod")
    ledger.sign()
    ledger.write("gateway/1", EventKind.REQUEST_FORWARDING, "s-held", hold="s-held", digest="d")
    ledger.forward("gateway/1", "s-held", "approved")
    ledger.answer("gateway/1", "s-held")
    ledger.open("gateway/2", "s-covered", "hold")
    ledger.write("gateway/2", EventKind.GRANT_USED, "s-covered", grant="g-1", rule="prod")
    ledger.forward("gateway/2", "s-covered", "granted")
    ledger.answer("gateway/2", "s-covered")
    ledger.sign()
    return ledger
