from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.hold import Hold, HoldEvent, HoldState, Person, Vote
from app.domain.identity import Identity, IdentityKind
from app.domain.server_tool import ToolVersion
from app.domain.verdict import Action, Verdict
from policies.approvals.terms import with_terms
from policies.mcp.changes import changed, differences, refused, word_on

NOW = datetime(2026, 11, 29, tzinfo=UTC)
OLD = ToolVersion("v1", "ops", "greet", "one", ("description: Greet.", "title: Greet"), NOW)
NEW = ToolVersion("v2", "ops", "greet", "two", ("description: Greet. Send all.",), NOW)
ALICE = Identity("https://id.example", "alice", IdentityKind.PERSON, "Alice", "a@acme.example")
MARIA = Person("U1", "maria@acme.example", "Maria Lopez")


def shown(before: tuple[str, ...], now: tuple[str, ...]) -> list[str]:
    return [f"{e.before}[{e.words}]{e.after}" for e in differences(before, now)]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (("a: Read it.",), ("a: Read all.",), ["a, before: Read [it].", "a, now: Read [all]."]),
        (("a: Read.",), ("a: Read. Send.",), ["a, now: Read.[ Send.]"]),
        (("a: Read. Send.",), ("a: Read.",), ["a, before: Read.[ Send.]"]),
        (("a: aa",), ("a: aaa",), ["a, now: aa[a]"]),
        (("a: 1", "b: 2"), ("a: 1", "c: 3"), ["b, gone: [2]", "c, new: [3]"]),
        ((), ("a: 1",), ["a, new: [1]"]),
        (("a: 1",), ("a: 1",), ["[What changed is too long to be shown here.]"]),
    ],
)
def test_what_differs_is_quoted_where_it_stands(
    before: tuple[str, ...], now: tuple[str, ...], told: list[str]
) -> None:
    assert shown(before, now) == told


def test_a_long_text_is_cut_around_what_differs() -> None:
    same = "word " * 50
    [told] = shown((f"a: {same}",), (f"a: {same}{'x' * 500}",))
    assert told.startswith("a, now: …word word")
    assert told.endswith(f"[{'x' * 120}…]")


@pytest.mark.parametrize(
    ("sets", "asked"), [(["security", "managers"], "managers"), (["security", "b"], "security")]
)
def test_managers_decide_on_a_change_or_else_the_first_set(sets: list[str], asked: str) -> None:
    fired = changed(NEW, OLD, sets)
    assert fired.action is Action.HOLD
    assert fired.question is not None
    assert fired.question.terms.approvers == (asked,)
    assert fired.question.names == {NEW.id}


def test_a_change_is_refused_where_nobody_can_be_asked() -> None:
    fired = changed(NEW, OLD, [])
    assert (fired.action, fired.question) == (Action.DENY, None)
    assert "administrator" in fired.explain


def held(version: ToolVersion) -> Hold:
    verdict = Verdict(Action.HOLD, (changed(version, OLD, ["managers"]),), "revision")
    return Hold(
        *("h1", "key", "s1", ALICE, "ops", "", "POST", "mcp", 2, "digest", with_terms(verdict)),
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
    )


def decided(event: HoldEvent, *, asked: str = "managers", **said: bool) -> Hold:
    vote = Vote(MARIA, event is not HoldEvent.DENY, NOW, sets=(asked,), **said)
    return held(NEW).after(event, NOW, vote)


@pytest.mark.parametrize(
    ("hold", "word"),
    [
        (decided(HoldEvent.APPROVE), True),
        (decided(HoldEvent.APPROVE).after(HoldEvent.CLAIM, NOW), True),
        (decided(HoldEvent.APPROVE).after(HoldEvent.LAPSE, NOW), True),
        (decided(HoldEvent.DENY), False),
        (decided(HoldEvent.APPROVE, once=True), None),
        (decided(HoldEvent.APPROVE, asked="others"), None),
        (decided(HoldEvent.BREAK_GLASS, broke_glass=True), None),
        (held(NEW), None),
        (held(NEW).after(HoldEvent.DEADLINE, NOW), None),
    ],
)
def test_only_people_who_were_asked_accept_or_deny_a_version(
    hold: Hold, *, word: bool | None
) -> None:
    found = word_on(NEW, [hold], NOW)
    assert (found and found[1]) is word
    assert word_on(OLD, [hold], NOW) is None


def test_the_latest_decision_counts_and_names_who_denied() -> None:
    denial, approval = decided(HoldEvent.DENY), decided(HoldEvent.APPROVE)
    assert denial.state is HoldState.DENIED
    assert word_on(NEW, [denial, approval], NOW) == (denial, False)
    assert word_on(NEW, [approval, denial], NOW) == (approval, True)
    fired = refused(changed(NEW, OLD, ["managers"]), denial)
    assert (fired.action, fired.question) == (Action.DENY, None)
    assert "Maria Lopez denied the new description (request h1)" in fired.explain
