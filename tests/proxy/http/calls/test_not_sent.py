"""Calls that go on together, of which the client gets nothing: none of them was made."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.domain.hold import HoldState
from app.domain.record.session import Decision
from tests.proxy.http.calls.test_given_back import HALT, HaltingLedger, Story
from tests.proxy.http.calls.test_kept_back_calls import RULES, SETS
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOGETHER = RULES.replace("  then: hold", "  together: true\n  then: hold")
LARGE = "far " * 20_000
"""What the record has before any of it is sent."""


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Iterator[Settings]:
    (settings.catalog / "catalog" / "deploys.yaml").write_text(TOGETHER)
    (settings.catalog / "approvers.yaml").write_text(SETS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxy.parts.ChainedLedger", HaltingLedger)
        yield settings


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
async def test_who_leaves_before_the_first_byte_had_none_of_the_calls_made(
    here: Here, *, streams: bool
) -> None:
    number = uuid4().hex
    story = Story(here, streams, (f"ls {number} {LARGE}", f"deploy {number}"))
    first = await story.ask()
    holds = await story.waiting(1)
    HALT.before("chunks", 1)
    await story.approve(holds)
    await HALT.reached.wait()
    await first.leave()
    HALT.go_on.set()
    session = await recorded(story.storage, holds[0].session_id)
    assert await story.states(holds) == {(HoldState.APPROVED, False)}
    assert session.answer is not None
    assert [call.decision for call in session.answer.calls] == [Decision.WITHDRAWN] * 2

    again = await story.ask()
    assert story.has_all(await again.answer())
    assert {state for state, _ in await story.states(holds)} == {HoldState.RELEASED}
