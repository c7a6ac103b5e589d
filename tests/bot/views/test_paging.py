"""Long conversations are cut into pages that Slack takes, and nothing is lost on the way."""

from __future__ import annotations

import html
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.segment import Role
from app.pages import paged
from app.replay.reader import Shown
from app.replay.transcript import Beat, Turn
from app.wire.reading import TextKind
from bot.slack import text
from bot.slack.blocks import modal
from bot.views import paging, request_pages
from sandbox.slack.blockkit import check_view
from tests.bot.values import fired, hold

naughty = st.text(max_size=200) | st.sampled_from(
    ["<!channel>" * 900, "line\n" * 2000, "&" * 9000, "😀" * 5000, "word " * 4000, "\u202e", "\n\n"]
)


def shown(pages: object) -> str:
    """All plain text of the pages, as a reader sees it."""
    texts = [
        block["text"]["text"]
        for page in pages  # type: ignore[attr-defined]
        for block in page
        if block["type"] == "section" and block["text"]["type"] == "plain_text"
    ]
    return html.unescape("".join(texts))


def squeezed(words: str) -> str:
    return "".join(words.split())


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(naughty, max_size=4))
def test_every_word_is_on_some_page_and_every_page_is_one_that_slack_takes(
    said: list[str],
) -> None:
    turns = [Turn(Role.USER, words, place="/x", tool=words[:50]) for words in said]
    pages = list(paged(turns))
    drawn = [paging.page_blocks(page) for page in pages]
    expected = "".join(text.clean(words) for words in said if text.clean(words).strip())
    assert squeezed(shown(drawn)).replace("–", "") == squeezed(expected).replace("–", "")
    for number, page in enumerate(pages):
        view = request_pages.request_page(
            hold(), "v" * 100, Shown(number, len(pages), page), number
        )
        view = json.loads(json.dumps(view))
        assert check_view(view) == []
        assert len(str(view)) < 100_000


def drawn_call(arguments: str) -> str:
    [page] = paged([Turn(Role.ASSISTANT, arguments, TextKind.TOOL_CALL, "Bash")])
    _, *drawn = paging.page_blocks(page)
    return "".join(block["elements"][0]["elements"][0]["text"] for block in drawn)


def test_a_call_of_a_tool_is_shown_as_people_read_it() -> None:
    command = {"command": "make\nmake test", "timeout": 5}
    assert drawn_call(json.dumps(command)) == "make\nmake test\ntimeout: 5"
    edit = {"file_path": "a.py", "old_string": "x = 1", "new_string": "x = 2"}
    assert drawn_call(json.dumps(edit)) == "a.py\n-x = 1\n+x = 2"
    assert drawn_call('{"a": 1, "a": 2}') == '{"a": 1, "a": 2}', "it reads in two ways"
    assert drawn_call("rm \u202e x") == "rm ⟨U+202E⟩ x"


def test_a_call_of_which_much_would_not_show_fits_in_a_view() -> None:
    told = drawn_call("\u202e" * 5_000)
    assert told.startswith("⟨U+202E⟩" * 1_250)
    assert told.endswith("… and 30,000 more characters")


def test_the_end_of_a_call_that_goes_on_from_another_page_is_shown_as_it_is() -> None:
    turn = Turn(Role.ASSISTANT, json.dumps({"command": "word " * 4000}), TextKind.TOOL_CALL, "Bash")
    first, *others = [paging.page_blocks(page) for page in paged([turn])]
    assert {block["type"] for block in first[1:]} == {"rich_text"}
    assert {block["type"] for page in others for block in page[1:]} == {"section"}


def test_without_words_there_is_still_a_page() -> None:
    assert list(paged([])) == [()]


def test_what_a_rule_found_stands_before_the_turn_that_it_was_found_in() -> None:
    said = Turn(Role.SYSTEM, "Be brief.", place="/messages/0/content")
    turns = [said, Turn(Role.USER, "Hi", place="/messages/1/content")]
    title, found, first, *other = paging.page_blocks(next(paged(turns)), [fired()])
    assert "*system*" in title["elements"][0]["text"]
    assert "*production*" in found["text"]["text"]
    assert first["text"]["text"] == "Be brief."
    assert "matched here" not in json.dumps(other)


def test_an_answer_shows_when_it_came() -> None:
    turn = Turn(Role.ASSISTANT, "Hello", beats=(Beat(120, 2), Beat(1500, 5)))
    assert "0.12 s – 1.50 s" in json.dumps(
        paging.page_blocks(next(paged([turn]))), ensure_ascii=False
    )


def test_parts_that_no_rule_has_read_are_named() -> None:
    block = paging.unread_note(["/messages/0/content/1 <!here>"])
    words = json.dumps(block)
    assert "/messages/0/content/1" in words
    assert "<!here>" not in words
    assert check_view(modal("Request", [block], callback_id="x")) == []
