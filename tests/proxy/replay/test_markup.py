"""Markdown, code and diffs of strangers become our elements and their text, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.replay.drawing import call_body, call_summary
from proxy.replay.markup import Marks, code, markdown

MARKS = Marks(frozenset({"[aws-key]"}), ("production",))
OURS = re.compile(
    r"</?(?:p|em|strong|ul|ol(?: start=\"\d+\")?|li|blockquote|h[1-6]|hr ?/?|br ?/?|s|code|pre"
    r"|table|thead|tbody|tr|th|td|span|mark)(?: class=\"[a-z0-9 ]+\")?>"
)
pieces = st.sampled_from(
    [
        *("<script>alert(1)</script>", "<img src=x onerror=y>", "[a](javascript:b)", "![i](//e)"),
        *(
            "<http://e.com>",
            "[r]: //e 'x'",
            "&lt;b&gt;",
            "\ue000",
            "\ue002",
            "```py\n",
            "```<b>\n",
            "\n",
        ),
        *(
            "[aws-key]",
            "production",
            "`",
            "**",
            "|a|b|\n|-|:-|\n",
            "# ",
            "> ",
            "1. ",
            "    ",
            "\ud800",
            '"',
        ),
    ]
)
texts = st.lists(pieces | st.text(max_size=8), max_size=12).map("".join)


@settings(deadline=None)
@given(texts)
def test_no_element_comes_from_what_was_written(text: str) -> None:
    for shown in (markdown(text, MARKS), code(text, "python", MARKS), call_body(text, MARKS)):
        assert "<" not in OURS.sub("", shown)


@pytest.mark.parametrize(
    "draw", [markdown, lambda text, marks: code(text, "yaml", marks)], ids=["text", "code"]
)
def test_masked_places_and_findings_are_marked_in_text_and_in_code(draw: object) -> None:
    assert callable(draw)
    shown = draw("key: [aws-key] in production, [not-ours]", MARKS)
    assert re.findall(r'<mark class="(\w+)">(.*?)</mark>', shown) == [
        ("masked", "[aws-key]"),
        ("found", "production"),
    ]
    assert "[not-ours]" in re.sub("<[^>]*>", "", shown)


@pytest.mark.parametrize(
    "made",
    [
        {"file_path": "a.py", "old_string": "x = 1", "new_string": "x = 2"},
        {"filePath": "a.py", "oldString": "x = 1", "newString": "x = 2"},
        {"command": "str_replace", "path": "a.py", "old_str": "x = 1", "new_str": "x = 2"},
        {"absolute_path": "a.py", "edits": [{"old_string": "x = 1", "new_string": "x = 2"}]},
        {"input": "*** Begin Patch\n*** Update File: a.py\n@@\n-x = 1\n+x = 2\n*** End Patch"},
    ],
    ids=["claude", "opencode", "anthropic", "several", "patch"],
)
def test_an_edit_is_a_diff_however_its_tool_spells_it(made: dict[str, Any]) -> None:
    edit = call_body(json.dumps(made), MARKS)
    assert re.findall(r'<span class="(g[di])">(.)', edit) == [("gd", "-"), ("gi", "+")]
    assert call_summary(json.dumps(made)) == "a.py"


def test_a_command_and_a_new_file_are_code() -> None:
    file = call_body('{"filePath": "a.py", "content": "import os"}', MARKS)
    assert '<span class="kn">import</span>' in file
    command = call_body('{"command": "echo hi", "timeout": 5}', MARKS)
    assert "echo" in command
    assert "timeout" in command


def test_a_long_page_is_drawn_with_care_from_its_end_and_all_of_it_is_there() -> None:
    marks, source = Marks(), "x = 1  # one\n" * 900
    last, before = code(source, "python", marks), code(source, "python", marks)
    assert "<span" in last
    assert before == f'<pre class="code">{source}</pre>'
    assert "<em>" in markdown("*a* " * 9_000, marks)
    text = "*a* " * 9_000
    assert markdown(text, marks) == f'<pre class="plain">{text}</pre>'
    assert "<em>" in markdown("*short*", marks)
