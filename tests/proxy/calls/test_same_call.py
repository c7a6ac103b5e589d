"""Which calls of a hook people have decided on already, by what the call says and by its id."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from app.domain.hold import Hold, HoldState, Person, Vote
from app.domain.hook import Hook, HookEvent, HookTool
from app.domain.tool_call import HeldCall
from policies.loader import load_catalog
from proxy.calls.asked import CallAsked
from proxy.calls.same_call import released_before
from tests.policies.calls.made import NAMES, NOW, judged, rule
from tests.policies.made import ALICE
from tests.proxy.test_facts import Sent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from policies.compiled_catalog import Catalog
    from proxy.record.recording import Recording

WIRE = {"cmd": "deploy it", "workdir": "/srv"}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "detectors").mkdir()
    (tmp_path / "catalog" / "own.yaml").write_text(rule("{name: ['@shell']}"))
    (tmp_path / "approvers.yaml").write_text("- {name: managers, slack_groups: [managers]}\n")
    return load_catalog(tmp_path)


def asked(
    catalog: Catalog,
    arguments: Mapping[str, str | bool],
    call_id: str = "",
    *,
    name: str = "Bash",
    tool: HookTool = HookTool.CLAUDE_CODE,
) -> CallAsked:
    call = judged(catalog, name, arguments)
    held = HeldCall(name, call.shown, "one", call_id=call_id, editable=not call.is_masked)
    inquiry = replace(Sent().read(), hook=Hook(tool, HookEvent.TOOL_CALL))
    nowhere = cast("Recording", None)  # nothing is written
    return CallAsked(ALICE, inquiry, nowhere, call.verdict, held, "", 1.0, "", NAMES)


def released(of: CallAsked, change: str = "") -> Hold:
    vote = Vote(Person("U1", "m@acme.example", "Maria"), approve=True, at=NOW, change=change)
    return Hold(
        *("id", of.key, "session", ALICE, "openai", "any", "POST", "v1/responses", 1, ""),
        of.verdict,
        NOW,
        NOW,
        state=HoldState.RELEASED,
        votes=(vote,),
        released_at=NOW,
        tool=of.call,
    )


def is_same(of: CallAsked, hold: Hold, seconds: float = 0) -> bool:
    return released_before(of, of.verdict, [hold], NOW + timedelta(seconds=seconds)) is hold


@pytest.mark.parametrize(
    ("known", "given", "seconds", "same"),
    [
        ("a", "a", 3500, True),
        ("a", "a", 3700, False),
        ("a", "b", 0, False),
        ("a", "", 50, True),
        ("", "b", 70, False),
    ],
)
def test_an_id_tells_calls_apart_and_without_one_a_minute_does(
    catalog: Catalog, known: str, given: str, seconds: float, *, same: bool
) -> None:
    hold = released(asked(catalog, {"command": "deploy it"}, known))
    assert is_same(asked(catalog, {"command": "deploy it"}, given), hold, seconds) is same


def test_another_call_is_another_though_its_id_is_the_same(catalog: Catalog) -> None:
    hold = released(asked(catalog, {"command": "deploy it"}, "a"))
    assert not is_same(asked(catalog, {"command": "deploy all"}, "a"), hold)


def test_a_changed_call_is_known_as_it_was_and_as_it_became(catalog: Catalog) -> None:
    hold = released(asked(catalog, {"command": "deploy all"}), json.dumps({"command": "deploy it"}))
    assert is_same(asked(catalog, {"command": "deploy all"}), hold)
    assert is_same(asked(catalog, {"command": "deploy it"}), hold)
    assert not is_same(asked(catalog, {"command": "deploy none"}), hold)


def test_what_was_decided_last_counts(catalog: Catalog) -> None:
    call = asked(catalog, {"command": "deploy it"})
    first = released(call)
    denied = replace(first, id="later", state=HoldState.DENIED)
    assert released_before(call, call.verdict, [first, denied], NOW) is None


def test_a_tool_spells_a_call_otherwise_and_says_nothing_that_people_have_not_seen(
    catalog: Catalog,
) -> None:
    hold = released(asked(catalog, WIRE, "a", name="exec_command"))
    more_said = {"command": "deploy it", "is_background": False}
    told = released(asked(catalog, {"command": "deploy it"}, "a"))
    assert is_same(asked(catalog, more_said, "a"), told)
    assert not is_same(asked(catalog, more_said, "a", tool=HookTool.CURSOR), told)
    same = {"command": "deploy it"}
    assert is_same(asked(catalog, same, "a", tool=HookTool.CODEX), hold)
    assert not is_same(asked(catalog, same, "a"), hold)
    assert not is_same(asked(catalog, same, tool=HookTool.CODEX), hold)
    for more in ({"command": "deploy it all"}, {**same, "more": "else"}):
        assert not is_same(asked(catalog, more, "a", tool=HookTool.CODEX), hold)
    secret = {"cmd": "deploy ghp_016C7e3f2A9b4D5c6E7f8A9b0C1d2E3f4A5b6"}
    masked = released(asked(catalog, secret, "a", name="exec_command"))
    other = {"command": secret["cmd"][:-1] + "7"}
    assert not is_same(asked(catalog, other, "a", tool=HookTool.CODEX), masked)
