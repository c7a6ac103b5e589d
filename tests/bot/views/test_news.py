"""View full marks what people have not approved before, and nothing on a first card."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.domain.passage import Excerpt, Passage, PassageKind
from app.domain.segment import Role
from app.domain.verdict import Approval, Question
from app.pages import paged
from app.replay.reader import Shown
from app.replay.transcript import Turn
from bot.views.news import news
from bot.views.request_pages import request_page
from tests.bot.values import fired, hold

if TYPE_CHECKING:
    from app.domain.hold import Hold

NEW = "new since the last approval"


def held(*found: str, typed: tuple[str, ...] = (), fixed: tuple[str, ...] = ()) -> Hold:
    """A hold with findings at some places, and open passages at others."""
    passages = [Passage(place, PassageKind.TYPED, Role.USER, place) for place in typed]
    passages += [Passage(place, PassageKind.TEXT, Role.SYSTEM, place) for place in fixed]
    asked = Question("law", Approval(("managers",)), tuple(passages))
    excerpts = tuple(Excerpt("", "production", "", place) for place in found)
    return hold(rule=fired(excerpts=excerpts, question=asked))


OLD, NEXT = "/messages/2/content", "/messages/10/content/1/text"


@pytest.mark.parametrize(
    ("one", "new", "old"),
    [
        (held(OLD, NEXT, typed=(NEXT,)), [NEXT, "/messages/11/content"], [OLD, "/messages/9/x"]),
        (held(OLD, typed=(NEXT,)), ["/messages/10/content/0/text"], [OLD, "/system/0/text"]),
        (held(OLD, typed=("/input/3", NEXT)), [NEXT, "/input/4"], [OLD, "/input/2"]),
        (held(OLD, "/system", fixed=("/system",)), ["/system"], [OLD, NEXT]),
        (held("/system (base64)", fixed=("/system",)), [], ["/system", OLD]),
        (held(OLD, NEXT, typed=(OLD,)), [], [OLD, NEXT, "/system"]),
        (held(OLD, NEXT), [], [OLD, NEXT]),
        (hold(), [], [OLD, "/messages/0/content"]),
    ],
    ids=[
        "follow-up",
        "parts",
        "two lists",
        "fixed text",
        "encoded",
        "first card",
        "whole request",
        "none",
    ],
)
def test_what_is_new(one: Hold, new: list[str], old: list[str]) -> None:
    found = news(one)
    assert [place for place in new if not found.has(place)] == []
    assert [place for place in old if found.has(place)] == []


def test_the_page_marks_the_new_turn_alone() -> None:
    said = [
        Turn(Role.USER, "deploy to production", place="/messages/0/content"),
        Turn(Role.ASSISTANT, "done", place="/messages/1/content"),
        Turn(Role.USER, "drop prod-db", place="/messages/2/content"),
    ]
    [page] = paged(said)
    one = held("/messages/0/content", "/messages/2/content", typed=("/messages/2/content",))
    view = request_page(one, "v", Shown(0, 1, page), 0)
    spelled = json.dumps(view, ensure_ascii=False)
    assert spelled.count(NEW) == 1
    assert spelled.index("done") < spelled.index(NEW) < spelled.index("drop prod-db")
