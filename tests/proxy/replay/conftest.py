"""A gateway whose auditors are known by their provider's group, and sessions in its record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.hold import Hold, HoldState, Vote
from app.domain.identity import Identity, IdentityKind
from app.domain.record.session import (
    Chunk,
    Decision,
    RecordedAnswer,
    RecordedCall,
    RecordedRequest,
    Session,
    SessionState,
)
from app.domain.record.session_facts import Conversation, Origin, Timing, Tokens
from app.domain.verdict import Verdict
from app.ids import new_id
from app.pieces import Cutter
from sandbox.people import find_person
from tests.bot.values import MARIA, fired, hold
from tests.proxy.linking import CLOCK
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from app.settings import Settings
    from tests.proxy.linking import Place

AUDITORS = "- {name: auditors, idp_groups: [auditors]}\n"


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "approvers.yaml").write_text(AUDITORS)
    return settings


def identity_of(place: Place, key: str) -> Identity:
    person = find_person(key)
    assert person is not None
    return Identity(place.idp.issuer, person.sub, IdentityKind.PERSON, person.name, person.email)


async def recorded(
    place: Place,
    identity: Identity,
    body: object,
    said: str | None,
    word: str = "word",
    **changes: Any,  # noqa: ANN401
) -> Session:
    """Write a session that Maria has approved, with `word` wherever somebody else may write.

    It has no answer yet where nothing is `said`.
    """
    now = CLOCK.now()
    raw = json.dumps(body).encode()
    cut = Cutter(b"names", new_id(now)).cut(raw)
    await place.storage.pieces.put(cut, await place.storage.data_keys.of(identity.key))
    pieces = tuple(piece.id for piece in cut)
    sent = RecordedRequest(
        "POST", "v1/messages", word, (("content-type", "application/json"),), raw, "d" * 64
    )
    session = Session(
        id=new_id(now),
        connection="anthropic",
        wire="anthropic",
        model=word,
        identity=identity,
        request=sent.head(pieces),
        verdict=Verdict(held().verdict.action, (fired(rule=word, title=word, explain=word),), word),
        decision=Decision.APPROVED,
        started_at=now,
        state=SessionState.CLOSED,
        reason=word,
        origin=Origin(word, word, word, word),
        conversation=Conversation(f"{word:<16}", word, word, word, word),
    )
    session = replace(session, **changes)
    session = replace(session, hold_id=session.id)
    await open_session(place.storage, session)
    vote = Vote(replace(MARIA, name=word), approve=True, at=now, reason=word, category=word)
    await place.storage.holds.open(
        replace(
            held(), id=session.id, key=session.id, session_id=session.id, reason=word, votes=(vote,)
        )
    )
    if said is None:
        return session
    answer = {
        "content": [
            {"type": "text", "text": said},
            {"type": "tool_use", "name": word, "input": {word: word}},
        ]
    }
    await append_chunks(place.storage, session.id, [Chunk(0, 40, json.dumps(answer).encode())])
    call = RecordedCall(word, word, Decision.DENIED, (word,), by=word, waited_ms=5, changed=word)
    head = RecordedAnswer(
        *(200, (("content-type", "application/json"),), now, now + timedelta(seconds=1), 9),
        error=word,
        calls=(call,),
        tokens=Tokens(1, 2, 3, 4, 5),
        timing=Timing(10, 20, 30, 40),
    )
    await change_session(place.storage, session.id, answer=head)
    return session


def held() -> Hold:
    return hold(state=HoldState.APPROVED, decided_at=CLOCK.now())
