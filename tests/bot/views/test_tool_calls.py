"""What a card says of a tool call: all that it would do, and nothing that acts by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.domain.hold import GrantSummary, HoldState
from app.domain.passage import Excerpt
from app.domain.tool_call import HeldCall
from bot.people.approvers import Audience
from bot.views import cards, requester_message, thread_replies, together
from bot.views.calls.body import pages
from bot.views.calls.change_form import change_form, changed, draft, is_offered
from bot.views.headline import LIMIT, headline
from bot.views.home_tab import HomeTabContents, home
from bot.views.requester_message import RequesterView
from policies.calls.reading import CallKind, read_call
from policies.calls.voting import read
from sandbox.slack.blockkit import check_blocks, check_view, length_of
from tests.bot.calls import BASH, COMMAND, call, cluster_rule
from tests.bot.values import MARIA, NOW, hold, vote

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from bot.slack.blocks import Message

PATCH = """*** Begin Patch
*** Update File: src/app.py
@@
-old
+new
*** Delete File: src/gone.py
*** End Patch"""
DIFF = "src/app.py\n a\n-b\n+B\n c"


def held(tool: HeldCall = BASH, **changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    return hold(tool=tool, rule=changes.pop("rule", cluster_rule()), **changes)


def drawn(one: Hold) -> Message:
    return cards.card(one, requester="U0DANA0001", value="v")


def words(message: Message) -> str:
    return json.dumps([message.summary, message.blocks], ensure_ascii=False)


@pytest.mark.parametrize(
    ("arguments", "kind", "lead", "text", "beside"),
    [
        ({"command": "ls", "timeout": 5}, CallKind.COMMAND, "ls", "ls", {"timeout": "5"}),
        ({"cmd": "ls\npwd"}, CallKind.COMMAND, "ls …", "ls\npwd", {}),
        ({"command": "#!/bin/sh\nset -e\nrm x"}, CallKind.COMMAND, "rm x …", None, {}),
        ({"command": ["bash", "-lc", "ls | wc"]}, CallKind.COMMAND, "ls | wc", None, None),
        ({"command": ["rm", "a b"]}, CallKind.COMMAND, "rm 'a b'", "rm 'a b'", {}),
        (
            {"path": "src/app.py", "old_str": "a\nb\nc", "new_str": "a\nB\nc", "all": True},
            CallKind.EDIT,
            "src/app.py",
            DIFF,
            {"all": "true"},
        ),
        (
            {"filePath": "src/app.py", "oldString": "a\nb\nc", "newString": "a\nB\nc"},
            CallKind.EDIT,
            "src/app.py",
            DIFF,
            {},
        ),
        (
            {"file_path": "x", "edits": [{"old_string": "a", "new_string": "b"}] * 2},
            CallKind.EDIT,
            "x",
            "x\n@@\n-a\n+b\n@@\n-a\n+b",
            {},
        ),
        (
            {"path": "x", "content": "a\nb", "mode": "w"},
            CallKind.EDIT,
            "x",
            "x\n+a\n+b",
            {"mode": "w"},
        ),
        (
            {"file_path": "x", "old_string": "a", "new_string": "a"},
            CallKind.EDIT,
            "x",
            "x\n-a\n+a",
            {},
        ),
        ({"path": "x\n+y", "content": ""}, CallKind.EDIT, '"x\\n+y"', '"x\\n+y"\n+', {}),
        (PATCH, CallKind.EDIT, "src/app.py and 1 more", PATCH, {}),
        ({"input": PATCH}, CallKind.EDIT, "src/app.py and 1 more", PATCH, {}),
        (
            {"path": "x", "edits": [{"oldText": "a"}]},
            CallKind.OTHER,
            'path: x, edits: [{"oldText": "a"}]',
            None,
            {},
        ),
        ({"q": "a\nid: 2", "id": 1}, CallKind.OTHER, "q: a …, id: 1", "q: a\n    id: 2\nid: 1", {}),
        ({}, CallKind.OTHER, "no arguments", "(no arguments)", {}),
        ({"command": 7}, CallKind.OTHER, "command: 7", "command: 7", {}),
        ({"commands": ["ls", "pwd"]}, CallKind.COMMAND, "ls …", "ls\npwd", {}),
        ({"commands": ["ls", 7]}, CallKind.OTHER, 'commands: ["ls", 7]', None, {}),
        ({"path": "x", "diff": "@@\n-a"}, CallKind.EDIT, "x", "x\n@@\n-a", {}),
        ({"command": "view", "path": "x"}, CallKind.OTHER, "command: view, path: x", None, {}),
        (
            {"command": "create", "path": "x", "file_text": "a"},
            CallKind.EDIT,
            "x",
            "x\n+a",
            {"command": "create"},
        ),
        ("look\nup", CallKind.OTHER, "look …", "look\nup", {}),
        ("[1]", CallKind.OTHER, "[1]", "[1]", {}),
        ("", CallKind.OTHER, "(nothing)", "", {}),
    ],
    ids=range(25),
)
def test_a_call_is_read_as_a_command_an_edit_or_its_arguments(
    arguments: Any,  # noqa: ANN401 - JSON, or a text
    kind: CallKind,
    lead: str,
    text: str | None,
    beside: dict[str, str] | None,
) -> None:
    found = read_call(call(arguments).arguments)
    assert (found.kind, found.lead) == (kind, lead)
    assert text is None or found.text == text
    assert beside is None or dict(found.beside) == beside


def test_what_runs_a_script_is_told_beside_it() -> None:
    found = read_call(call({"command": ["zsh", "-c", "ls"], "workdir": "/x"}).arguments)
    assert found.beside == (("run by", "zsh -c"), ("workdir", "/x"))


def test_a_large_edit_is_not_compared_line_by_line() -> None:
    old = "a\n" * 4000
    found = read_call(call({"path": "x", "old_str": old, "new_str": f"{old}b"}).arguments)
    assert found.text.count("\n-a") == found.text.count("\n+a") == 4000


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=40)
members = st.dictionaries(st.text(max_size=12), leaves, max_size=3)
json_values = leaves | st.lists(leaves | members, max_size=3) | members
names = st.sampled_from(
    ["command", "cmd", "file_path", "old_string", "new_string", "content", "edits", "input", "x"]
)
naughty = (
    st.text(max_size=60)
    | st.sampled_from(["<!channel> <@U1>", "```", "\u202e\u200b", "\ud800", "\n" * 40])
    | st.sampled_from("&x ").map(lambda char: char * 4000)
)
arguments = st.dictionaries(names, json_values | naughty, max_size=5)
anything = arguments.map(lambda value: json.dumps(value, ensure_ascii=False)) | naughty
calls = st.builds(
    HeldCall,
    naughty,
    anything,
    naughty,
    naughty,
    naughty,
    st.lists(naughty, max_size=7).map(tuple),
)
quickly = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@quickly
@given(arguments)
def test_every_argument_is_shown(given_: dict[str, Any]) -> None:
    assume(read(json.dumps(given_)) is not None)
    found = read_call(json.dumps(given_))
    beside = (f"{name}: {value}" for name, value in found.beside)
    shown = "\n".join((found.lead, found.text, *beside))
    for name, value in given_.items():
        if isinstance(value, str):
            spelt = json.dumps(value, ensure_ascii=False)
            assert spelt in shown or all(line in shown for line in value.split("\n"))
        elif not isinstance(value, list):
            assert name in shown


def acting(value: Any) -> str:  # noqa: ANN401 - whatever JSON has
    """Return all that Slack reads markup in: not what is preformatted."""
    if isinstance(value, dict):
        if value.get("type") == "rich_text":
            return ""
        return "".join(acting(part) for name, part in value.items() if name != "initial_value")
    if isinstance(value, (list, tuple)):
        return "".join(map(acting, value))
    return value if isinstance(value, str) else ""


@quickly
@given(calls, st.sampled_from(HoldState), anything, st.booleans())
def test_slack_takes_whatever_a_call_says(
    tool: HeldCall, state: HoldState, change: str, for_task: int
) -> None:
    said = vote(MARIA, change=change, for_task=bool(for_task))
    one = held(tool, state=state, votes=(said,), decided_at=NOW, keep_until=NOW, outcome="done")
    one = replace(one, granted=GrantSummary(("g",), 3600, NOW, passages=for_task))
    message = drawn(one)
    json.dumps(message.blocks, ensure_ascii=False).encode()
    assert check_blocks(json.loads(json.dumps(message.blocks))) == []
    assert length_of(list(message.blocks)) <= 13_200
    told = requester_message.direct(
        [RequesterView(one, "v"), RequesterView(replace(one, id="2"), "v")]
    )
    assert check_blocks(json.loads(json.dumps(told.blocks))) == []
    queue = home(
        HomeTabContents(queue=((one, "v"),), waiting=1, own=((one, "v"),), grants=((one, "v"),))
    )
    views = [queue, together.form([(one, "v")])]
    if is_offered(one):
        views.append(change_form(one, tool, "v"))
    for view in views:
        assert check_view(json.loads(json.dumps(view))) == []
    reminder = thread_replies.reminder(one, Audience()).blocks
    for part in (message.blocks, message.summary, told.blocks, views, reminder):
        assert "<!channel>" not in acting(part)
        assert "<@U1>" not in acting(part)


@quickly
@given(calls)
def test_the_whole_call_fits_the_pages_of_a_modal(tool: HeldCall) -> None:
    for page in pages(held(tool)):
        view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": page}
        assert check_view(json.loads(json.dumps(view))) == []


@quickly
@given(calls)
def test_the_headline_is_short_and_shows_only_its_own_signs(tool: HeldCall) -> None:
    said = headline(held(tool))
    assert len(said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) <= LIMIT
    assert said.startswith("Dana Reyes → ")
    assert said.count("→") == 1


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ('rm -rf "$HOME"/* | tee ~/x', 'rm -rf "$HOME"/* | tee ~/x'),
        ("✅ Approved: Eve → x", "□ Approved: Eve □ x"),
        ("ls \u202e; rm", "ls ⟨U+202E⟩; rm"),
    ],
    ids=["signs", "spoof", "hidden"],
)
def test_the_headline_keeps_each_sign_of_a_command(command: str, shown: str) -> None:
    assert headline(held(call({"command": command}))) == f"Dana Reyes → Bash: {shown}"


def test_hidden_signs_are_told_on_the_card() -> None:
    shown = words(drawn(held(call({"command": "ls \u200b"}))))
    assert "ls ⟨U+200B⟩" in shown
    assert "Some characters of it would not show" in shown
    beside = words(drawn(held(call({"command": "ls", "why": "\u200b"}))))
    assert "Some characters of it would not show" in beside
    assert "would not show" not in words(drawn(held()))


def test_what_was_found_is_quoted_only_where_the_call_is_folded() -> None:
    found = (Excerpt("then ", "rm -rf", " /srv", "/calls/0"),)
    rule = replace(cluster_rule(), excerpts=found, question=None)
    assert "*rm -rf*" not in words(drawn(held(rule=rule)))
    long = call({"command": "true\n" * 20 + "then rm -rf /srv"})
    assert "*rm -rf*" in words(drawn(held(long, rule=rule)))


def test_the_text_of_a_call_is_not_offered_to_be_trusted() -> None:
    assert "Never ask about this text" not in words(drawn(held()))
    assert "This was a false alarm" in words(drawn(held()))


def test_a_card_says_that_several_have_to_approve_the_task() -> None:
    said = "counts if each approver says so"
    assert said in words(drawn(held(rule=cluster_rule(quorum=2), quorum=2)))
    assert said not in words(drawn(held()))


def test_a_card_says_where_an_approval_covers_nothing_else() -> None:
    shown = words(drawn(held(rule=cluster_rule(cover=None))))
    assert "*Approve* is for this one call only" in shown
    assert "for this task" not in shown


@pytest.mark.parametrize(
    ("state", "changes", "said"),
    [
        (HoldState.APPROVED, {}, "being released to the agent"),
        (HoldState.RELEASED, {}, "released to the agent"),
        (HoldState.APPROVED, {"attached": False}, "the agent has stopped waiting"),
        (HoldState.LAPSED, {}, "the agent never came back for it"),
        (HoldState.PENDING, {"attached": False, "votes": ()}, "The agent has stopped waiting"),
    ],
    ids=range(5),
)
def test_a_card_says_what_came_of_a_call(
    state: HoldState, changes: dict[str, Any], said: str
) -> None:
    one = held(**{"state": state, "votes": (vote(MARIA),), "keep_until": NOW, **changes})
    shown = words(drawn(one))
    assert said in shown
    assert "requester disconnected" not in shown


def test_the_home_tab_shows_more_of_a_call_than_its_first_line() -> None:
    long = held(call({"command": "\n".join(f"line {number}" for number in range(9))}))
    for shown in (
        HomeTabContents(queue=((long, "v"),), waiting=1),
        HomeTabContents(others=((long, "v"),), glass=True),
    ):
        said = json.dumps(home(shown), ensure_ascii=False)
        assert "`line 4`" in said
        assert "… and 4 more lines" in said


def test_the_card_of_a_changed_call_shows_both() -> None:
    said = vote(MARIA, change='{"command": "kubectl get ns"}')
    shown = words(drawn(held(state=HoldState.RELEASED, votes=(said,))))
    for part in (COMMAND, "kubectl get ns", "released to the agent with the change"):
        assert part in shown
    assert "✅ Approved with a change: Dana Reyes" in shown


def test_the_requester_reads_a_change_wherever_the_call_stands_in_their_message() -> None:
    cast = vote(MARIA, change='{"command": "kubectl get ns"}')
    one = RequesterView(held(state=HoldState.RELEASED, votes=(cast,)), "v")
    waiting = RequesterView(replace(held(state=HoldState.PENDING), id="0"), "v")
    for task in ([one], [waiting, one]):
        assert "kubectl get ns" in words(requester_message.direct(task))


def test_who_stops_an_agent_gets_no_message_that_its_call_is_withdrawn() -> None:
    stopped = held(state=HoldState.WITHDRAWN, note="The agent stopped waiting")
    assert not requester_message.due(stopped, waited=True)
    assert requester_message.due(replace(stopped, tool=None), waited=True)


@pytest.mark.parametrize("state", HoldState)
def test_the_requester_is_told_of_a_call_and_not_of_a_request(state: HoldState) -> None:
    cast = vote(MARIA, approve=state is not HoldState.DENIED, change="{}")
    for changes in ({"attached": True}, {"attached": False, "note": "Nobody is there"}):
        one = held(state=state, votes=(cast,), decided_at=NOW, keep_until=NOW, **changes)
        other = RequesterView(replace(one, id="1"), "")
        tasks = ([RequesterView(one, "v")], [RequesterView(one, "v"), other])
        lines = [words(requester_message.direct(task)) for task in tasks]
        for shown in lines:
            assert "tool call" in shown
            assert f"Bash `{COMMAND}`" in shown
            for wrong in ("Your request", "Change the prompt", "same request", "Request again"):
                assert wrong not in shown


@pytest.mark.parametrize(
    ("tool", "shown", "typed", "expected"),
    [
        (BASH, COMMAND, "ls", '{"command":"ls","timeout":120000}'),
        (call({"command": ["sh", "-c", "x"]}), "x", "y", '{"command":["sh","-c","y"]}'),
        (call({"command": "a", "n": 1e3}), "a", "b", '{"command":"b","n":1000.0}'),
        (call({"command": "a\u200b"}), '{\n  "command": "a\\u200b"\n}', '{"command": "a"}', None),
        (call({"command": "a &lt; b"}), '{\n  "command": "a \\u0026lt; b"\n}', "{}", "{}"),
        (call({"q": 'é"\U0001d173'}), '{\n  "q": "é\\"\\ud834\\udd73"\n}', '{ "q": 1 }', '{"q":1}'),
        (call(PATCH, "apply_patch"), PATCH, "*** Begin Patch\r\n", "*** Begin Patch\n"),
        (call({"q": 1}), '{\n  "q": 1\n}', "{q", "{q"),
    ],
    ids=range(8),
)
def test_a_call_is_edited_as_people_read_it(
    tool: HeldCall, shown: str, typed: str, expected: str | None
) -> None:
    assert draft(tool).text == shown
    assert changed(tool, typed) == (expected or typed.replace(" ", ""))
    assert changed(tool, shown) == tool.arguments, "what is left as it was is no change"


@quickly
@given(arguments)
def test_what_is_shown_to_be_edited_says_the_same_as_the_call(given_: dict[str, Any]) -> None:
    spelt = json.dumps(given_)
    shown = draft(call(spelt))
    if not shown.command and read(spelt) is not None:
        assert json.loads(shown.text) == given_


def test_a_text_with_signs_that_do_not_show_is_not_edited() -> None:
    assert is_offered(held(call(PATCH)))
    assert not is_offered(held(call(PATCH + "\u200b")))
