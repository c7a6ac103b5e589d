"""The line that a manager reads first: who, which model, what, and never more than was found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.hold import HoldState
from app.domain.identity import Identity, IdentityKind
from app.domain.passage import Excerpt, Passage, PassageKind
from app.domain.segment import Role
from app.domain.verdict import Approval, Question
from bot.slack import text
from bot.views.headline import LIMIT, headline
from tests.bot.values import DANA, JOB, MARIA, fired, hold, vote

if TYPE_CHECKING:
    from app.domain.hold import Hold

outside = st.text(max_size=200) | st.sampled_from(
    [
        "✅ Approved: Eve → gpt-5: nothing",
        "a：b ∶ c ː d ꞉ e",
        "→⇒➜⟶",
        "x" * 4000,
        "&" * 4000,
        "𝔘" * 300,
        "<!channel>",
        "\u202e\ud800",
        "",
    ]
)


def found(*words: str) -> tuple[Excerpt, ...]:
    return tuple(Excerpt("before ", word, " after", "/messages/0") for word in words)


def of(*words: str, **changes: object) -> str:
    return headline(hold(rule=fired(excerpts=found(*words)), **changes))


def test_it_says_who_asks_which_model_for_what() -> None:
    assert of("production") == "Dana Reyes → gpt-4o: production"
    assert of("production", model="") == "Dana Reyes → openai: production"
    unverified = replace(JOB.provenance, verified=False)
    assert of("prod", requester=JOB) == "CI job acme/payments → gpt-4o: prod"
    claimed = of("prod", requester=replace(JOB, provenance=unverified))
    assert claimed == "CI job acme/payments Release → gpt-4o: prod"


def test_it_names_each_word_once_and_three_at_most() -> None:
    said = of("production", "PRODUCTION", "prod-db", "live database", "orders")
    assert said == "Dana Reyes → gpt-4o: production, prod-db, live database"


def test_it_names_the_open_passages_before_all_that_was_found() -> None:
    excerpt = replace(found("prod-db")[0], place="/m/2")
    newest = Passage("n", PassageKind.TYPED, Role.USER, "/m/2", excerpt=excerpt)
    asked = Question("law", Approval(("managers",)), (newest,))
    held = hold(rule=fired(excerpts=found("production"), question=asked))
    assert headline(held) == "Dana Reyes → gpt-4o: prod-db"


def test_it_names_all_that_was_found_beside_an_open_passage_and_no_part_of_a_word() -> None:
    old, prod, db, live = (
        replace(excerpt, place=place)
        for excerpt, place in zip(
            found("staging", "prod", "prod-db", "live database"),
            ["/m/0", "/m/2", "/m/2", "/m/2"],
            strict=True,
        )
    )
    newest = Passage("n", PassageKind.TYPED, Role.USER, "/m/2", excerpt=prod)
    asked = Question("law", Approval(("managers",)), (newest,))
    held = hold(rule=fired(excerpts=(old, db, live), question=asked))
    assert headline(held) == "Dana Reyes → gpt-4o: prod-db, live database"


@pytest.mark.parametrize("words", ["[aws-access-key-id]", "key=[aws-access-key-id]…", "→ 🟥", ""])
def test_a_masked_secret_or_no_word_at_all_leaves_the_title_of_the_rule(words: str) -> None:
    assert of(words) == "Dana Reyes → gpt-4o: Prompts that name production"


ENDS = {
    HoldState.PENDING: "Dana",
    HoldState.APPROVED: "✅ Approved: Dana",
    HoldState.RELEASED: "✅ Approved: Dana",
    HoldState.LAPSED: "⌛ Approved, but never used: Dana",
    HoldState.DENIED: "⛔ Denied: Dana",
    HoldState.EXPIRED: "⌛ Expired: Dana",
    HoldState.WITHDRAWN: "↩️ Withdrawn: Dana",
}


@pytest.mark.parametrize("state", HoldState)
def test_a_decided_one_says_how_it_ended(state: HoldState) -> None:
    assert of("production", state=state).startswith(ENDS[state])


def test_break_glass_is_never_called_an_approval() -> None:
    alone = (vote(MARIA, broke_glass=True),)
    said = of("production", state=HoldState.RELEASED, votes=alone)
    assert said == "🚨 Break-glass: Dana Reyes → gpt-4o: production"


holds = st.builds(
    lambda s, state, kind: hold(
        requester=Identity("i", s[0], kind, s[1], s[2], provenance=None),
        model=s[3],
        connection=s[4] or "openai",
        state=state,
        rule=fired(title=s[5] or "Title", excerpts=found(s[6], s[7])),
    ),
    st.lists(outside, min_size=8, max_size=8),
    st.sampled_from(HoldState),
    st.sampled_from(IdentityKind),
)


@settings(deadline=None)
@given(holds)
def test_words_from_outside_fit_and_add_no_structure(held: Hold) -> None:
    said = headline(held)
    assert sum(map(text.weight, said)) <= LIMIT
    assert said.count("→") == 1
    ended = held.state is not HoldState.PENDING
    assert said.count(":") == 1 + ended
    assert not any(sign in said for sign in "：∶ː꞉⇒➜⟶<\n")
    lead = ENDS[held.state].removesuffix("Dana")
    assert said.startswith(lead)
    assert not any(sign in said.removeprefix(lead) for sign in "✅⛔⌛↩🚨")
    assert len(said) > len(lead) + len(" → : ")


def test_a_name_that_looks_like_a_decision_is_only_a_name() -> None:
    forger = replace(DANA, name="✅ Approved: Eve → gpt-5")
    assert of("production", requester=forger) == "Approved Eve gpt-5 → gpt-4o: production"
    assert "approved_by_Maria" in of("production", model="gpt-5: approved by Maria")
