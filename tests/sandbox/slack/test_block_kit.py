"""Block Kit refuses what Slack refuses, and says where."""

from typing import Any

import pytest

from sandbox.slack.blockkit import check_blocks, check_view, fill_ids, length_of
from tests.sandbox.slack import bad_blocks


@pytest.mark.parametrize("case", bad_blocks.BLOCKS)
def test_a_bad_block_is_refused_with_a_pointer_to_it(case: str) -> None:
    problems = check_blocks([bad_blocks.section(), bad_blocks.BLOCKS[case]])
    assert problems
    assert all("[json-pointer:/blocks/1" in problem for problem in problems), problems


@pytest.mark.parametrize("case", bad_blocks.VIEWS)
def test_a_bad_view_is_refused(case: str) -> None:
    problems = check_view(bad_blocks.VIEWS[case])
    assert problems
    assert all("[json-pointer:/view" in problem for problem in problems), problems


@pytest.mark.parametrize("block", [*bad_blocks.good_blocks()], ids=lambda block: block["type"])
def test_a_block_at_its_limits_is_let_through(block: dict[str, Any]) -> None:
    assert check_blocks([block]) == []


def test_fifty_blocks_are_let_through_and_fifty_one_are_not() -> None:
    assert check_blocks([{"type": "divider"}] * 50) == []
    problems = check_blocks([{"type": "divider"}] * 51)
    assert problems == ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]


def test_one_block_id_may_not_name_two_blocks() -> None:
    block = bad_blocks.section(block_id="same")
    assert check_blocks([block, block]) == [
        '[ERROR] `block_id` "same" already exists [json-pointer:/blocks/1/block_id]'
    ]


def test_one_action_id_may_stand_in_two_blocks() -> None:
    blocks = [bad_blocks.actions(bad_blocks.button()), bad_blocks.actions(bad_blocks.button())]
    assert check_blocks(blocks) == []


def test_ids_that_the_app_leaves_out_are_filled_in_and_given_ones_stay() -> None:
    given = bad_blocks.actions({"type": "button", "text": bad_blocks.plain("Go")})
    named = bad_blocks.section(block_id="mine")
    filled, kept = fill_ids([given, named])
    assert filled["block_id"]
    assert filled["elements"][0]["action_id"]
    assert filled["elements"][0]["text"]["emoji"] is True
    assert kept["block_id"] == "mine"


def test_the_length_of_a_message_counts_every_text() -> None:
    assert length_of([bad_blocks.section(), bad_blocks.actions(bad_blocks.button())]) == 7
