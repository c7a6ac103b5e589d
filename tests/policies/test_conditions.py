"""Conditions that do not compare names: the time, sizes, uninspected parts, expressions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.domain.identity import Provenance
from app.domain.verdict import Action
from app.errors import BadCatalog
from policies.conditions import NAMES, OTHERS
from policies.decide import decide
from policies.files.when import WhenSpec
from policies.loader import load_catalog
from tests.policies.made import ALICE, JOB, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.domain.identity import Identity
    from app.domain.segment import Facts

CLAIMING = replace(ALICE, provenance=Provenance("acme/shop", ref="refs/heads/main", verified=False))


def _fires(
    directory: Path,
    at: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    asked: Facts | None = None,
    identity: Identity = ALICE,
) -> bool:
    verdict = decide(asked or facts("hello"), identity, load_catalog(directory), at)
    return verdict.action is Action.DENY


def _rule(when: str) -> str:
    return f"  on: request\n  then: deny\n  when: {{{when}}}\n"


def test_every_key_of_when_has_its_condition() -> None:
    unless = {f"unless_{name}" for name in NAMES}
    texts = ("prompt", "answer", "text", "tool_call")
    assert set(WhenSpec.model_fields) == {*NAMES, *unless, *OTHERS, *texts}


# 2026-11-23 is a Monday; Berlin is an hour ahead of UTC then, and two in summer.
@pytest.mark.parametrize(
    ("times", "at", "fires"),
    [
        ("from: '08:00', to: '18:00'", (11, 23, 7, 0), True),
        ("from: '08:00', to: '18:00'", (11, 23, 6, 59), False),
        ("from: '08:00', to: '18:00'", (11, 23, 17, 0), False),
        ("from: '08:00', to: '18:00'", (7, 20, 6, 0), True),
        ("from: '22:00', to: '06:00'", (11, 23, 21, 0), True),
        ("from: '22:00', to: '06:00'", (11, 23, 4, 59), True),
        ("from: '22:00', to: '06:00'", (11, 23, 12, 0), False),
        ("days: [mon]", (11, 23, 12, 0), True),
        ("days: [mon]", (11, 23, 23, 30), False),
        ("days: [fri], from: '22:00', to: '06:00'", (11, 28, 4, 0), True),
        ("days: [fri], from: '22:00', to: '06:00'", (11, 27, 4, 0), False),
    ],
)
def test_a_time_window_is_read_in_its_own_zone(
    write: Callable[..., Path], times: str, at: tuple[int, int, int, int], *, fires: bool
) -> None:
    month, day, hour, minute = at
    now = datetime(2026, month, day, hour, minute, tzinfo=UTC)
    directory = write(_rule(f"times: {{zone: Europe/Berlin, {times}}}"))
    assert _fires(directory, now) == fires
    directory = write(_rule(f"unless_times: {{zone: Europe/Berlin, {times}}}"))
    assert _fires(directory, now) != fires


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ("over_characters: 9", True),
        ("over_characters: 10", False),
        ("over_tokens: 2", True),
        ("over_tokens: 3", False),
    ],
)
def test_sizes_are_counted_over_all_texts(
    write: Callable[..., Path], when: str, *, fires: bool
) -> None:
    assert _fires(write(_rule(when)), asked=facts("hello", "world")) == fires


def test_what_cannot_be_inspected_can_be_refused(write: Callable[..., Path]) -> None:
    asked = facts("look at this")
    with_image = replace(asked, prompt=replace(asked.prompt, uninspected=("/messages/0/1",)))
    directory = write(_rule("uninspected: true"))
    assert not _fires(directory, asked=asked)
    assert _fires(directory, asked=with_image)


@pytest.mark.parametrize(
    ("expression", "identity", "fires"),
    [
        ('identity.provenance.ref != "refs/heads/main"', JOB, False),
        ('identity.provenance.ref != "refs/heads/main"', ALICE, True),
        ('identity.provenance.ref != "refs/heads/main"', CLAIMING, True),
        ("identity.groups.exists(g, g == 'sre') && characters > 3", ALICE, True),
        ("method == 'GET' || model.startsWith('gpt-')", ALICE, True),
        ("identity.kind == 'workload' && identity.provenance.verified", JOB, True),
        ("now < timestamp('2026-01-01T00:00:00Z')", ALICE, False),
        # What cannot be told counts as true: here the list has no such place.
        ("model == 'gpt' || uninspected[7] == ''", ALICE, True),
    ],
)
def test_an_expression_decides_over_the_facts(
    write: Callable[..., Path], expression: str, identity: Identity, *, fires: bool
) -> None:
    rule = f'  on: request\n  then: deny\n  when:\n    condition: "{expression}"\n'.replace(
        '"refs/heads/main"', "'refs/heads/main'"
    )
    assert _fires(write(rule), identity=identity) == fires


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("condition: 'modle == 1'", "'modle' is not known"),
        ("condition: 'model =='", "one.when.condition: Failed to parse expression 'model =='"),
        ("condition: 'characters + 1'", "gives 6; it must give true or false"),
        ("times: {zone: Mars/Base}", "one.when.times.zone: 'Mars/Base' is no time zone"),
        ("times: {zone: UTC, from: '8'}", "one.when.times.from: write hours and minutes"),
        ("times: {zone: UTC, from: '08:00', to: '08:00'}", "ends when it begins"),
        (
            "over_characters: many",
            "one.when.over_characters: must be a whole number",
        ),
    ],
)
def test_a_condition_that_cannot_be_used_is_told_when_the_catalog_loads(
    write: Callable[..., Path], when: str, told: str
) -> None:
    with pytest.raises(BadCatalog) as fault:
        load_catalog(write(_rule(when)))
    assert told in str(fault.value)
