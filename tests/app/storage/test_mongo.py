from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.clock import SystemClock
from app.domain.hold import GrantSummary, Hold, HoldEvent, HoldState, Person, Vote
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.notice import Notice, NoticeKind
from app.domain.passage import Excerpt
from app.domain.record.session import Chunk, Decision, RecordedAnswer, RecordedRequest, Session
from app.domain.record.session_facts import Conversation
from app.domain.verdict import Action, Approval, FiredRule, Risk, Verdict
from app.errors import StorageUnavailable, Superseded
from app.ids import new_id, new_token
from app.search import SessionFilter
from app.storage.store import MongoStorage
from tests.conftest import NOBODY
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from datetime import datetime

NOW = SystemClock().now()
ALICE = Identity(
    "https://id.example", "u-alice", IdentityKind.PERSON, "Alice Chen", "alice@acme.example"
)
JOB = Identity(
    "https://ci.example",
    "repo:acme/payments",
    IdentityKind.WORKLOAD,
    "acme/payments",
    provenance=Provenance("acme/payments", "42", "0f3c", "refs/heads/main", actor="alice"),
)
MARIA = Person("U-MARIA", "maria@acme.example", "Maria Lopez")
VERDICT = Verdict(
    Action.HOLD,
    (
        FiredRule(
            "production-needs-a-manager",
            "Production",
            Action.HOLD,
            Risk.HIGH,
            "why",
            enforced=True,
            findings=1,
            excerpts=(Excerpt("to ", "production", " now", "/messages/0/content"),),
        ),
    ),
    "r1",
    Approval(("managers",), quorum=1, expires=timedelta(minutes=10)),
)


NIGHTLY = Conversation("3f" * 32, "Nightly", "abeyance-conversation")


def a_session(at: datetime, **changes: object) -> Session:
    request = RecordedRequest("POST", "v1/x", "", (("accept", "*/*"),), b"{}", "digest").head()
    session = Session(
        new_id(at), "openai", "openai-chat", "gpt", ALICE, request, VERDICT, Decision.PENDING, at
    )
    return replace(session, **changes)


def a_hold(key: str = "key") -> Hold:
    return Hold(
        id=new_id(NOW),
        key=key,
        session_id=new_id(NOW),
        requester=JOB,
        connection="openai",
        model="gpt",
        method="POST",
        path="v1/x",
        body_bytes=2,
        digest="digest",
        verdict=VERDICT,
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
    )


async def test_a_session_comes_back_as_it_was_written(storage: MongoStorage) -> None:
    session = a_session(NOW, identity=JOB)
    await open_session(storage, session)
    assert await storage.sessions.get(session.id) == session


async def test_an_answer_comes_back_in_the_order_of_its_chunks(storage: MongoStorage) -> None:
    session = a_session(NOW)
    answer = RecordedAnswer(200, (("content-type", "text/plain"),), NOW, NOW, 6, masked=1)
    chunks = [Chunk(0, 5, b"one"), Chunk(1, 9, b"two")]
    await open_session(storage, session)
    await append_chunks(storage, session.id, chunks[1:])
    await append_chunks(storage, session.id, chunks[:1])
    await change_session(storage, session.id, answer=answer)
    found = await storage.sessions.get(session.id)
    assert found is not None
    assert found.answer == answer
    assert await storage.sessions.chunks(session.id) == tuple(chunks)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (SessionFilter(), ["new", "old"]),
        (SessionFilter(user="alice"), ["new", "old"]),
        (SessionFilter(user="alice@acme.example"), ["old"]),
        (SessionFilter(user="bob"), []),
        (SessionFilter(since=NOW - timedelta(hours=1)), ["new"]),
        (SessionFilter(until=NOW - timedelta(hours=1)), ["old"]),
        (SessionFilter(conversation="nightly"), ["new"]),
        (SessionFilter(decision=Decision.DENIED), ["new"]),
        (SessionFilter(rule="production-needs-a-manager", connection="openai"), ["new", "old"]),
        (SessionFilter(repo="acme/payments"), ["new"]),
        (SessionFilter(rule="other"), []),
    ],
)
async def test_sessions_are_found_by_every_word_of_the_filter(
    storage: MongoStorage, wanted: SessionFilter, expected: list[str]
) -> None:
    named = {
        "old": a_session(NOW - timedelta(days=2)),
        "new": a_session(NOW, identity=JOB, decision=Decision.DENIED, conversation=NIGHTLY),
    }
    for session in named.values():
        await open_session(storage, session)
    found = await storage.sessions.search(wanted, limit=10)
    assert [session.id for session in found] == [named[name].id for name in expected]


