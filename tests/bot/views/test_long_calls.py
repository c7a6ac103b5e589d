"""What a card says of a tool call that it cannot show whole."""

from __future__ import annotations

import json

import pytest

from app.domain.record.session import MOST_ARGUMENTS
from bot.views.calls.body import call_blocks
from policies.calls.arguments import shortened
from tests.bot.calls import call

NOTE = "too long to be shown whole"


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": f"ls {'x' * MOST_ARGUMENTS} && rm -rf ~"},
        {"file_path": "a.md", "content": "a\n" * MOST_ARGUMENTS},
        "text " * MOST_ARGUMENTS,
    ],
    ids=["command", "file", "text"],
)
def test_a_card_says_that_a_call_is_not_shown_whole(arguments: object) -> None:
    whole = call(arguments)
    cut = call(shortened(whole.arguments, MOST_ARGUMENTS), editable=False)
    said = json.dumps(call_blocks(cut), ensure_ascii=False)
    assert NOTE in said
    assert "shows all of it" not in said


def test_a_card_of_a_call_that_is_only_folded_says_where_all_of_it_is() -> None:
    said = json.dumps(call_blocks(call({"command": "ls\n" * 50})), ensure_ascii=False)
    assert NOTE not in said
    assert "shows all of it" in said
