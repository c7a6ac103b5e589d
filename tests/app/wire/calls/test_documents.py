"""Tool calls in answers that are one document, which goes on once all of them are ruled on."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from app.errors import TooLarge, UpstreamUnavailable
from app.wire.apis.anthropic import ANTHROPIC
from app.wire.apis.gemini import GEMINI
from app.wire.apis.openai_chat import CHAT
from app.wire.apis.openai_responses import RESPONSES
from app.wire.calls.base import CallReader, Changed, Passed, Replaced, Ruling
from app.wire.calls.choose import reader_for
from tests.app.wire.calls.answers.documents import CASES, DENIED, Case
from tests.app.wire.calls.law import COMMENT, LIMIT, TIMINGS, Timing, driven, wanted
from tests.app.wire.masking import cut

if TYPE_CHECKING:
    from app.wire.base import WireFormat

JSON = "application/json"
WIRES = {"anthropic": ANTHROPIC, "chat": CHAT, "responses": RESPONSES, "gemini": GEMINI}
OF_THE_API = frozenset({"shell", "web_search", "code_execution"})
each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
each_wire = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)


def reader(wire: WireFormat, label: str = JSON, limit: int = LIMIT) -> CallReader:
    def is_wanted(tool: str) -> bool:
        return wanted(tool) or tool in OF_THE_API

    found = reader_for(wire, label, is_wanted, limit=limit, alive=COMMENT)
    assert found is not None
    return found


def fed(case: Case) -> CallReader:
    read = reader(case.wire)
    read.feed(json.dumps(case.document).encode())
    read.finish()
    return read


@each_case
def test_calls_are_found_and_become_what_was_ruled(case: Case) -> None:
    for order in itertools.permutations(range(len(case.calls))):
        read = fed(case)
        assert read.calls == case.calls
        for number in order:
            assert read.keeps
            assert read.flow() == b""
            read.rule(number, case.rulings[number])
        assert json.loads(read.flow()) == case.expected
        assert not read.keeps
        assert read.flow() == b""


@each_case
@given(timing=TIMINGS)
@settings(max_examples=20, deadline=None)
def test_a_document_of_which_all_is_passed_is_the_same_bytes(case: Case, timing: Timing) -> None:
    body = json.dumps(case.document, indent=1).replace("/", "\\/").encode() + b"\n"
    marks = dict.fromkeys(range(len(case.calls)), b'"')
    assert driven(reader(case.wire), body, lambda _: Passed(), timing, marks) == body


@each_case
@given(timing=TIMINGS)
@settings(max_examples=10, deadline=None)
def test_cuts_of_a_document_and_the_times_of_rulings_change_nothing(
    case: Case, timing: Timing
) -> None:
    body = json.dumps(case.document).encode()
    marks = dict.fromkeys(range(len(case.calls)), b'"')

    def ruling(number: int) -> Ruling:
        return case.rulings[number]

    out = driven(reader(case.wire), body, ruling, timing, marks)
    assert json.loads(out) == case.expected


@each_case
def test_names_that_are_spelt_with_escapes_hide_no_call(case: Case) -> None:
    plain = json.dumps(case.document)
    spelt = (
        plain.replace("_", "\\u005f").replace("Call", "\\u0043all").replace("tool", "\\u0074ool")
    )
    read = reader(case.wire)
    read.feed(spelt.encode())
    read.finish()
    assert [found.tool for found in read.calls] == [found.tool for found in case.calls]


@each_case
def test_a_stopped_document_says_only_the_text(case: Case) -> None:
    read = fed(case)
    out = read.stop("Still waiting.")
    assert out.count(b"Still waiting.") == 1
    assert b"held_" not in out
    assert b"tool" not in out.replace(b'"tool_choice":"auto","tools":[]', b"").replace(
        b"parallel_tool_calls", b""
    )
    assert read.flow() == b""
    assert read.stop("again") == b""


@each_wire
def test_a_document_that_never_came_is_stopped_with_an_answer_of_its_own(wire: WireFormat) -> None:
    out = reader(wire).stop("Still waiting.")
    assert b"Still waiting." in out
    assert isinstance(json.loads(out), dict)


@each_wire
def test_nothing_is_said_before_a_document_is_whole(wire: WireFormat) -> None:
    read = reader(wire)
    read.feed(b'{"a": 1')
    assert not read.is_streamed
    assert read.keeps
    assert (read.flow(), read.say("so"), read.alive()) == (b"", b"", b"")


@each_wire
def test_a_document_without_calls_goes_on_as_it_came_whatever_it_is(wire: WireFormat) -> None:
    for body in (b'{"error": {"message": "no"}}\n', b'{"cut": [1, 2', b"[]", b"{} {}", b'"x"'):
        read = reader(wire)
        read.feed(body)
        read.finish()
        assert (read.calls, read.flow()) == ((), body)


@each_case
def test_what_may_hold_a_call_and_is_not_whole_is_withheld(case: Case) -> None:
    read = reader(case.wire)
    read.feed(json.dumps(case.document).encode()[:-3])
    with pytest.raises(UpstreamUnavailable):
        read.finish()
    assert read.flow() == b""


@each_case
def test_a_document_that_is_too_large_is_withheld(case: Case) -> None:
    body = json.dumps(case.document).encode()
    read = reader(case.wire, limit=len(body) - 1)
    *pieces, last = cut(body, list(range(0, len(body), 7)))
    for piece in pieces:
        read.feed(piece)
    with pytest.raises(TooLarge):
        read.feed(last)
    read.finish()
    assert read.flow() == b""


def test_only_rulings_that_can_be_carried_out_are_taken() -> None:
    case = next(case for case in CASES if case.calls[0].by_provider)
    read = fed(case)
    for number, ruling in (
        (0, DENIED),
        (1, Replaced(" ")),
        (1, Changed("no JSON")),
        (1, Changed("[1]")),
        (2, Passed()),
        (-1, Passed()),
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
            read.rule(number, ruling)
    read.rule(1, Passed())
    with pytest.raises(ValueError, match="already"):
        read.rule(1, DENIED)
    assert read.flow() == b""


def test_a_part_of_a_call_of_gemini_is_withheld_where_it_cannot_be_put_together() -> None:
    piece = {"functionCall": {"name": "held_w", "willContinue": True}}
    read = reader(GEMINI)
    read.feed(json.dumps([{"candidates": [{"content": {"parts": [piece]}}]}]).encode())
    with pytest.raises(UpstreamUnavailable):
        read.finish()
    assert read.flow() == b""


def test_what_stands_before_the_json_stays_there() -> None:
    case = CASES[0]
    read = reader(case.wire)
    read.feed(b")]}',\n" + json.dumps(case.document).encode())
    read.finish()
    read.rule(0, DENIED)
    before, guard, after = read.flow().partition(b")]}',\n")
    assert (before, json.loads(after)) == (b"", case.expected)
    assert guard
