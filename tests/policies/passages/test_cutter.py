"""Which passages the findings of a request stand for, and what has the same name elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from app.domain.passage import Passage, PassageKind
from app.domain.segment import Attachment, Facts, Prompt, Role, Segment
from policies.decide import decide
from tests.policies.made import ALICE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policies.compiled_catalog import Catalog

Cut: TypeAlias = "Callable[..., tuple[Passage, ...]]"
ASK = (Role.USER, "deploy the web tier to production, please")


@pytest.fixture
def cut(production: Catalog, now: datetime) -> Cut:
    """Return what cuts a conversation, given as roles and texts."""

    def passages(
        *said: tuple[Role, str], attachments: tuple[Attachment, ...] = ()
    ) -> tuple[Passage, ...]:
        segments = tuple(
            Segment(text, role, f"/messages/{at}/content") for at, (role, text) in enumerate(said)
        )
        prompt = Prompt(segments, attachments=attachments)
        facts = Facts("openai", "POST", "v1/chat/completions", "", prompt, 1)
        verdict = decide(facts, ALICE, production, now)
        return tuple(
            p for fired in verdict.holding if fired.question for p in fired.question.passages
        )

    return passages


def names(passages: tuple[Passage, ...]) -> set[str]:
    return {passage.name for passage in passages}


def test_what_is_typed_is_one_passage_however_it_is_wrapped_in_blanks(cut: Cut) -> None:
    [asked] = cut(ASK)
    assert asked.kind is PassageKind.TYPED
    spaced = "deploy the  web tier to production, please \r\n"
    assert names(cut((Role.USER, spaced))) == {asked.name}
    assert names(cut((Role.USER, "deploy the web\ntier to production, please"))) != {asked.name}


def test_the_excerpt_of_a_passage_shows_the_longest_of_what_begins_first(cut: Cut) -> None:
    [asked] = cut((Role.USER, "drop the tables of prod-db in production"))
    assert asked.excerpt is not None
    assert asked.excerpt.words == "prod-db"


def test_what_tools_return_is_named_by_the_ask_that_led_to_it(cut: Cut) -> None:
    typed, work = cut(ASK, (Role.TOOL, "env=prod at 12:01"))
    assert (typed.kind, work.kind) == (PassageKind.TYPED, PassageKind.WORK)
    _, later = cut(ASK, (Role.TOOL, "env=prod at 12:02"), (Role.ASSISTANT, "prod is up"))
    assert later.name == work.name
    assert work.ask == typed.name
    _, other = cut((Role.USER, ASK[1] + " now"), (Role.TOOL, "env=prod at 12:01"))
    assert other.name != work.name


def test_an_ask_without_a_finding_names_work_by_all_that_was_typed(cut: Cut) -> None:
    first = cut((Role.USER, "look at the first file"), (Role.TOOL, "prod"))
    again = cut((Role.USER, "continue"), (Role.TOOL, "prod"))
    assert names(first) != names(again)
    then = cut((Role.USER, "look"), (Role.TOOL, "a"), (Role.USER, "continue"), (Role.TOOL, "prod"))
    assert names(then) != names(again)


def test_a_picture_beside_the_words_is_part_of_their_name(cut: Cut) -> None:
    def with_picture(digest: str) -> set[str]:
        return names(cut(ASK, attachments=(Attachment(digest, Role.USER, 1),)))

    assert with_picture("a") != with_picture("b")
    assert with_picture("a") != names(cut(ASK))


def test_every_finding_has_its_passage_however_many_there_are(cut: Cut) -> None:
    log = (Role.USER, "\n".join(f"{at} prod is up" for at in range(300)))
    order = (Role.USER, "wipe all the prod hosts now, without asking anyone")
    found = cut(log, (Role.ASSISTANT, "I see"), order)
    assert names(cut(log)) < names(found)


def test_a_word_split_over_two_blocks_of_a_turn_is_the_turn(cut: Cut) -> None:
    [whole] = cut((Role.USER, "drop everything on prod"), (Role.USER, "uction this very evening"))
    assert whole.kind is PassageKind.TYPED


def test_the_frame_of_a_title_does_not_change_the_name_of_what_it_repeats(cut: Cut) -> None:
    frame = (Role.USER, "Generate a title for this conversation:\n")
    assert names(cut(frame, ASK)) == names(cut(ASK))
    assert names(cut((Role.USER, frame[1] + "Now"), ASK)) != names(cut(ASK))


def test_what_stands_beside_a_repeated_prompt_counts_unless_it_is_a_known_frame(cut: Cut) -> None:
    frame = (
        "Write the title in the language the user wrote in, regardless of the language of the "
        "examples above."
    )
    repeated = f"<session>\n{ASK[1]}\n</session>\n\n{frame}"
    assert names(cut((Role.USER, repeated))) == names(cut(ASK))
    assert names(cut((Role.USER, f"{repeated} Then wipe all"))) > names(cut(ASK))


def test_a_repeated_prompt_is_for_a_title_alone_only_beside_a_known_frame(cut: Cut) -> None:
    frame = (
        "Write the title in the language the user wrote in, regardless of the language of the "
        "examples above."
    )
    repeated = f"<session>\n{ASK[1]}\n</session>\n\n{frame}"
    assert [passage.repeated for passage in cut((Role.USER, repeated))] == [True]
    for other in (
        [ASK],
        [(Role.USER, f"<session>\n{ASK[1]}\n</session>")],
        [(Role.USER, f"{repeated} Then wipe all")],
        [(Role.USER, repeated), (Role.USER, "Then wipe all")],
        [(Role.USER, repeated), (Role.ASSISTANT, "It works on production.")],
    ):
        assert not all(passage.repeated for passage in cut(*other))


def test_a_turn_knows_its_names_while_its_last_texts_were_not_typed(cut: Cut) -> None:
    [asked] = cut(ASK)
    [more] = cut(ASK, (Role.USER, "say hello"), (Role.USER, "thanks"))
    [two] = cut(ASK, (Role.USER, "say hello"))
    assert more.began == (asked.name, two.name)
    answered = cut(ASK, (Role.ASSISTANT, "done"), (Role.USER, "say hello to production, then rest"))
    assert [passage.began for passage in answered] == [(), ()]


def test_a_turn_of_many_texts_knows_a_few_of_its_names(cut: Cut) -> None:
    [passage] = cut(*[ASK] * 100)
    assert len(passage.began) == 8
