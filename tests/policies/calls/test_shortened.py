"""Long arguments are cut so that people still see what they are about."""

from __future__ import annotations

import json

import pytest

from policies.calls.arguments import shortened

MOST = 1_000


def test_a_file_keeps_its_name_when_what_is_written_into_it_is_cut() -> None:
    written = json.dumps({"content": "line\n" * 5_000, "file_path": "deploy/web.yaml"})
    short = shortened(written, MOST)
    assert len(short) <= MOST
    said = json.loads(short)
    assert said["file_path"] == "deploy/web.yaml"
    assert said["content"].startswith("line\nline\n")
    assert said["content"].endswith("… ⟨24,810 more characters are not shown⟩")


@pytest.mark.parametrize(
    "arguments",
    [
        "x" * 5_000,
        json.dumps({f"name {number}": "text" for number in range(500)}),
        "[" * 5_000,
    ],
    ids=["text", "many", "deep"],
)
def test_what_has_no_long_texts_is_cut_at_its_end(arguments: str) -> None:
    short = shortened(arguments, MOST)
    assert len(short) <= MOST
    said = f"… ⟨{len(arguments) - 940:,} more characters are not shown⟩"
    assert short == arguments[:940] + said


@pytest.mark.parametrize("arguments", ["", "x" * MOST, '{"b": 1,  "a": 2}'], ids=range(3))
def test_what_is_short_stays_as_it_is(arguments: str) -> None:
    assert shortened(arguments, MOST) == arguments
