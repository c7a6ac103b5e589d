"""A request that nothing names a conversation of goes on from the one whose messages it repeats."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.record.session_facts import Conversation, History
from app.search import SessionFilter
from policies.passages.names import PassageNames
from proxy.record.histories import after_answer, history_of
from proxy.record.pager import Bodies
from proxy.record.recorder import Recorder
from tests.app.storage.test_mongo import ALICE, VERDICT, a_session
from tests.proxy.test_facts import Sent
from tests.written import open_session

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage
    from app.wire.base import Json

NAMES = PassageNames(b"key")
USER = {"role": "user", "content": "hi"}
CALL = {"type": "function_call", "call_id": "c1", "name": "ls", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "a b"}
THOUGHT = {"type": "reasoning", "encrypted_content": "x"}


def said(body: Json, asker: str = "alice") -> History:
    found = history_of(body, asker, NAMES)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("member", "first", "more"),
    [
        ("messages", [USER], [{"role": "assistant", "content": "yes"}, USER]),
        (
            "messages",
            [{"role": "system", "content": "be brief"}, USER],
            [{"role": "assistant", "tool_calls": []}, {"role": "tool"}, {"role": "tool"}],
        ),
        ("input", [USER], [THOUGHT, CALL, OUTPUT]),
        ("input", [USER, THOUGHT, CALL, OUTPUT], [CALL, CALL, OUTPUT, OUTPUT]),
        ("contents", [{"role": "user"}], [{"role": "model"}, {"role": "user"}]),
    ],
    ids=["chat", "tools", "responses", "parallel", "gemini"],
)
def test_what_was_said_before_the_model_spoke_last_was_the_request_before(
    member: str, first: list[Json], more: list[Json]
) -> None:
    before, after = said({member: first}), said({member: [*first, *more], "temperature": 1})
    assert after.earlier == before.said
    assert after.said != before.said
    # The same words of somebody else are another history.
    assert said({member: first}, "bob").said != before.said


@pytest.mark.parametrize(
    "body", [None, [USER], {}, {"messages": []}, {"messages": "hi"}, {"input": ""}]
)
def test_where_there_are_no_messages_there_is_no_history(body: Json) -> None:
    assert history_of(body, "alice", NAMES) is None


def test_only_the_first_request_follows_nothing() -> None:
    assert said({"messages": [USER]}).earlier == ""
    assert said({"messages": [{"role": "assistant"}, USER]}).earlier == ""


def test_what_follows_an_answer_by_its_id_tells_its_history_by_it_alone() -> None:
    new = {"role": "assistant", "content": "yes"}
    for body in ({"input": "and then?"}, {"input": [USER, new, USER]}):
        after = said({**body, "previous_response_id": "resp_1"})
        assert after.earlier == after_answer("resp_1", "alice", NAMES)
        # What is said in it alone may be said after any answer.
        assert after.said != said({**body, "previous_response_id": "resp_2"}).said
    assert after_answer("resp_1", "bob", NAMES) != after_answer("resp_1", "alice", NAMES)


async def test_a_conversation_is_found_again_also_by_another_gateway(storage: MongoStorage) -> None:
    ledger = ChainedLedger(storage.ledger, "test")
    one, other = (
        Recorder(
            storage.sessions,
            Bodies(storage.pieces, storage.data_keys),
            ledger,
            SystemClock(),
            name,
        )
        for name in ("one", "other")
    )
    told = [History("a"), History("b", "a"), History("c", "b"), History("b", "a"), History("z")]
    talks = []
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        for recorder, history in zip((one, other, one, one, other), told, strict=True):
            talks.append(await _recorded(recorder, history))
        running.cancel()
    first, *rest, alone = [session.conversation for session in talks]
    assert first is not None
    assert rest == [first] * 3
    assert first.source == "history"
    assert alone not in (None, first)
    spoken = await storage.sessions.search(SessionFilter(conversation=first.id), limit=9)
    assert {session.id for session in spoken} == {session.id for session in talks[:4]}


async def test_what_an_answer_is_called_is_known_to_another_gateway(storage: MongoStorage) -> None:
    bodies = Bodies(storage.pieces, storage.data_keys)
    ledger = ChainedLedger(storage.ledger, "test")
    one, other = (
        Recorder(storage.sessions, bodies, ledger, SystemClock(), name) for name in ("one", "other")
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        inquiry = replace(Sent().read(), history=History("a"))
        recording = await one.open(ALICE, inquiry, VERDICT)
        one.goes_on(recording, ["after it"])
        await recording.start_answer(200, ())
        await recording.end_answer(body_bytes=0, masked=0, rules=())
        after = await _recorded(other, History("b", "after it"))
        running.cancel()
    assert after.conversation == recording.session.conversation
    assert after.conversation is not None


async def test_what_follows_a_named_conversation_is_in_it(storage: MongoStorage) -> None:
    named = Conversation("named", "named", "header")
    await open_session(storage, a_session(SystemClock().now(), conversation=named, said="a"))
    bodies = Bodies(storage.pieces, storage.data_keys)
    ledger = ChainedLedger(storage.ledger, "test")
    recorder = Recorder(storage.sessions, bodies, ledger, SystemClock(), "me")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        assert (await _recorded(recorder, History("b", "a"))).conversation == named
        # Of this one nothing was recorded before: it begins a conversation.
        lost = (await _recorded(recorder, History("y", "x"))).conversation
        running.cancel()
    assert lost is not None
    assert lost != named


async def _recorded(recorder: Recorder, history: History) -> Session:
    inquiry = replace(Sent().read(), history=history)

    return (await recorder.open(ALICE, inquiry, VERDICT)).session