async def test_pages_follow_each_other_without_gap_or_double(storage: MongoStorage) -> None:
    sessions = [a_session(NOW + timedelta(seconds=n)) for n in range(5)]
    for session in sessions:
        await open_session(storage, session)
    first = await storage.sessions.search(SessionFilter(), limit=3)
    second = await storage.sessions.search(SessionFilter(), limit=3, before=first[-1].id)
    assert [s.id for s in (*first, *second)] == [s.id for s in reversed(sessions)]


async def test_a_second_open_hold_of_the_same_request_is_the_first_one(
    storage: MongoStorage,
) -> None:
    first, second = a_hold(), a_hold()
    opened = await asyncio.gather(*(storage.holds.open(hold) for hold in (first, second)))
    assert opened[0] == opened[1]


async def test_a_closed_hold_leaves_its_key_free(storage: MongoStorage) -> None:
    first = await storage.holds.open(a_hold())
    await storage.holds.move(first, first.after(HoldEvent.WITHDRAW, NOW))
    again = a_hold()
    assert await storage.holds.find_open("key") is None
    assert await storage.holds.open(again) == again


async def test_of_many_who_decide_at_once_one_wins_and_the_others_learn_who(
    storage: MongoStorage,
) -> None:
    hold = await storage.holds.open(a_hold())

    async def decide(event: HoldEvent) -> HoldState:
        vote = Vote(MARIA, approve=event is HoldEvent.APPROVE, at=NOW)
        try:
            await storage.holds.move(hold, hold.after(event, NOW, vote))
        except Superseded as lost:
            return lost.current.state
        return HoldState.PENDING

    outcomes = await asyncio.gather(
        *(decide(event) for event in (HoldEvent.APPROVE, HoldEvent.DENY) * 10)
    )
    final = await storage.holds.get(hold.id)
    assert final is not None
    assert outcomes.count(HoldState.PENDING) == 1
    assert outcomes.count(final.state) == 19
    assert len(final.votes) == 1


async def test_a_move_keeps_what_others_noted_beside_it(storage: MongoStorage) -> None:
    hold = await storage.holds.open(a_hold())
    await storage.holds.arrive(hold.id, "gateway:1")
    await storage.holds.move(hold, hold.after(HoldEvent.DENY, NOW))
    moved = await storage.holds.get(hold.id)
    assert moved is not None
    assert (moved.state, moved.callers) == (HoldState.DENIED, ("gateway:1",))


async def test_callers_of_one_hold_come_and_go_by_themselves(storage: MongoStorage) -> None:
    holds = storage.holds
    hold = await holds.open(a_hold())
    await asyncio.gather(*(holds.arrive(hold.id, f"g:{n % 4}") for n in range(12)))
    await asyncio.gather(*(holds.leave(hold.id, f"g:{n}") for n in (0, 1, 1, 9)))
    [waiting] = await holds.unsettled()
    assert sorted(waiting.callers) == ["g:2", "g:3"]
    assert not await holds.settle(hold)
    assert await holds.settle(waiting)
    for caller in waiting.callers:
        await holds.leave(hold.id, caller)
    [left] = await holds.unsettled()
    assert not left.attached
    assert await holds.settle(left)


async def test_a_hold_is_settled_until_something_is_written_to_it(storage: MongoStorage) -> None:
    hold = await storage.holds.open(a_hold())
    assert await storage.holds.settle(hold)
    assert await storage.holds.unsettled() == ()
    await storage.holds.note_outcome(hold.id, "upstream 200")
    assert not await storage.holds.settle(hold)
    assert [left.outcome for left in await storage.holds.unsettled()] == ["upstream 200"]


async def test_a_reminder_and_an_escalation_are_taken_once_and_only_while_it_waits(
    storage: MongoStorage,
) -> None:
    holds = storage.holds
    waiting = await holds.open(a_hold("a"))
    moments = (NOW, NOW + timedelta(seconds=1))
    assert [await holds.remind(waiting.id, at) for at in moments] == [True, False]
    assert [await holds.escalate(waiting.id, at) for at in moments] == [True, False]
    await holds.move(waiting, waiting.after(HoldEvent.VOTE, NOW))
    marked = await holds.get(waiting.id)
    assert marked is not None
    assert (marked.reminded_at, marked.escalated_at, marked.revision) == (NOW, NOW, 1)
    over = await holds.open(a_hold("b"))
    await holds.move(over, over.after(HoldEvent.DENY, NOW))
    assert not await holds.remind(over.id, NOW)


