"""By what a held call is known: by all of it, not by what a card shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from app.domain.tool_call import HeldCall
from policies.loader import load_catalog
from proxy.calls.asked import CallAsked
from tests.policies.calls.made import judged, rule
from tests.policies.made import ALICE
from tests.proxy.test_facts import Sent

if TYPE_CHECKING:
    from pathlib import Path

    from policies.compiled_catalog import Catalog
    from proxy.record.recording import Recording

TOKEN = "ghp_016C7e3f2A9b4D5c6E7f8A9b0C1d2E3f4A5b6"
APPROVERS = "- {name: managers, slack_groups: [managers]}\n"


@pytest.fixture(params=["high", "critical"])
def catalog(tmp_path: Path, request: pytest.FixtureRequest) -> Catalog:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "detectors").mkdir()
    more = f"  risk: {request.param}\n"
    (tmp_path / "catalog" / "own.yaml").write_text(rule("{name: [Bash]}", more=more))
    (tmp_path / "approvers.yaml").write_text(APPROVERS)
    return load_catalog(tmp_path)


def asked(catalog: Catalog, command: str, conversation: str = "one") -> CallAsked:
    call = judged(catalog, "Bash", {"command": command})
    held = HeldCall("Bash", call.shown, conversation)
    nowhere = cast("Recording", None)  # nothing is written
    return CallAsked(ALICE, Sent().read(), nowhere, call.verdict, held, "", 1.0)


def test_calls_that_look_the_same_once_they_are_masked_are_others(catalog: Catalog) -> None:
    one, other = (asked(catalog, f"login {TOKEN[:-1]}{digit}") for digit in "78")
    assert one.call == other.call
    assert one.key != other.key
    assert one.names != other.names


def test_the_same_call_is_known_in_its_conversation_only(catalog: Catalog) -> None:
    assert asked(catalog, "ls").key == asked(catalog, "ls").key
    assert asked(catalog, "ls").key != asked(catalog, "ls", "two").key
