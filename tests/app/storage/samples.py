"""A call of every method of every store; a new method needs one here.

The calls of one sample find what `given` has left. What is random in the product is fixed here,
so that a call that is repeated is the same call.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.connection import Connection, CredentialScheme
from app.domain.device import DeviceRequest, DeviceState
from app.domain.event import Entry, Event, EventKind
from app.domain.grant import Coverage, Grant
from app.domain.hold import GrantSummary, HoldEvent, Marked, Vote
from app.domain.issued import EndReason, Issued, IssuedKind, Scope, Secret
from app.domain.lease import Lease
from app.domain.notice import Notice, NoticeKind
from app.domain.record.mark import FalsePositive
from app.domain.record.session import (
    Chunk,
    Decision,
    RecordedAnswer,
    SessionChange,
    SessionState,
    Side,
)
from app.domain.record.session_facts import Conversation
from app.domain.server_tool import ToolVersion, tool_id
from app.pages import PageIndex
from app.pieces import Piece
from app.search import SessionFilter
from app.storage.gateways import Heartbeat
from app.storage.links import Link
from tests.app.storage.content_samples import KEYS, LEGAL_HOLDS
from tests.app.storage.record_samples import RECORD
from tests.app.storage.sample import Sample
from tests.app.storage.test_mongo import ALICE, MARIA, NOW, a_hold, a_session
from tests.app.storage.webhook_samples import WEBHOOKS
from tests.sealing import KEY, WRAPPED
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

SOON, LATER = NOW + timedelta(seconds=30), NOW + timedelta(hours=1)
SESSION = a_session(NOW, gateway="g")
ANSWER = RecordedAnswer(200, (), NOW, rules=("r",))
CHANGE = SessionChange(
    Decision.ALLOWED, answer=ANSWER, state=SessionState.CLOSED, unpaged=(Side.ANSWER,)
)
TALKING = replace(SESSION, conversation=Conversation("c" * 32, "c", "header"))
CHUNKS = tuple(Chunk(n, n, b"x" * n) for n in range(3))
PIECES = tuple(Piece(f"piece-{n}", b"x" * n) for n in range(3))
PAGES = PageIndex(f"{SESSION.id}:request", 1, ("piece-0",))
HOLD = a_hold()
VOTE = Vote(MARIA, approve=True, at=NOW)
VOTED = HOLD.after(HoldEvent.VOTE, NOW, VOTE, move="vote")
APPROVED = HOLD.after(HoldEvent.APPROVE, NOW, VOTE, move="approval")
CLAIMED = APPROVED.after(HoldEvent.CLAIM, NOW, move="claim")
NOTICE = Notice("h:card:C1", HOLD.id, NoticeKind.CARD, "C1")
LEASED = replace(NOTICE, fence=1, leased_by="bot", leased_until=SOON)
TAKEN = Lease("duty", "bot", 1)
COVERS = Coverage(ALICE.key, "rule", "openai")
GRANT = Grant("g1", COVERS, "Alice", MARIA, HOLD.id, NOW, LATER)
CONNECTION = Connection("openai", "https://api.example/v1", CredentialScheme.BEARER, b"sealed")
LINK = Link("E/T/U", "Maria", "digest", LATER)
MARK = FalsePositive(f"{SESSION.id}/rule", SESSION.id, "rule", NOW, "maria@acme.example", NOW)
TOOL = ToolVersion("v1", "ops", "deploy", "one", ("description: Deploy.",), NOW)
CHANGED = replace(TOOL, id="v2", fingerprint="two")
ISSUED = Issued(
    id="issued",
    kind=IssuedKind.SESSION,
    name="laptop",
    identity=ALICE,
    secrets=(Secret("first", LATER),),
    created_at=NOW,
    expires_at=LATER,
    groups_read_at=NOW,
    sealed_refresh=b"sealed",
    client_id="abeyance-cli",
    scope=Scope(("openai",)),
    renewal="renewal",
)
SECRETS = (*ISSUED.secrets, Secret("second", LATER))
ENTRIES = tuple(
    Entry(
        "test/chain", n, Event(EventKind.SESSION_OPENED, NOW, SESSION.id, {"n": n}), "", f"hash-{n}"
    )
    for n in range(3)
)


async def _opened(storage: MongoStorage) -> None:
    await open_session(storage, SESSION)


async def _launched(storage: MongoStorage) -> None:
    await _opened(storage)
    await storage.sessions.note_run(SESSION.id, "bc-1", "run-1")


async def _answered(storage: MongoStorage) -> None:
    await _opened(storage)
    await storage.keys.put(WRAPPED)
    await append_chunks(storage, SESSION.id, CHUNKS, KEY)
    await change_session(storage, SESSION.id, answer=ANSWER, unpaged=(Side.ANSWER,))


async def _held(storage: MongoStorage) -> None:
    await storage.holds.prepare()
    await storage.holds.open(HOLD)


async def _approved(storage: MongoStorage) -> None:
    await _held(storage)
    await storage.holds.move(HOLD, APPROVED)


async def _leased(storage: MongoStorage) -> None:
    await storage.notices.ensure(NOTICE)
    await storage.notices.lease(NOTICE, by="bot", now=NOW, until=SOON)


_SESSIONS = {
    "prepare": Sample(lambda s: s.sessions.prepare()),
    "adopt": Sample(lambda s: s.sessions.adopt(SESSION.id, "other"), _opened),
    "open_ones": Sample(lambda s: s.sessions.open_ones(after="", limit=9), _opened),
    "note_run": Sample(lambda s: s.sessions.note_run(SESSION.id, "bc-1", "run-1"), _opened),
    "note_tokens": Sample(lambda s: s.sessions.note_tokens("bc-1", "run-1", 9), _launched),
    "unpaged": Sample(lambda s: s.sessions.unpaged(9), _answered),
    "paged": Sample(lambda s: s.sessions.paged(SESSION.id, Side.ANSWER), _answered),
    "retract": Sample(lambda s: s.sessions.retract(SESSION.id, CHUNKS), _answered),
    "get": Sample(lambda s: s.sessions.get(SESSION.id), _answered),
    "chunks": Sample(lambda s: s.sessions.chunks(SESSION.id), _answered),
    "between": Sample(lambda s: s.sessions.between("", "z", limit=9), _opened),
    "sharing": Sample(lambda s: s.sessions.sharing(TALKING), _opened),
    "saying": Sample(lambda s: s.sessions.saying("said"), _opened),
    "referring": Sample(lambda s: s.sessions.referring(["piece-1"]), _opened),
    "names_grant": Sample(
        lambda s: s.sessions.names_grant("g1"),
        lambda s: open_session(s, replace(SESSION, grants=("g1",))),
    ),
    "remove_chunks": Sample(lambda s: s.sessions.remove_chunks(SESSION.id), _answered),
    "remove": Sample(lambda s: s.sessions.remove(SESSION.id), _opened),
    "search": Sample(lambda s: s.sessions.search(SessionFilter(), limit=9), _opened),
}
_HOLDS = {
    "remove": Sample(lambda s: s.holds.remove(HOLD.id), _held),
    "prepare": Sample(lambda s: s.holds.prepare()),
    "open": Sample(lambda s: s.holds.open(HOLD)),
    "get": Sample(lambda s: s.holds.get(HOLD.id), _held),
    "get_many": Sample(lambda s: s.holds.get_many([HOLD.id]), _held),
    "decided": Sample(lambda s: s.holds.decided([HOLD.id]), _approved),
    "find_open": Sample(lambda s: s.holds.find_open(HOLD.key), _held),
    "recent": Sample(lambda s: s.holds.recent(ALICE.key, NOW - timedelta(hours=1)), _held),
    "of_task": Sample(
        lambda s: s.holds.of_task("task"), lambda s: s.holds.open(replace(HOLD, task="task"))
    ),
    "judged": Sample(lambda s: s.holds.judged("rule", 9), _approved),
    "move": Sample(lambda s: s.holds.move(APPROVED, CLAIMED), _approved),
    "arrive": Sample(lambda s: s.holds.arrive(HOLD.id, "g:1"), _held),
    "leave": Sample(lambda s: s.holds.leave(HOLD.id, "g:1"), _held),
    "state_reason": Sample(lambda s: s.holds.state_reason(HOLD.id, "FIN-231"), _held),
    "note_outcome": Sample(lambda s: s.holds.note_outcome(HOLD.id, "upstream 200"), _approved),
    "note_grant": Sample(
        lambda s: s.holds.note_grant(HOLD.id, GrantSummary(("g1",), 60, LATER)), _approved
    ),
    "note_untrusted": Sample(lambda s: s.holds.note_untrusted(HOLD.id, "g1"), _approved),
    "note_marks": Sample(lambda s: s.holds.note_marks(HOLD.id, [Marked("rule", "U")]), _held),
    "remind": Sample(lambda s: s.holds.remind(HOLD.id, NOW), _held),
    "escalate": Sample(lambda s: s.holds.escalate(HOLD.id, NOW), _held),
    "pending": Sample(lambda s: s.holds.pending(), _held),
    "unsettled": Sample(lambda s: s.holds.unsettled(), _held),
    "sessions_judged_by": Sample(lambda s: s.holds.sessions_judged_by(["maria"]), _held),
    "settle": Sample(lambda s: s.holds.settle(HOLD), _held),
}
_NOTICES = {
    "remove_of": Sample(lambda s: s.notices.remove_of(HOLD.id), _leased),
    "prepare": Sample(lambda s: s.notices.prepare()),
    "ensure": Sample(lambda s: s.notices.ensure(NOTICE)),
    "lease": Sample(
        lambda s: s.notices.lease(NOTICE, by="bot", now=NOW, until=SOON),
        lambda s: s.notices.ensure(NOTICE),
    ),
    "record": Sample(lambda s: s.notices.record(LEASED, channel="C1", ts="1", shown="x"), _leased),
    "doubt": Sample(lambda s: s.notices.doubt(LEASED, now=NOW), _leased),
    "of_hold": Sample(lambda s: s.notices.of_hold(HOLD.id), _leased),
    "cards": Sample(lambda s: s.notices.cards([HOLD.id]), _leased),
    "asked": Sample(lambda s: s.notices.asked(HOLD.id), _leased),
}
_LEASES = {
    "get": Sample(lambda s: s.leases.get("duty")),
    "take": Sample(lambda s: s.leases.take(Lease("duty"), "bot")),
    "beat": Sample(lambda s: s.leases.beat(TAKEN), lambda s: s.leases.take(Lease("duty"), "bot")),
    "release": Sample(
        lambda s: s.leases.release(TAKEN), lambda s: s.leases.take(Lease("duty"), "bot")
    ),
}
_GRANTS = {
    "prepare": Sample(lambda s: s.grants.prepare()),
    "put": Sample(lambda s: s.grants.put(GRANT)),
    "get": Sample(lambda s: s.grants.get("g1"), lambda s: s.grants.put(GRANT)),
    "of": Sample(lambda s: s.grants.of([ALICE.key], NOW), lambda s: s.grants.put(GRANT)),
    "use": Sample(
        lambda s: s.grants.use("g1", SESSION.id, NOW, LATER), lambda s: s.grants.put(GRANT)
    ),
    "revoke": Sample(
        lambda s: s.grants.revoke("g1", by="Maria", now=NOW), lambda s: s.grants.put(GRANT)
    ),
    "active": Sample(lambda s: s.grants.active(NOW), lambda s: s.grants.put(GRANT)),
    "get_many": Sample(lambda s: s.grants.get_many(["g1"]), lambda s: s.grants.put(GRANT)),
    "unsettled": Sample(lambda s: s.grants.unsettled(), lambda s: s.grants.put(GRANT)),
    "settle": Sample(lambda s: s.grants.settle("g1"), lambda s: s.grants.put(GRANT)),
    "ended": Sample(
        lambda s: s.grants.ended(LATER + timedelta(seconds=1)), lambda s: s.grants.put(GRANT)
    ),
    "remove": Sample(lambda s: s.grants.remove(["g1"]), lambda s: s.grants.put(GRANT)),
}
_LINKS = {
    "prepare": Sample(lambda s: s.links.prepare()),
    "offer": Sample(lambda s: s.links.offer(LINK)),
    "of": Sample(lambda s: s.links.of(LINK.id), lambda s: s.links.offer(LINK)),
    "by_code": Sample(lambda s: s.links.by_code("digest", NOW), lambda s: s.links.offer(LINK)),
    "take": Sample(lambda s: s.links.take("digest", ALICE.key, NOW), lambda s: s.links.offer(LINK)),
    "withdraw": Sample(lambda s: s.links.withdraw("digest", NOW), lambda s: s.links.offer(LINK)),
}


async def _issued(storage: MongoStorage) -> None:
    await storage.issued.put(ISSUED)


async def _in_turn(storage: MongoStorage) -> None:
    await _issued(storage)
    await storage.issued.take_turn(ISSUED, by="me", now=NOW, until=SOON)


_ISSUED = {
    "prepare": Sample(lambda s: s.issued.prepare()),
    "put": Sample(lambda s: s.issued.put(ISSUED)),
    "get": Sample(lambda s: s.issued.get(ISSUED.id), _issued),
    "by_digest": Sample(lambda s: s.issued.by_digest("renewal"), _issued),
    "of_person": Sample(lambda s: s.issued.of_person(ALICE.key), _issued),
    "of_email": Sample(lambda s: s.issued.of_email(ALICE.email), _issued),
    "note_use": Sample(lambda s: s.issued.note_use(ISSUED.id, NOW), _issued),
    "take_turn": Sample(
        lambda s: s.issued.take_turn(ISSUED, by="me", now=NOW, until=SOON), _issued
    ),
    "pass_turn": Sample(lambda s: s.issued.pass_turn(ISSUED.id, by="me", until=SOON), _in_turn),
    "refresh": Sample(
        lambda s: s.issued.refresh(ISSUED.id, by="me", identity=ALICE, sealed=b"next", at=NOW),
        _in_turn,
    ),
    "renew": Sample(lambda s: s.issued.renew(ISSUED, SECRETS, "next", "10.0.0.7"), _issued),
    "end": Sample(lambda s: s.issued.end(ISSUED.id, EndReason.REVOKED, NOW), _issued),
}
DEVICE = DeviceRequest("device", "code", "anthropic", "10.0.0.7", "axios/1", NOW, LATER)


async def _device(storage: MongoStorage) -> None:
    await storage.devices.put(DEVICE)


_DEVICES = {
    "prepare": Sample(lambda s: s.devices.prepare()),
    "put": Sample(lambda s: s.devices.put(DEVICE)),
    "get": Sample(lambda s: s.devices.get(DEVICE.id), _device),
    "by_user_code": Sample(lambda s: s.devices.by_user_code("code", NOW), _device),
    "note_poll": Sample(lambda s: s.devices.note_poll(DEVICE.id, NOW, 10), _device),
    "settle": Sample(
        lambda s: s.devices.settle(DEVICE.id, DeviceState.ALLOWED, ISSUED.id, NOW), _device
    ),
}


async def _kept(storage: MongoStorage) -> None:
    await storage.keys.put(WRAPPED)
    await storage.pieces.put(PIECES, KEY)


_SMALL = {
    "pieces.prepare": Sample(lambda s: s.pieces.prepare()),
    "pieces.put": Sample(lambda s: s.pieces.put(PIECES, KEY)),
    "pieces.get": Sample(lambda s: s.pieces.get(["piece-1"]), _kept),
    "pieces.of_day": Sample(lambda s: s.pieces.of_day(NOW.date()), _kept),
    "pieces.remove": Sample(lambda s: s.pieces.remove(["piece-1"]), _kept),
    "pages.of_sessions": Sample(
        lambda s: s.pages.of_sessions([SESSION.id]), lambda s: s.pages.put(PAGES)
    ),
    "pages.naming": Sample(lambda s: s.pages.naming(["piece-0"]), lambda s: s.pages.put(PAGES)),
    "pages.remove": Sample(lambda s: s.pages.remove(SESSION.id), lambda s: s.pages.put(PAGES)),
    "statements.remove": Sample(lambda s: s.statements.remove("key")),
    "marks.remove_of": Sample(lambda s: s.marks.remove_of(SESSION.id)),
    "pages.put": Sample(lambda s: s.pages.put(PAGES)),
    "pages.get": Sample(
        lambda s: s.pages.get(SESSION.id, Side.REQUEST), lambda s: s.pages.put(PAGES)
    ),
    "gateways.prepare": Sample(lambda s: s.gateways.prepare()),
    "gateways.beat": Sample(lambda s: s.gateways.beat(Heartbeat("g", 1), NOW)),
    "gateways.all": Sample(
        lambda s: s.gateways.all(), lambda s: s.gateways.beat(Heartbeat("g", 1), NOW)
    ),
    "gateways.forget": Sample(
        lambda s: s.gateways.forget("g"), lambda s: s.gateways.beat(Heartbeat("g", 1), NOW)
    ),
    "connections.get": Sample(lambda s: s.connections.get("openai")),
    "connections.all": Sample(
        lambda s: s.connections.all(), lambda s: s.connections.put(CONNECTION)
    ),
    "connections.put": Sample(lambda s: s.connections.put(CONNECTION)),
    "connections.remove": Sample(
        lambda s: s.connections.remove("openai"), lambda s: s.connections.put(CONNECTION)
    ),
    "people.prepare": Sample(lambda s: s.people.prepare()),
    "people.saw": Sample(lambda s: s.people.saw(ALICE, NOW)),
    "people.get": Sample(lambda s: s.people.get(ALICE.key), lambda s: s.people.saw(ALICE, NOW)),
    "people.by_email": Sample(
        lambda s: s.people.by_email(ALICE.email), lambda s: s.people.saw(ALICE, NOW)
    ),
    "people.in_groups": Sample(lambda s: s.people.in_groups(["team"])),
    "statements.prepare": Sample(lambda s: s.statements.prepare()),
    "statements.put": Sample(lambda s: s.statements.put("key", "FIN-231", NOW)),
    "statements.get": Sample(
        lambda s: s.statements.get("key", NOW), lambda s: s.statements.put("key", "x", NOW)
    ),
    "marks.prepare": Sample(lambda s: s.marks.prepare()),
    "marks.mark": Sample(lambda s: s.marks.mark(MARK)),
    "marks.take_back": Sample(lambda s: s.marks.take_back(MARK.id), lambda s: s.marks.mark(MARK)),
    "marks.of_session": Sample(
        lambda s: s.marks.of_session(SESSION.id), lambda s: s.marks.mark(MARK)
    ),
    "marks.since": Sample(lambda s: s.marks.since(NOW), lambda s: s.marks.mark(MARK)),
    "receipts.prepare": Sample(lambda s: s.receipts.prepare()),
    "receipts.note": Sample(lambda s: s.receipts.note(["a", "b"], NOW)),
    "receipts.known": Sample(
        lambda s: s.receipts.known(["a", "c"]), lambda s: s.receipts.note(["a"], NOW)
    ),
    "receipts.renew": Sample(lambda s: s.receipts.renew(["a", "b"], NOW)),
    "receipts.any_since": Sample(
        lambda s: s.receipts.any_since(["a", "c"], NOW), lambda s: s.receipts.renew(["a"], NOW)
    ),
    "tools.prepare": Sample(lambda s: s.tools.prepare()),
    "tools.renew": Sample(
        lambda s: s.tools.renew(frozenset({"v1"}), NOW), lambda s: s.tools.meet(TOOL)
    ),
    "tools.trusted": Sample(
        lambda s: s.tools.trusted([tool_id("ops", "deploy")]), lambda s: s.tools.meet(TOOL)
    ),
    "tools.meet": Sample(lambda s: s.tools.meet(CHANGED), lambda s: s.tools.meet(TOOL)),
    "tools.trust": Sample(lambda s: s.tools.trust(CHANGED), lambda s: s.tools.meet(TOOL)),
    "tools.version": Sample(lambda s: s.tools.version("v1"), lambda s: s.tools.meet(TOOL)),
    "tools.note_seen": Sample(
        lambda s: s.tools.note_seen("view", {"deploy": "two", "list": "one"}, NOW),
        lambda s: s.tools.note_seen("view", {"deploy": "one", "get": "one"}, NOW),
    ),
    "tools.view": Sample(
        lambda s: s.tools.view("view"), lambda s: s.tools.note_seen("view", {"deploy": "one"}, NOW)
    ),
    "ledger.prepare": Sample(lambda s: s.ledger.prepare()),
    "ledger.insert": Sample(
        lambda s: s.ledger.insert(
            ENTRIES,
            [
                *s.pieces.putting(PIECES, KEY),
                s.sessions.opening(SESSION),
                *s.sessions.appending(SESSION.id, CHUNKS, KEY),
                s.sessions.changing(replace(SESSION, id="before"), CHANGE),
            ],
        ),
        lambda s: open_session(s, replace(SESSION, id="before")),
    ),
    "ledger.entries": Sample(
        lambda s: s.ledger.entries(SESSION.id), lambda s: s.ledger.insert(ENTRIES)
    ),
    "ledger.of_holds": Sample(
        lambda s: s.ledger.of_holds(["hold"]), lambda s: s.ledger.insert(ENTRIES)
    ),
    "ledger.giving": Sample(
        lambda s: s.ledger.giving(["grant"]), lambda s: s.ledger.insert(ENTRIES)
    ),
    "ledger.tip": Sample(lambda s: s.ledger.tip("test"), lambda s: s.ledger.insert(ENTRIES)),
    "ledger.firsts": Sample(lambda s: s.ledger.firsts(NOW), lambda s: s.ledger.insert(ENTRIES)),
    "ledger.chain": Sample(
        lambda s: s.ledger.chain("test/chain", 1, 9), lambda s: s.ledger.insert(ENTRIES)
    ),
    "ledger.at": Sample(
        lambda s: s.ledger.at(["test/chain:000000000001", "test/chain:000000000009"]),
        lambda s: s.ledger.insert(ENTRIES),
    ),
}
SAMPLES = (
    _SMALL
    | RECORD
    | {
        f"{store}.{method}": sample
        for store, samples in {
            "sessions": _SESSIONS,
            "holds": _HOLDS,
            "notices": _NOTICES,
            "leases": _LEASES,
            "grants": _GRANTS,
            "links": _LINKS,
            "issued": _ISSUED,
            "devices": _DEVICES,
            "webhooks": WEBHOOKS,
            "keys": KEYS,
            "legal_holds": LEGAL_HOLDS,
        }.items()
        for method, sample in samples.items()
    }
)