async def test_a_hold_is_not_settled_while_its_card_counts_fewer_uses(
    storage: MongoStorage,
) -> None:
    held = await storage.holds.open(a_hold())
    granted = GrantSummary(("g1",), 3600, NOW + timedelta(hours=1))
    await storage.holds.note_grant(held.id, granted)
    assert not await storage.holds.settle(held)
    shown = await storage.holds.get(held.id)
    assert shown is not None
    await storage.holds.note_grant(held.id, replace(granted, uses=1))
    assert not await storage.holds.settle(shown)
    assert await storage.holds.settle(replace(shown, granted=replace(granted, uses=1)))


async def test_what_somebody_states_is_found_by_the_hold_it_is_for_and_grows_old(
    storage: MongoStorage,
) -> None:
    await storage.statements.put("key", "first", NOW)
    await storage.statements.put("key", "FIN-231", NOW)
    assert await storage.statements.get("key", NOW - timedelta(hours=1)) == "FIN-231"
    assert await storage.statements.get("key", NOW + timedelta(seconds=1)) == ""
    assert await storage.statements.get("other", NOW) == ""


async def test_every_written_hold_comes_through_the_change_stream(storage: MongoStorage) -> None:
    opened = asyncio.Event()
    stream = storage.holds.watch(opened)
    first = asyncio.ensure_future(anext(stream))
    await opened.wait()
    hold = await storage.holds.open(a_hold())
    assert await first == hold
    denied = hold.after(HoldEvent.DENY, NOW)
    await storage.holds.move(hold, denied)
    assert await anext(stream) == denied
    await stream.aclose()


async def test_a_lease_is_given_once_and_a_lost_one_cannot_record(storage: MongoStorage) -> None:
    notice = await storage.notices.ensure(Notice("h:card:C1", "h", NoticeKind.CARD, "C1"))
    assert await storage.notices.ensure(replace(notice, target="C2")) == notice
    until = NOW + timedelta(seconds=30)
    leases = await asyncio.gather(
        *(storage.notices.lease(notice, by=new_token(), now=NOW, until=until) for _ in range(5))
    )
    [lease] = [lease for lease in leases if lease]
    assert await storage.notices.lease(lease, by=new_token(), now=NOW, until=until) is None
    stolen = await storage.notices.lease(
        lease, by=new_token(), now=until, until=until + timedelta(seconds=30)
    )
    assert stolen is not None
    assert not await storage.notices.record(lease, channel="C1", ts="1", shown="x")
    assert await storage.notices.record(stolen, channel="C1", ts="2", shown="x")
    assert [n.ts for n in await storage.notices.of_hold("h")] == ["2"]


async def test_a_lease_in_doubt_is_free_at_once_and_stays_in_doubt(storage: MongoStorage) -> None:
    notice = await storage.notices.ensure(Notice("h:card:C1", "h", NoticeKind.CARD, "C1"))
    until = NOW + timedelta(seconds=30)
    leased = await storage.notices.lease(notice, by=new_token(), now=NOW, until=until)
    assert leased is not None
    await storage.notices.doubt(leased, now=NOW)
    [doubtful] = await storage.notices.of_hold("h")
    assert doubtful.leased_until == NOW
    again = await storage.notices.lease(doubtful, by=new_token(), now=NOW, until=until)
    assert again is not None
    assert await storage.notices.record(again, channel="C1", ts="1", shown="x")
    [posted] = await storage.notices.of_hold("h")
    assert posted.leased_until is None


async def test_one_of_several_has_the_duty_until_it_falls_silent_or_gives_it_up(
    storage: MongoStorage,
) -> None:
    leases = storage.leases
    free = await leases.get("duty")
    taken = await asyncio.gather(*(leases.take(free, str(name)) for name in range(5)))
    [mine] = [lease for lease in taken if lease]
    kept = await leases.beat(mine)
    assert kept is not None
    assert await leases.take(mine, "thief") is None
    stolen = await leases.take(kept, "heir")
    assert stolen is not None
    assert await leases.beat(kept) is None
    await leases.release(stolen)
    assert (await leases.get("duty")).owner == ""


