"""The form behind "Never ask about this text again…": the text in full, then for whom. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.domain.grant import reaching
from app.domain.trust import Reach, Trust
from app.pages import paged
from bot.slack import blocks, text
from bot.slack.blocks import Button
from bot.views import coverage, paging
from bot.views.quotes import whose
from bot.views.request_pages import PagePosition
from policies.passages.lines import is_long
from policies.passages.texts import item_of
from policies.passages.trust import DAYS, trustable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from app.domain.hold import Hold
    from app.domain.passage import Passage
    from app.pages import Page
    from app.replay.transcript import Turn
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

SUBMIT = "trust_submit"
OLDER = "trust_back"
NEWER = "trust_on"
TITLE = "Never ask again"
_TEXTS, _REACH, _DAYS = "texts", "reach", "days"
_MOST_TEXTS = 10
"""As many boxes as Slack takes."""
_USUAL_DAYS = 30


def offered(hold: Hold) -> tuple[Passage, ...]:
    """Return the passages that one form is about."""
    return trustable(hold)[:_MOST_TEXTS]


def pages_of(hold: Hold, turns: Iterable[Turn], mask: Callable[[str], str]) -> tuple[Page, ...]:
    """Return all text of the passages that are offered, masked, in pages.

    A word that stands alone, as in the description of a tool, is trusted with all of its item.
    """
    places = {passage.place for passage in offered(hold)}
    said = tuple(turns)
    found = [turn for turn in said if turn.place in places]
    items = {item_of(turn.place) for turn in found if not is_long(turn.text)}
    shown = [turn for turn in said if turn.place in places or item_of(turn.place) in items]
    return tuple(paged(replace(turn, text=mask(turn.text)) for turn in shown))


def form(hold: Hold, place: PagePosition, pages: Sequence[Page], *, administrator: bool) -> Block:
    """Show one page of the text; the last one takes the answer, so that all of it was shown."""
    number = min(place.page, len(pages) - 1)
    last = number == len(pages) - 1
    drawn = [blocks.section(_what(hold))] if number == 0 else []
    drawn += paging.page_blocks(pages[number], hold.verdict.holding)
    turns = []
    if number > 0:
        turns.append(Button("← Back", OLDER, PagePosition(place.value, number - 1).spelt()))
    if not last:
        turns.append(Button("More →", NEWER, PagePosition(place.value, number + 1).spelt()))
        at = f"Page {number + 1} of {len(pages)}. On the last one you choose for whom."
        drawn.append(blocks.context(text.ours(at)))
    if turns:
        drawn.append(blocks.actions("trust_pages", turns))
    if not last:
        return blocks.modal(TITLE, drawn, callback_id=SUBMIT, close="Cancel", private=place.value)
    said = coverage.trusted(hold)
    drawn += [blocks.context(*said)] if said else []
    return blocks.modal(
        TITLE,
        [*drawn, *_inputs(hold, administrator=administrator)],
        callback_id=SUBMIT,
        submit="Never ask again",
        close="Cancel",
        private=place.value,
    )


def _what(hold: Hold) -> Markup:
    rules = ", ".join(dict.fromkeys(fired.rule for fired in hold.verdict.holding))
    return text.join(
        text.ours(
            "This text comes with the agent's requests. Read it to the end. If you trust it, "
            "requests over "
        ),
        text.code(hold.connection, 80),
        text.ours(" are no longer held because of the lines in which "),
        text.words(rules, 300),
        text.ours(
            " found something. When such a line changes, people are asked again. Text beside it in "
            "which nothing is found is not checked. What people type, tools return and the model "
            "says is held as before. Secrets are masked here."
        ),
    )


def _inputs(hold: Hold, *, administrator: bool) -> list[Block]:
    options = [
        blocks.option(passage.name, _label(passage), under=whose(passage))
        for passage in offered(hold)
    ]
    ticked = {"initial_options": options} if len(options) == 1 else {}
    reaches = [
        blocks.option(reach.value, label)
        for reach, label in _reaches(hold).items()
        if reach is not Reach.EVERYONE or administrator
    ]
    days = [blocks.option(str(days), f"{days} days") for days in DAYS]
    usual = days[DAYS.index(_USUAL_DAYS)]
    chosen = {"options": reaches, "initial_option": reaches[0]}
    return [
        blocks.field(
            "Texts never to ask about again",
            _TEXTS,
            {"type": "checkboxes", "options": options, **ticked},
        ),
        blocks.field("For whom?", _REACH, {"type": "static_select", **chosen}),
        blocks.field(
            "For how long?",
            _DAYS,
            {"type": "static_select", "options": days, "initial_option": usual},
        ),
    ]


def _label(passage: Passage) -> str:
    return passage.excerpt.line if passage.excerpt else passage.place


def _reaches(hold: Hold) -> dict[Reach, str]:
    origin = hold.requester.provenance
    known = {
        Reach.PERSON: f"Only {hold.requester.name}",
        Reach.REPOSITORY: f"All jobs of {origin.repository}" if origin else "",
        Reach.EVERYONE: f"Everyone who uses {hold.connection}",
    }
    return {reach: known[reach] for reach in reaching(hold.requester, "", "")}


def read(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Trust:
    """Read the form as Slack sends its `state.values`."""
    ticked = values[_TEXTS][_TEXTS].get("selected_options") or []
    return Trust(
        passages=tuple(str(option["value"]) for option in ticked),
        reach=Reach(values[_REACH][_REACH]["selected_option"]["value"]),
        days=int(values[_DAYS][_DAYS]["selected_option"]["value"]),
    )
