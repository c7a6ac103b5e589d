"""The pace below Slack's rates, on a clock that a test pushes."""

from __future__ import annotations

from bot.slack.rates import Pace


def waits(pace: Pace, *times: float, key: str = "C1") -> list[float]:
    """How long each call waits that comes at these times."""
    return [max(pace.book(key, time), 0.0) for time in times]


def test_a_burst_passes_and_then_one_by_one() -> None:
    assert waits(Pace(1.0, 3), 100, 100, 100, 100, 100) == [0, 0, 0, 1, 2]


def test_rest_adds_up_to_a_burst_and_no_more() -> None:
    pace = Pace(1.0, 2)
    assert waits(pace, 100, 100, 100) == [0, 0, 1]
    assert waits(pace, 1000, 1000, 1000) == [0, 0, 1]


def test_channels_do_not_wait_for_each_other() -> None:
    pace = Pace(1.0, 1)
    assert waits(pace, 100, 100) == [0, 1]
    assert waits(pace, 100, key="C2") == [0]


def test_never_more_than_the_rate_allows_in_any_stretch() -> None:
    pace = Pace(0.5, 4)
    passed = sorted(time + pace.book("C1", time) for time in (n * 0.1 for n in range(100)))
    for start in passed:
        within = [time for time in passed if start <= time < start + 10]
        assert len(within) <= 4 + 10 / 0.5


def test_a_turn_that_is_given_back_is_free_again() -> None:
    pace = Pace(1.0, 1)
    assert waits(pace, 100, 100) == [0, 1]
    pace.give_back("C1")
    assert waits(pace, 100) == [1]


async def test_what_slack_asked_for_is_kept() -> None:
    pace = Pace(0.001, 3)
    assert pace.at_once("C1")
    pace.hold_back("C1", 60)
    assert not pace.at_once("C1")
    assert pace.at_once("C2")
