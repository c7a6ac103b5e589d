"""A conversation shows each thing once, though agents send their whole history each time."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from app.domain.record.session import RecordedRequest
from app.domain.segment import Role
from app.replay.blocks import Block, BlockKind
from app.settings import POLICIES
from policies.loader import load_catalog
from proxy.replay.telling import Blocks, Recorded, masked_and_drawn, only_new, told

if TYPE_CHECKING:
    from proxy.replay.drawing import Drawn

ASK = Block(Role.USER, BlockKind.TEXT, "fix it")
YES = Block(Role.USER, BlockKind.TEXT, "yes")
CALL = Block(Role.ASSISTANT, BlockKind.CALL, '{"command":"ls"}', "sh")
AS_SENT_BACK = Block(Role.ASSISTANT, BlockKind.CALL, '{"command": "ls"}', "sh", "c1")
RESULT = Block(Role.TOOL, BlockKind.RESULT, "a", "", "c1")
DONE = Block(Role.ASSISTANT, BlockKind.TEXT, "Done.")
ELSEWHERE = Block(Role.ASSISTANT, BlockKind.TEXT, "said before the record began")


def test_each_turn_shows_only_what_it_added_and_a_result_knows_its_tool() -> None:
    history = (ASK, AS_SENT_BACK, RESULT)
    first, second, third = only_new(
        [
            Blocks((ASK,), (CALL,)),
            Blocks(history, (DONE,)),
            # What is said again is said again, and not a part of the history.
            Blocks((*history, DONE, YES, YES), ()),
        ]
    )
    assert (first.asked, first.answered) == ((ASK,), (CALL,))
    assert [(block.text, block.tool) for block in second.asked] == [("a", "sh")]
    assert second.answered == (DONE,)
    assert third.asked == (YES, YES)


def test_of_a_large_turn_the_end_is_drawn() -> None:
    said = [{"role": "user", "content": letter * 600} for letter in "abc"]
    request = RecordedRequest(
        "POST", "v1/x", "", (), json.dumps({"messages": said}).encode(), "digest"
    )
    recorded = Recorded("openai_chat", request, None, (), ())
    catalog = load_catalog(POLICIES)
    [whole], [cut] = (told([recorded], most, catalog) for most in (0, 1_000))
    assert (whole.is_cut, len(whole.asked)) == (False, 3)
    assert cut.is_cut
    assert [re.sub(r"<[^>]*>|\s", "", entry.body) for entry in cut.asked] == ["b" * 400, "c" * 600]


@pytest.mark.parametrize(
    "before", [12, 200], ids=["cut in its middle", "named in what is cut away"]
)
def test_what_is_cut_is_masked_before(before: int) -> None:
    named = 'DB_PASSWORD = "Tr0ub4dor&35" and '
    words = f"{'so it was, ' * 50}{named}{'x y z, ' * 40}I have set Tr0ub4dor&35 as you asked"
    most = len(words) - words.index("Tr0ub4dor") - before + 12
    body = json.dumps({"messages": [{"role": "user", "content": words}]}).encode()
    request = RecordedRequest("POST", "v1/x", "", (), body, "digest")
    [cut] = told([Recorded("openai_chat", request, None, (), ())], most, load_catalog(POLICIES))
    assert cut.is_cut
    assert "as you asked" in cut.asked[0].body
    assert "Tr0ub4dor" not in cut.asked[0].body


def test_what_the_record_has_no_answer_for_is_shown_where_it_comes_back() -> None:
    [only] = only_new([Blocks((ASK, ELSEWHERE, YES), ())])
    assert only.asked == (ASK, ELSEWHERE, YES)


SHOWN_APART = (
    'DB_PASSWORD = "Tr0ub4dor&35" and more',
    "ask alice.liddell@wonderland.example about it\n" * 3,
    "I have set Tr0ub4dor&35 as you asked",
    "AKIAIOSFODNN7EXAMPLE is what it said",
)


@pytest.mark.parametrize("most", [*range(1, 260, 7), 10_000])
def test_what_is_shown_is_the_end_of_all_of_it_masked(most: int) -> None:
    catalog = load_catalog(POLICIES)
    asked = tuple(Block(Role.USER, BlockKind.TEXT, text) for text in SHOWN_APART)
    halves = Blocks(asked, ())
    [whole], [cut] = (masked_and_drawn([halves], [()], catalog, limit) for limit in (0, most))
    shown, expected = ("".join(map(_words, half.asked)) for half in (cut, whole))
    # A mask that is cut is marked no more; the words are the same.
    assert expected.endswith(shown)
    assert "Tr0ub4dor" not in expected
    assert cut.is_cut == (len(shown) < len(expected))


def _words(entry: Drawn) -> str:
    return re.sub(r"<[^>]*>|\s", "", unescape(entry.body))
