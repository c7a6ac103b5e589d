"""Whatever stands in a request, Slack takes every message and view that is made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.hold import GrantSummary, HoldState, Person, Query
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.passage import Excerpt, Passage, PassageKind
from app.domain.record.session import (
    Chunk,
    CloudRun,
    Decision,
    RecordedAnswer,
    RecordedCall,
    RecordedRequest,
    Session,
    Side,
)
from app.domain.segment import Role
from app.domain.trust import Reach, Trust
from app.domain.verdict import Approval, CoverTerms, Question
from app.ids import new_id
from app.pages import paged
from app.replay.reader import Shown as Seen
from app.replay.text_search import Progress
from app.replay.trail import Step
from app.replay.transcript import Turn, answer_turns
from app.wire.reading import TextKind
from bot.people.approvers import Audience
from bot.slack.blocks import MESSAGE_BLOCKS
from bot.views import (
    cards,
    modals,
    requester_message,
    thread_replies,
    together,
    trust_form,
)
from bot.views.home_tab import HomeTabContents, home
from bot.views.replay.lists import PAGE_SESSIONS, Shelf, faulty, listing, searching
from bot.views.replay.session import SessionDecisions, replayed
from bot.views.request_pages import PagePosition
from bot.views.requester_message import RequesterView
from bot.views.together import Group, RequestOutcome
from policies.approvals.terms import with_terms
from policies.approvals.votes import Word
from policies.passages.trust import trusts_of
from sandbox.slack.blockkit import check_blocks, check_view
from tests.bot.values import NOW, fired, hold, vote

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from bot.slack.blocks import Block

words = st.text(max_size=200) | st.sampled_from(
    ["<!channel> <@U1>", "*b* _i_ `c` ~s~", "\u202e\u200b", "\ud800", "x" * 4000, "&" * 4000, ""]
)
ten = st.lists(words, min_size=10, max_size=10)
quickly = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def identity(s: list[str], kind: IdentityKind) -> Identity:
    where = Provenance(s[0], s[1], s[2], s[3], s[4], s[5], s[6], verified=bool(s[7]))
    return Identity(s[1], s[2], kind, s[3], s[4], provenance=where)


def a_hold(s: list[str], state: HoldState) -> Hold:
    person = Person(s[0], s[1], s[2])
    return hold(
        rule=fired(rule=s[0], title=s[1], explain=s[2]),
        requester=identity(s, IdentityKind.PERSON),
        state=state,
        session_id=s[3],
        connection=s[4],
        model=s[5],
        votes=tuple(vote(person, approve=False, reason=s[6], category=s[7]) for _ in range(3)),
        outcome=s[8],
        reason=s[9],
        queries=(
            Query(person, s[6], NOW),
            Query(person, s[7], NOW, s[8], NOW),
            Query(person, s[9], NOW),
        ),
        decided_at=NOW,
        keep_until=NOW,
    )


def a_session(s: list[str], held: Hold) -> Session:
    sent = RecordedRequest(
        s[0], s[1], s[2], ((s[3], s[4]),), s[5].encode(errors="replace"), s[6]
    ).head()
    ended = NOW + timedelta(seconds=2)
    return Session(
        id=new_id(NOW),
        connection=s[7],
        wire=s[8],
        model=s[9],
        identity=identity(s, IdentityKind.WORKLOAD),
        request=sent,
        verdict=replace(held.verdict, fired=held.verdict.fired * 12),
        decision=Decision.DENIED,
        started_at=NOW,
        answer=RecordedAnswer(200, ((s[0], s[1]),), NOW, ended, 3, 1, error=s[2], calls=calls(s)),
    )


def calls(s: list[str]) -> tuple[RecordedCall, ...]:
    """Return more calls than are shown, with everything that may become of one."""
    made = [
        RecordedCall(s[at], spelt, decision, (s[7], s[8]), s[9], s[6], 61_000, changed)
        for at, decision in enumerate(Decision)
        for spelt, changed in ((s[at], s[5]), (json.dumps({"command": s[at]}), s[9]), (s[4], ""))
    ]
    return (*made, RecordedCall(s[0], s[1], Decision.ALLOWED, by_provider=True))


def sendable(view: Block) -> bool:
    """Whether Slack would take a view, and nothing in it calls anybody."""
    spelt = json.dumps(view, ensure_ascii=False)
    spelt.encode()
    # What is in private metadata or values is never shown, and nothing in rich text is markup.
    shown = json.dumps(without_values(view["blocks"]), ensure_ascii=False)
    return check_view(json.loads(spelt)) == [] and "<!channel" not in shown


VALUES = ("value", "initial_value")


def without_values(block: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    if isinstance(block, dict) and block.get("type") == "rich_text":
        return {}
    if isinstance(block, dict):
        shown = {name: part for name, part in block.items() if name not in VALUES}
        return {name: without_values(part) for name, part in shown.items()}
    return [without_values(part) for part in block] if isinstance(block, list) else block


@quickly
@given(ten, st.lists(st.sampled_from(HoldState), min_size=1, max_size=12))
def test_every_direct_message(s: list[str], states: list[HoldState]) -> None:
    holds = [replace(a_hold(s, state), id=f"{at:026}") for at, state in enumerate(states)]
    message = requester_message.direct([RequesterView(held, "v", s[0]) for held in holds])
    spelt = json.dumps(message.blocks, ensure_ascii=False)
    spelt.encode()
    assert check_blocks(json.loads(spelt)) == []
    assert "<!channel" not in spelt
    assert len(message.blocks) <= MESSAGE_BLOCKS


@quickly
@given(ten, st.integers(0, 1))
def test_every_word_in_a_thread(s: list[str], broken: int) -> None:
    person = Person(s[0], s[1], s[2])
    held = replace(
        a_hold(s, HoldState.APPROVED),
        votes=tuple(vote(person, reason=s[n], broke_glass=bool(broken)) for n in range(3)),
    )
    terms = replace(held.verdict.approval, quorum=2)
    held = replace(held, verdict=replace(held.verdict, approval=terms))
    said = [message for _, message in thread_replies.broken_glass(held)]
    called = Audience(tuple(s[:5]), tuple(s[5:]))
    said += [thread_replies.reminder(held, called), thread_replies.escalation(held, called)]
    said += [loud] if (loud := thread_replies.loud(held)) else []
    assert len(said) == 2 + 4 * broken
    for message in said:
        spelt = json.dumps(message.blocks, ensure_ascii=False)
        assert check_blocks(json.loads(spelt)) == []
        assert "<!channel" not in json.dumps(without_values(list(message.blocks)))


@quickly
@given(ten, st.sampled_from(HoldState))
def test_every_view_of_a_session(s: list[str], state: HoldState) -> None:
    held = a_hold(s, state)
    session = replace(a_session(s, held), cloud=CloudRun(s[1], s[2], tokens=12_345))
    shelf = Shelf(s[0][:300].encode(errors="replace").decode())
    looked = Progress(9, 2, 1.5, session.id, NOW, (session,), is_over=True, has_more=True)
    decided = SessionDecisions((held,), {}, tuple(Step(NOW, s[2], s[3]) for _ in range(40)), s[4])
    assert sendable(listing(shelf, [session] * PAGE_SESSIONS, session.id, looked))
    assert sendable(searching(shelf, looked))
    assert sendable(faulty(shelf, s[1]))
    chunks = (Chunk(0, 5, s[3].encode(errors="replace")),)
    said = [Turn(Role.USER, s[4], place=s[5]), *answer_turns(session.answer, chunks)]
    made = (s[6], json.dumps({"command": s[7], s[8]: s[9]}), "\u202e" * 7_000)
    said += [Turn(Role.ASSISTANT, words, TextKind.TOOL_CALL, s[6]) for words in made]
    pages = list(paged(said))
    for number, page in enumerate(pages):
        seen = Seen(number, len(pages), page, (s[6],), tuple(Side), tuple(Side))
        address = "https://gateway.acme.example/-/replay/x"
        drawn = replayed(shelf.at(number), session, decided, seen, page_url=address)
        assert address in json.dumps(drawn)
        assert sendable(drawn)
        assert number or "12,345 tokens" in json.dumps(drawn["blocks"])


@quickly
@given(ten)
def test_the_home_tab_and_the_notes(s: list[str]) -> None:
    held = a_hold(s, HoldState.PENDING)
    session = a_session(s, held)
    given = replace(held, granted=GrantSummary(("g",), 3600, NOW, uses=3, revoked_by=s[3]))
    shown = HomeTabContents(
        queue=tuple((replace(held, id=f"{held.id}{n}"), "value") for n in range(15)),
        waiting=20,
        groups=(Group(s[0], 3, "value"),) * 5,
        grants=((replace(given, granted=replace(given.granted, over=False)), "value"),) * 15,
        mine=(session,) * 10,
        own=((held, "value"),) * 15,
        auditor=True,
        glass=True,
    )
    assert sendable(home(shown))
    assert sendable(modals.note(s[0], s[1]))
    assert sendable(modals.glass_form("value", s[2]))
    assert sendable(modals.again_form("value"))
    assert sendable(modals.deny_form("value", s[2]))


@quickly
@given(ten, st.booleans())
def test_the_form_for_trusting_text_and_what_tells_of_it(s: list[str], voted: int) -> None:
    found = Excerpt(s[0], s[1], s[2], "/x")
    texts = [
        Passage(f"name {at}", PassageKind.TEXT, Role.SYSTEM, "/x", lines=("l",), excerpt=found)
        for at in range(12)
    ]
    question = Question("law", Approval(("managers",), 2), tuple(texts), CoverTerms())
    word = Trust(tuple(text.name for text in texts[:voted]), Reach.EVERYONE, 30)
    said = tuple(vote(Person(f"{s[6]}{n}", f"{n}", s[7]), sets=("managers",)) for n in range(4))
    held = replace(
        a_hold(s, HoldState.PENDING),
        verdict=with_terms(
            replace(
                a_hold(s, HoldState.PENDING).verdict, fired=(fired(rule=s[3], question=question),)
            )
        ),
        requester=identity(s, IdentityKind.WORKLOAD),
        trusting=tuple(replace(one, trust=word) for one in said[: 2 * voted + 1]),
    )
    pages = trust_form.pages_of(held, [Turn(Role.SYSTEM, s[8] * 60, place="/x")] * 3, str)
    for number in range(len(pages)):
        place = PagePosition("value", number)
        assert sendable(trust_form.form(held, place, pages, administrator=True))
    message = cards.card(held, requester="", value="v")
    assert check_blocks(list(message.blocks)) == []
    trusts = [(trust, held, "value") for trust in trusts_of(held)]
    assert sendable(home(HomeTabContents(trusts=tuple(trusts[:12]), other_trusts=3)))


def test_a_card_with_nothing_but_blanks_is_still_a_card() -> None:
    blank = a_hold([" "] * 10, HoldState.PENDING)
    message = cards.card(blank, requester="", value="v")
    assert check_blocks(list(message.blocks)) == []


@quickly
@given(ten, st.integers(2, 12))
def test_every_review_of_several_requests(s: list[str], count: int) -> None:
    holds = [replace(a_hold(s, HoldState.PENDING), id=f"{at:026}") for at in range(count)]
    assert sendable(together.form([(held, f"value {held.id}") for held in holds]))
    outcomes = [
        RequestOutcome(s[0], s[1]),
        RequestOutcome(s[2], ""),
        RequestOutcome(s[3], s[4], covered=True),
    ]
    assert sendable(together.result(Word(approve=True), outcomes))