async def test_people_are_found_by_the_address_their_issuer_vouched_for(
    storage: MongoStorage,
) -> None:
    await storage.people.saw(ALICE, NOW)
    await storage.people.saw(ALICE, NOW)
    assert await storage.people.by_email("alice@acme.example") == (ALICE,)
    assert await storage.people.by_email("nobody@acme.example") == ()


async def test_a_newer_address_does_not_hide_whose_the_former_one_was(
    storage: MongoStorage,
) -> None:
    renamed = replace(ALICE, email="alias@acme.example")
    await storage.people.saw(ALICE, NOW)
    await storage.people.saw(renamed, NOW)
    assert await storage.people.by_email(ALICE.email) == (renamed,)
    assert await storage.people.by_email("alias@acme.example") == (renamed,)


async def test_no_driver_error_leaves_the_storage(database_name: str) -> None:
    away = MongoStorage.connect(NOBODY, database_name)
    with pytest.raises(StorageUnavailable):
        await away.ping()
    with pytest.raises(StorageUnavailable):
        await away.holds.open(a_hold())
    with pytest.raises(StorageUnavailable):
        await anext(away.holds.watch(asyncio.Event()))
    away.close()


async def test_of_votes_that_race_below_the_quorum_none_is_lost(storage: MongoStorage) -> None:
    hold = await storage.holds.open(a_hold())

    async def vote(person: Person) -> bool:
        cast = Vote(person, approve=True, at=NOW)
        try:
            await storage.holds.move(hold, hold.after(HoldEvent.VOTE, NOW, cast, move=new_token()))
        except Superseded:
            return False
        return True

    people = [Person(f"U-{n}", f"{n}@acme.example", f"Manager {n}") for n in range(6)]
    taken = await asyncio.gather(*map(vote, people))
    left = await storage.holds.get(hold.id)
    assert left is not None
    assert taken.count(True) == 1
    assert [cast.by for cast in left.votes] == [people[taken.index(True)]]


async def test_the_holds_of_a_task_are_found_oldest_first(storage: MongoStorage) -> None:
    first, second, other = a_hold("1"), a_hold("2"), a_hold("3")
    for hold, task in ((second, first.id), (first, first.id), (other, other.id)):
        await storage.holds.open(replace(hold, task=task))
    found = await storage.holds.of_task(first.id)
    assert [hold.id for hold in found] == sorted([first.id, second.id])


async def test_only_cards_that_are_posted_are_found(storage: MongoStorage) -> None:
    kinds = {"posted": NoticeKind.CARD, "planned": NoticeKind.CARD, "told": NoticeKind.DIRECT}
    for name, kind in kinds.items():
        notice = Notice(name, f"hold of {name}", kind, "C1", ts="" if name == "planned" else "1")
        await storage.notices.ensure(notice)
    found = await storage.notices.cards(f"hold of {name}" for name in kinds)
    assert [card.id for card in found] == ["posted"]


async def test_what_people_decided_on_a_rule_is_found_newest_first(storage: MongoStorage) -> None:
    holds = storage.holds
    said = Vote(MARIA, approve=True, at=NOW)
    alone = replace(said, broke_glass=True)
    ends = [
        (HoldEvent.APPROVE, said),
        (HoldEvent.DENY, replace(said, approve=False)),
        (HoldEvent.VOTE, said),
        (HoldEvent.BREAK_GLASS, alone),
        (HoldEvent.COVER, None),
        (HoldEvent.DEADLINE, None),
    ]
    made = []
    for second, (event, _) in enumerate(ends):
        opened = replace(a_hold(key=str(event)), id=new_id(NOW + timedelta(seconds=second)))
        made.append(await holds.open(opened))
    [rule] = [fired.rule for fired in made[0].verdict.holding]
    for hold, (event, vote) in zip(made, ends, strict=True):
        await holds.move(hold, hold.after(event, NOW, vote))
    approved, denied = made[:2]
    assert [hold.id for hold in await holds.judged(rule, 9)] == [denied.id, approved.id]
    assert [hold.id for hold in await holds.judged(rule, 1)] == [denied.id]
    assert await holds.judged("another", 9) == ()
    current = await holds.get(approved.id)
    assert current is not None
    await holds.move(current, current.after(HoldEvent.CLAIM, NOW))
    assert [hold.state.value for hold in await holds.judged(rule, 9)] == ["denied", "released"]
