from __future__ import annotations

from typing import Any

import pytest

from workstation.launch.waiting import News, watched


def told(card: str, state: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members
    usual = {"tool": "", "approvers": ["managers"], "message": "Because."}
    return {"card": card, "state": state, **usual, **changes}


def see(news: News, *found: dict[str, Any]) -> tuple[list[str], list[str]]:
    begun, decided = news.see(watched({"waiting": list(found)}))
    return [each.question for each in begun], [each.outcome for each in decided]


def test_each_beginning_and_each_outcome_is_news_once() -> None:
    news = News()
    asked = "Waiting for approval by managers: a request (card A)."
    assert see(news, told("OLD", "denied")) == ([], [])
    assert see(news, told("A", "pending")) == ([asked], [])
    assert see(news, told("A", "pending")) == ([], [])
    call = "Waiting for approval by managers: its call of Bash (card B)."
    assert see(news, told("A", "pending"), told("B", "pending", tool="Bash")) == ([call], [])
    assert see(news, told("A", "released"), told("B", "expired")) == (
        [],
        ["✅ approved: card A", "⛔ no one answered: card B"],
    )
    assert see(news, told("A", "released"), told("B", "expired")) == ([], [])


def test_what_the_tool_has_left_is_no_news() -> None:
    news = News()
    see(news, told("A", "pending"))
    assert see(news) == ([], [])
    assert news.pending == {}


@pytest.mark.parametrize("answer", [None, [], {}, {"waiting": [{}]}, {"waiting": 1}])
def test_an_answer_that_is_none_is_refused(answer: object) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        watched(answer)
