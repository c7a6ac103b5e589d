"""What an author of rules about tool calls is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import BadCatalog
from policies.calls.tools import GROUPS, MCP
from policies.loader import load_catalog
from policies.rehearse import check
from tests.policies.calls.made import rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CALL_EXAMPLES = "  examples: {match: [{tool: x}], skip: [x]}\n"
WORDS = "{arguments: {words: [secret]}}"


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("{}", "one.when.tool_call: holds for every call; say so with name: ['*']"),
        ("{name: []}", "one.when.tool_call.name: is an empty list; name something"),
        (
            "{name: ['@shel']}",
            "one.when.tool_call.name.0: '@shel' is no group of tools; known are @shell, @write,",
        ),
        ("{name: [Bash], args: {}}", "one.when.tool_call.args: is not a key of this place"),
        ("{arguments: {}}", "one.when.tool_call.arguments: looks for nothing; give words, regex"),
        (
            "{arguments: {words: [secret], roles: [user]}}",
            "one.when.tool_call.arguments.roles: is not a key of this place",
        ),
        (
            "{arguments: {words: [secret], paths: ['$.command']}}",
            "one.when.tool_call.arguments.paths.0: write names with dots, such as command or",
        ),
        (
            "{arguments: {words: [secret], paths: ['edits[].new']}}",
            "one.when.tool_call.arguments.paths.0: write names with dots",
        ),
    ],
)
def test_what_is_wrong_with_a_tool_call_is_told(
    write: Callable[..., Path], when: str, told: str
) -> None:
    assert told in _told(write(rule(when)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("on: response", "on: request"), "one.on: a tool call is part of an answer; write"),
        (("on: response", "on: both"), "one.on: a tool call is part of an answer; write"),
        (("when: {", "when: {answer: {words: [ab c]}, "), "give only one of answer and tool_call"),
        (("when: {", "when: {text: {words: [ab c]}, "), "give only one of text and tool_call"),
        (("when: {", "when: {prompt: {words: [ab c]}, "), "give only one of prompt and tool_call"),
        (("  then: hold", "  then: hold\n  work: text"), "one.work: a tool call is decided on by"),
        (("  approval: {from: [managers]}\n", ""), "one.approval: a hold needs it"),
        (("  examples: {match: [secret], skip: [x]}\n", ""), "one.examples: is missing"),
        (("then: hold", "then: deny\n  together: true"), "one.together: only a rule that holds"),
        (("then: hold", "then: deny\n  covers: {}"), "one.covers: only a rule that holds has it"),
        (
            ("match: [secret]", "match: [{tol: x}]"),
            "one.examples.match.0.tool: is missing; add it",
        ),
        (("match: [secret]", "match: [7]"), "one.examples.match.0: must be text"),
    ],
)
def test_what_does_not_go_with_a_tool_call_is_told(
    write: Callable[..., Path], change: tuple[str, str], told: str
) -> None:
    whole = rule(WORDS, more="  examples: {match: [secret], skip: [x]}\n")
    load_catalog(write(whole))
    assert told in _told(write(whole.replace(*change, 1)))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            "  then: deny\n  when: {condition: tool.name == 'x'}\n",
            "one.when.condition: names `tool`",
        ),
        (
            "  then: deny\n  when: {users: ['*']}\n  together: true\n",
            "one.together: is for tool calls",
        ),
        (
            "  then: deny\n  when: {prompt: {words: [secret]}}\n" + CALL_EXAMPLES,
            "one.examples: must be texts; only a rule with `tool_call` has calls",
        ),
        (
            "  then: deny\n  when: {condition: tool.name == 'x'}\n",
            "one.when.condition: names `tool`, and the rule is about no tool call",
        ),
    ],
)
def test_other_rules_know_nothing_of_tool_calls(
    write: Callable[..., Path], fields: str, told: str
) -> None:
    assert told in _told(write("  on: request\n" + fields))


@pytest.mark.parametrize("then", ["allow", "mask", "hold", "deny"])
def test_a_tool_call_takes_every_action(write: Callable[..., Path], then: str) -> None:
    load_catalog(write(rule(WORDS, then, more="  examples: {match: [secret], skip: [x]}\n")))


def test_a_rule_of_names_alone_masks_nothing(write: Callable[..., Path]) -> None:
    told = _told(write(rule("{name: [Bash]}", "mask")))
    assert "one.then: nothing is named that could be masked; give `arguments`" in told


def test_a_rule_of_names_alone_has_calls_as_examples(write: Callable[..., Path]) -> None:
    more = "  examples: {match: [Bash], skip: [{tool: Read}]}\n"
    told = _told(write(rule("{name: [Bash]}", more=more)))
    assert "one.examples: must be calls, such as `{tool: Bash}`" in told


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("tool.nam == 'x'", "'tool.nam' is not known"),
        ("tool.arguments.a.b == 'x' && nobody", "'nobody' is not known"),
        ("size(tool.name)", "it must give true or false"),
    ],
)
def test_a_condition_about_a_tool_is_tried_as_far_as_it_can_be(
    write: Callable[..., Path], condition: str, told: str
) -> None:
    text = rule("{name: [Bash]}").replace("}}\n", f'}}, condition: "{condition}"}}\n', 1)
    assert told in _told(write(text))


EXAMPLES = """\
  examples:
    match:
      - a secret
      - {tool: bash, arguments: {command: [the, secret]}}
      - {tool: exec, arguments: secret}
    skip:
      - nothing
      - {tool: Read, arguments: {command: secret}}
      - {tool: Bash, arguments: {x: secret}}
