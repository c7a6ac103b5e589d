"""A conversation shows each thing once, though agents send their whole history each time."""

from __future__ import annotations

from app.domain.segment import Role
from app.replay.blocks import Block, BlockKind
from proxy.replay.telling import Blocks, only_new

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


def test_what_the_record_has_no_answer_for_is_shown_where_it_comes_back() -> None:
    [only] = only_new([Blocks((ASK, ELSEWHERE, YES), ())])
    assert only.asked == (ASK, ELSEWHERE, YES)
