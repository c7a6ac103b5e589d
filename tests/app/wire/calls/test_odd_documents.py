"""Documents as no API should send them: nothing of a held call goes on without its ruling."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import UpstreamUnavailable
from app.wire.calls.base import Changed, Passed
from app.wire.calls.choose import reader_for
from tests.app.wire.calls.answers.documents import CASES, DENIED, call
from tests.app.wire.calls.answers.odd import CHANGES, Change, changed
from tests.app.wire.calls.law import COMMENT, LIMIT, wanted

HELD = b"held_w"
HELD_CASES = {
    case.name: case for case in CASES if any(found.tool == call().tool for found in case.calls)
}


@pytest.mark.parametrize("name", list(HELD_CASES))
@given(changes=CHANGES, ruling=st.sampled_from([Passed(), DENIED, Changed('{"b":1}', "so")]))
@settings(max_examples=60, deadline=None)
def test_an_odd_document_is_withheld_or_goes_on_once_it_is_ruled_on(
    name: str, changes: list[Change], ruling: Passed | Changed
) -> None:
    case = HELD_CASES[name]
    odd = [("", case.document)]
    for change in changes:
        odd = changed(odd, change)
    read = reader_for(case.wire, "application/json", wanted, limit=LIMIT, alive=COMMENT)
    assert read is not None
    for _, document in odd[:1]:
        read.feed(json.dumps(document).encode())
    try:
        read.finish()
    except UpstreamUnavailable:
        assert read.flow() == b""
        return
    for number, found in enumerate(read.calls):
        assert HELD not in read.flow()
        read.rule(number, Passed() if found.by_provider else ruling)
    out = read.flow()
    assert not read.keeps
    if HELD in out:
        assert any(found.tool == HELD.decode() for found in read.calls)
        assert ruling != DENIED
