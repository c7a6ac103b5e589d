"""Neither memory nor one document of the record has to take all that an upstream may send."""

from __future__ import annotations

import pytest

from app.domain.record.session import MOST_ARGUMENTS, Decision, RecordedCall
from app.errors import TooLarge, Unavailable
from proxy.calls.limits import MOST_CALLS, KeptBytes, check_number, recordable


def test_all_calls_of_an_answer_fit_into_one_document() -> None:
    large = RecordedCall("Bash", "x" * MOST_ARGUMENTS, Decision.ALLOWED)
    recorded = list(recordable([large] * MOST_CALLS))
    assert len(recorded) == MOST_CALLS
    assert recorded[0] == large
    assert recorded[-1].is_cut
    # MongoDB takes 16 MB, and a character may be four bytes.
    assert sum(len(call.arguments) for call in recorded) * 4 < 16_000_000


def test_an_answer_with_too_many_calls_is_ended() -> None:
    check_number(MOST_CALLS)
    with pytest.raises(TooLarge, match="256 tool calls"):
        check_number(MOST_CALLS + 1)


def test_what_one_answer_releases_another_may_keep() -> None:
    kept = KeptBytes(10)
    kept.keep(7)
    with pytest.raises(Unavailable, match="Try again when some are decided"):
        kept.keep(4)
    kept.release(7)
    kept.keep(10)