"""
LOOKS = "{name: ['@shell'], arguments: {words: [secret], paths: [command]}}"


def test_examples_may_be_texts_or_calls(write: Callable[..., Path]) -> None:
    assert _faults_of(write(rule(LOOKS, more=EXAMPLES))) == []


def test_an_example_call_that_does_not_do_what_it_says_is_named(write: Callable[..., Path]) -> None:
    turned = EXAMPLES.replace("match", "other").replace("skip", "match").replace("other", "skip")
    change = "change the rule or the example"
    assert _faults_of(write(rule(LOOKS, more=turned))) == [
        f"rule one: does not fire on its example 'nothing'; {change}",
        "rule one: fires on 'secret' in 'a secret', which it should skip",
        f'rule one: does not fire on its example Read {{"command": "secret"}}; {change}',
        f'rule one: does not fire on its example Bash {{"x": "secret"}}; {change}',
        'rule one: fires on bash {"command": ["the", "secret"]}, which it should skip',
        "rule one: fires on exec secret, which it should skip",
    ]


def test_an_example_is_tried_on_conditions_about_the_call_alone(
    write: Callable[..., Path],
) -> None:
    six, five = (f"[{{tool: x, arguments: {{n: {n}}}}}]" for n in (6, 5))
    more = f"  examples: {{match: {six}, skip: {five}}}\n"
    text = rule("{name: ['*']}", more=more)
    alone = text.replace("}}\n", "}, condition: tool.arguments.n > 5}\n", 1)
    assert _faults_of(write(alone)) == []
    mixed = text.replace("}}\n", "}, condition: tool.arguments.n > 5 && model == 'x'}\n", 1)
    assert _faults_of(write(mixed)) == ['rule one: fires on x {"n": 5}, which it should skip']


def _law(directory: Path) -> str:
    return load_catalog(directory).rules[0].law


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("@shell", "@read"), False),
        (("[command]", "[cmd]"), False),
        (("secret]", "secrets]"), False),
        (("  then", "  together: true\n  then"), False),
        (("title: One", "title: Two"), True),
        (("- a secret", "- the secret"), True),
    ],
)
def test_the_law_of_a_rule_covers_all_that_decides(
    write: Callable[..., Path], change: tuple[str, str], *, same: bool
) -> None:
    text = rule(LOOKS, more=EXAMPLES)
    assert (_law(write(text)) == _law(write(text.replace(*change, 1)))) is same


def test_the_law_of_a_rule_covers_the_tools_of_its_groups(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = write(rule(LOOKS, more=EXAMPLES))
    before = _law(directory)
    monkeypatch.setitem(GROUPS["@shell"], "another client", ("run_it",))
    assert _law(directory) != before


def test_the_law_of_a_rule_about_prompts_is_what_it_was_before_there_were_tool_calls(
    write: Callable[..., Path],
) -> None:
    text = (
        "  on: request\n  when: {prompt: {words: [production]}}\n  then: hold\n"
        "  approval: {from: [managers]}\n"
        "  examples: {match: [production], skip: [reproduction]}\n"
    )
    assert _law(write(text)) == "ef5cc407c493df12"


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_has_no_tool_twice_and_names_its_clients(group: str) -> None:
    clients = GROUPS[group]
    # opencode names a tool of MCP by its server.
    of_opencode = set() if group == MCP else {"opencode"}
    assert clients.keys() == {"Claude Code", "Codex", "Gemini CLI", "Cursor"} | of_opencode
    for tools in clients.values():
        assert len({tool.lower() for tool in tools}) == len(tools)


def _told(directory: Path) -> str:
    with pytest.raises(BadCatalog) as fault:
        load_catalog(directory)
    return "\n".join(fault.value.faults)


def _faults_of(directory: Path) -> list[str]:
    return [fault for fault in check(load_catalog(directory)) if "rule one" in fault]
