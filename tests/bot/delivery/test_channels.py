"""Where the card of a hold goes: by its rule, by connection, repository or team."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.settings import RouteSettings, load_settings
from bot.delivery.channels import Places
from tests.bot.values import DANA, JOB, hold

if TYPE_CHECKING:
    from app.domain.hold import Hold

PLACES = Places(
    "approvals",
    routes=(
        RouteSettings(channel="#payments", repositories=("acme/pay*",)),
        RouteSettings(channel="team-a", groups=("team-a",), connections=("openai",)),
        RouteSettings(channel="dm", connections=("cursor",)),
    ),
)
TEAM_A = replace(DANA, groups=frozenset({"developers", "team-a"}))
CLAIMED = replace(JOB, provenance=replace(JOB.provenance, verified=False))


def with_channel(channel: str, **changes: object) -> Hold:
    made = hold(**changes)
    assert made.verdict.approval is not None
    approval = replace(made.verdict.approval, channel=channel)
    return replace(made, verdict=replace(made.verdict, approval=approval))


@pytest.mark.parametrize(
    ("held", "place"),
    [
        (hold(), "approvals"),
        (hold(requester=JOB), "payments"),
        (hold(requester=CLAIMED), "approvals"),
        (hold(requester=TEAM_A), "team-a"),
        (hold(requester=TEAM_A, connection="anthropic"), "approvals"),
        (hold(connection="cursor"), "dm"),
        (with_channel("#security", requester=JOB), "security"),
    ],
    ids=["no route", "repository", "only claimed", "team", "one of two", "direct", "by the rule"],
)
def test_the_first_route_that_fits_counts_and_the_rule_before_all(held: Hold, place: str) -> None:
    assert PLACES.of(held) == place


def test_routes_are_given_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABEYANCE_SLACK_ROUTES", '[{"channel": "dm", "connections": ["cursor"]}]')
    assert load_settings().slack_routes == (RouteSettings(channel="dm", connections=("cursor",)),)
