"""How much may be kept back of answers, and kept of their calls in the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.errors import TooLarge, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.domain.record.session import RecordedCall

MOST_CALLS = 256
"""In one answer, of those that a rule looks at: no model makes as many, a hostile server might."""
_RECORDED = 2_000_000
_CUT = 1_000
_MIB = 1024 * 1024


class KeptBytes:
    """What all answers of this gateway keep back together, so that memory has an end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = 0

    def keep(self, size: int) -> None:
        """Count in what one answer keeps back. Raises Unavailable where it is too much of all."""
        if self._kept + size > self._limit:
            raise Unavailable(
                f"Answers with tool calls that wait for a decision take {self._limit // _MIB} MiB "
                "of this gateway's memory. Try again when some are decided."
            )
        self._kept += size

    def release(self, size: int) -> None:
        self._kept -= size


def check_number(calls: int) -> None:
    """Raise TooLarge where an answer makes more calls than anybody could decide on."""
    if calls > MOST_CALLS:
        raise TooLarge(f"The answer makes more than {MOST_CALLS} tool calls that rules look at.")


def recordable(calls: Iterable[RecordedCall]) -> Iterator[RecordedCall]:
    """Yield calls that fit into one document of the record together, the later ones cut."""
    left = _RECORDED
    for call in calls:
        size = len(call.tool) + len(call.arguments) + len(call.changed)
        if size <= left:
            left -= size
            yield call
        else:
            yield replace(
                call,
                tool=call.tool[:_CUT],
                arguments=call.arguments[:_CUT],
                changed=call.changed[:_CUT],
                is_cut=True,
            )
