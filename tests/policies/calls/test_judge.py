"""What rules say of a tool call in an answer."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.passage import PassageKind
from app.domain.segment import Role
from app.domain.tool_call import ToolCall
from app.domain.verdict import Action
from policies.calls.judge import judge_call, watch
from policies.loader import load_catalog
from policies.passages.names import PassageNames
from tests.policies.calls.made import NAMES, NOW, judged, rule
from tests.policies.made import ALICE, AWS_KEY, JOB, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.calls.judge import JudgedCall

REMOVAL = r"{name: ['@shell'], arguments: {regex: ['rm\s{1,9}-rf\b']}}"
NAMED = "{name: [Bash]}"


def _name(call: JudgedCall) -> str:
    (passage,) = (p for f in call.verdict.holding if f.question for p in f.question.passages)
    return passage.name


@pytest.mark.parametrize(
    ("tool", "arguments", "action"),
    [
        ("Bash", {"command": "rm -rf build"}, Action.HOLD),
        ("bash", {"command": "rm  -rf build"}, Action.HOLD),
        ("shell", {"command": ["bash", "-lc", "rm -rf x"]}, Action.HOLD),
        ("shell", {"command": ["rm", "-rf", "x"]}, Action.HOLD),
        ("exec_command", {"cmd": "r''m -r\\f x"}, Action.HOLD),
        ("exec_command", {"cmd": "rm \\\n -rf x"}, Action.HOLD),
        ("run_shell_command", {"command": "rm${IFS}-rf${IFS}x"}, Action.HOLD),
        ("run_shell_command", {"command": "{rm,-rf,x}"}, Action.HOLD),
        ("Bash", {"script": json.dumps({"run": ["rm", "-rf", "x"]})}, Action.HOLD),
        ("Bash", {"rm -rf x": 1}, Action.HOLD),
        ("Bash", {"command": "cm0gLXJmIGJ1aWxkICYmIGVjaG8gZG9uZQ=="}, Action.HOLD),
        ("Bash", '{"command": "rm\\u0020-rf x"}', Action.HOLD),
        ("Bash", '{"command": "rm -rf x", "command": "ls"}', Action.HOLD),
        ("Bash", '{"command": "ls", "command": "rm -rf x"}', Action.HOLD),
        ("Bash", '{"command": "rm\\t-rf x', Action.HOLD),
        ("Bash", "rm -rf x", Action.HOLD),
        ("Bash", '"rm -rf x"', Action.HOLD),
        ("Bash", {"command": "rm build", "description": "-rf"}, Action.ALLOW),
        ("Bash", {"x": "r", "m -rf": ""}, Action.ALLOW),
        ("Bash", {"command": "ls"}, Action.ALLOW),
        ("Bash", "", Action.ALLOW),
        ("Write", {"content": "rm -rf x"}, Action.ALLOW),
    ],
)
def test_a_rule_looks_at_the_arguments_as_a_tool_reads_them(
    write: Callable[..., Path], tool: str, arguments: object, action: Action
) -> None:
    catalog = load_catalog(write(rule(REMOVAL)))
    assert judged(catalog, tool, arguments).verdict.action is action


@pytest.mark.parametrize(
    ("paths", "arguments", "fires"),
    [
        ("[command]", {"command": "secret"}, True),
        ("[command]", {"command": ["a", "secret"]}, True),
        ("[command]", {"other": "secret"}, False),
        ("[command]", {"secret": "x"}, False),
        ("[command]", {"commander": "secret"}, False),
        ("['edits.*.new']", {"edits": [{"new": "a"}, {"new": "secret"}]}, True),
        ("['edits.*.new']", {"edits": [{"old": "secret"}]}, False),
        ("['edits.*.new']", {"edits": {"new": "secret"}}, False),
        ("['env.*']", {"env": {"A": "secret"}}, True),
        ("[env]", {"env": {"secret": "x"}}, True),
        ("['x*']", {"x1": "secret"}, True),
        ("[command]", "a secret that is no JSON", True),
    ],
)
def test_a_rule_looks_only_below_its_paths(
    write: Callable[..., Path], paths: str, arguments: object, *, fires: bool
) -> None:
    catalog = load_catalog(write(rule(f"{{arguments: {{words: [secret], paths: {paths}}}}}")))
    assert bool(judged(catalog, "any", arguments).verdict.fired) is fires


def test_a_held_call_is_one_passage_with_the_first_finding(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(REMOVAL)))
    call = judged(catalog, "Bash", {"command": "cd x && rm -rf a; rm -rf b"})
    (fired,) = call.verdict.holding
    assert fired.findings == 2
    assert fired.question is not None
    assert fired.question.cover is not None
    (passage,) = fired.question.passages
    assert (passage.kind, passage.role) == (PassageKind.CALL, Role.ASSISTANT)
    assert passage.place == "tool call Bash"
    assert passage.excerpt is not None
    assert (passage.excerpt.before, passage.excerpt.words) == ("cd x && ", "rm -rf")
    assert passage.excerpt.place == "tool call Bash, command"
    assert call.verdict.approval is not None
    assert passage.name == NAMES.of(
        PassageKind.CALL, Role.ASSISTANT, ("Bash", '{"command":"cd x && rm -rf a; rm -rf b"}')
    )


@pytest.mark.parametrize(
    ("arguments", "findings"),
    [
        ({"command": "rm -rf 'a'; rm -rf b"}, 2),
        ({"command": "rm -rf 'a'; r''m -rf b"}, 2),
        ({"command": ["sh", "-c", "rm -rf 'a'"]}, 1),
        ({"payload": json.dumps({"run": "rm -rf a"})}, 1),
        ({"a": "rm -rf a", "b": "r''m -rf b"}, 2),
    ],
)
def test_what_shows_in_several_forms_of_a_text_counts_once(
    write: Callable[..., Path], arguments: object, findings: int
) -> None:
    catalog = load_catalog(write(rule(REMOVAL)))
    (fired,) = judged(catalog, "Bash", arguments).verdict.fired
    assert fired.findings == findings


def test_a_rule_of_names_alone_shows_the_first_line(write: Callable[..., Path]) -> None:
    call = judged(load_catalog(write(rule(NAMED))), "Bash", {"command": "ls"})
    (fired,) = call.verdict.holding
    assert fired.question is not None
    assert fired.question.cover is not None
    (passage,) = fired.question.passages
    assert passage.excerpt is not None
    assert passage.excerpt.words == '{"command":"ls"}'


def test_at_critical_risk_each_call_is_asked_about(write: Callable[..., Path]) -> None:
    call = judged(load_catalog(write(rule(NAMED, more="  risk: critical\n"))), "Bash", {})
    (fired,) = call.verdict.holding
    assert fired.question is not None
    assert fired.question.cover is None
    assert len(fired.question.passages) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": "x"}', '{ "b":"x","a":1 }', True),
        ('{"a": "\\u0041"}', '{"a": "A"}', True),
        ('{"a": "x"}', '{"a": "x "}', False),
        ('{"a": "x  y"}', '{"a": "x y"}', False),
        ('{"a": "x"}', '{"a": "y"}', False),
        ('{"a": 1}', '{"a": "1"}', False),
        ('{"a": "b@example.com"}', '{"a": "c@example.com"}', False),
    ],
)
def test_a_call_is_named_by_its_canonical_arguments(
    write: Callable[..., Path], one: str, other: str, *, same: bool
) -> None:
    catalog = load_catalog(write(rule(NAMED)))
    names = {_name(judged(catalog, "Bash", arguments)) for arguments in (one, other)}
    assert (len(names) == 1) is same


def test_another_tool_or_key_gives_another_name(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule("{name: ['*']}")))
    first = _name(judged(catalog, "Bash", {}))
    assert first != _name(judged(catalog, "Shell", {}))
    other = judge_call(ToolCall("Bash", "{}"), facts(), ALICE, NOW, PassageNames(b"other"), catalog)
    assert first != _name(other)


def test_what_is_shown_has_its_secrets_masked(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(NAMED)))
    call = judged(catalog, "Bash", {"b": f"export K={AWS_KEY}", "a": 1})
    assert call.shown == '{"a":1,"b":"export K=[aws-access-key-id]"}'
    assert call.is_masked
    assert call.changed is None
    assert AWS_KEY not in repr(call)
    plain = judged(catalog, "Bash", {"a": "ls"})
    assert (plain.shown, plain.is_masked) == ('{"a":"ls"}', False)


def test_a_secret_is_not_shown_though_it_is_escaped_or_inside_a_string(
    write: Callable[..., Path],
) -> None:
    catalog = load_catalog(write(rule(NAMED)))
    hidden = "".join(f"\\u{ord(ch):04x}" for ch in AWS_KEY)
    for arguments in (f'{{"a": "{hidden}"}}', json.dumps({"a": json.dumps({"b": AWS_KEY})})):
        call = judged(catalog, "Bash", arguments)
        assert AWS_KEY not in call.shown
        assert hidden not in call.shown


def test_what_was_shown_before_is_remembered_only_where_nothing_was_masked(
    write: Callable[..., Path],
) -> None:
    catalog = load_catalog(write(rule(REMOVAL)))
    plain, secret = {"command": "ls"}, {"command": "ls", "env": f"K={AWS_KEY}"}
    for _ in range(2):
        assert judged(catalog, "Bash", plain).shown == '{"command":"ls"}'
        call = judged(catalog, "Bash", secret)
        assert (call.shown, call.is_masked) == (
            '{"command":"ls","env":"K=[aws-access-key-id]"}',
            True,
        )


def test_a_secret_over_several_lines_is_not_shown(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(NAMED)))
    call = judged(catalog, "Bash", {"x": "$ANSIBLE_VAULT;1.1;AES256\n36613332643338\n"})
    assert "36613332643338" not in call.shown


MASK = "{arguments: {detectors: [aws-access-key-id], paths: [content]}}"


def test_a_mask_changes_only_texts_at_its_paths(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(MASK, "mask")))
    call = judged(
        catalog, "Write", {"content": f"key {AWS_KEY}", "path": AWS_KEY, "n": 1.50, "t": True}
    )
    assert call.verdict.action is Action.MASK
    assert call.changed is not None
    assert json.loads(call.changed) == {
        "content": "key [aws-access-key-id]",
        "path": AWS_KEY,
        "n": 1.5,
        "t": True,
    }
    assert judged(catalog, "Write", {"content": "key", "path": AWS_KEY}).changed is None


def test_a_mask_reaches_into_json_in_a_string(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(MASK, "mask")))
    call = judged(catalog, "Write", {"content": json.dumps({"k": AWS_KEY})})
    assert call.changed is not None
    assert json.loads(json.loads(call.changed)["content"]) == {"k": "[aws-access-key-id]"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"content": {AWS_KEY: 1}},
        {"content": f"{AWS_KEY[:9]}\\{AWS_KEY[9:]}"},
    ],
)
def test_what_cannot_be_masked_is_denied(write: Callable[..., Path], arguments: object) -> None:
    call = judged(load_catalog(write(rule(MASK, "mask"))), "Write", arguments)
    assert call.verdict.action is Action.DENY
    assert call.verdict.decisive is not None
    assert call.verdict.decisive.rule == "cannot-be-masked"


def test_words_that_only_a_list_makes_up_cannot_be_masked(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule("{arguments: {words: [top secret]}}", "mask")))
    assert judged(catalog, "x", {"a": ["top", "secret"]}).verdict.action is Action.DENY
    assert judged(catalog, "x", {"a": ["top secret"]}).changed == '{"a":["[one]"]}'


def test_a_free_text_is_masked_as_text(write: Callable[..., Path]) -> None:
    call = judged(load_catalog(write(rule(MASK, "mask"))), "apply_patch", f"+ key {AWS_KEY}\n")
    assert call.changed == "+ key [aws-access-key-id]\n"


@pytest.mark.parametrize(
    "arguments", ["[" * 100 + "]" * 100, "[" * 100_000, json.dumps(json.dumps([[]] * 2))]
)
def test_what_nests_too_deep_is_denied(write: Callable[..., Path], arguments: str) -> None:
    catalog = load_catalog(write(rule("{arguments: {words: [secret]}}")))
    deep = arguments.startswith("[")
    assert (judged(catalog, "Bash", arguments).verdict.action is Action.DENY) is deep


def test_a_call_that_is_too_dense_to_check_is_denied(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule("{arguments: {detectors: [secrets]}}")))
    call = judged(catalog, "Bash", {"command": "password=" * 30_000})
    assert call.verdict.action is Action.DENY
    assert [fired.rule for fired in call.verdict.fired] == ["too-dense-to-check"]


@pytest.mark.parametrize(
    ("condition", "arguments", "fires"),
    [
        ("tool.name == 'Bash' && tool.arguments.n > 5", {"n": 6}, True),
        ("tool.name == 'Bash' && tool.arguments.n > 5", {"n": 5}, False),
        ("tool.arguments.n > 5", {}, True),
        ("has(tool.arguments.n) && tool.arguments.n > 5", {}, False),
        ("tool.arguments.deep.list[1] == 'x'", {"deep": {"list": ["", "x"]}}, True),
        ("tool.arguments == 'free text'", "free text", True),
        ("tool.arguments.a == 'x'", '{"a": "y", "a": "z"}', True),
        ("tool.arguments.a == 'x' && 'sre' in identity.groups", {"a": "x"}, True),
        ("tool.arguments.a == 'x' && 'ops' in identity.groups", {"a": "x"}, False),
    ],
)
def test_a_condition_sees_the_parsed_arguments(
    write: Callable[..., Path], condition: str, arguments: object, *, fires: bool
) -> None:
    text = rule(NAMED).replace("}}\n", f'}}, condition: "{condition}"}}\n', 1)
    assert bool(judged(load_catalog(write(text)), "Bash", arguments).verdict.fired) is fires


def test_other_conditions_hold_as_for_requests(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(NAMED).replace("when: {", "when: {groups: [sre], ")))
    assert judged(catalog, "Bash", {}).verdict.action is Action.HOLD
    assert judged(catalog, "Bash", {}, identity=JOB).verdict.action is Action.ALLOW
    assert watch(catalog, facts(), ALICE, NOW) is not None
    assert watch(catalog, facts(), JOB, NOW) is None


def test_the_strictest_of_all_rules_decides(write: Callable[..., Path]) -> None:
    rules = rule(NAMED) + rule("{name: ['@shell']}", "deny", id="two")
    rules += rule("{name: ['*']}", "allow", id="three")
    call = judged(load_catalog(write(rules)), "Bash", {})
    assert call.verdict.action is Action.DENY
    assert [fired.rule for fired in call.verdict.fired] == ["one", "two", "three"]


def test_a_rule_in_shadow_is_told_and_not_acted_on(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule(NAMED, more="  mode: shadow\n")))
    call = judged(catalog, "Bash", {})
    assert call.verdict.action is Action.ALLOW
    assert [fired.enforced for fired in call.verdict.fired] == [False]
    watching = watch(catalog, facts(), ALICE, NOW)
    assert watching is not None
    assert watching.wants("bash")
    assert not watching.wants("Read")


@pytest.mark.parametrize("mode", ["enforce", "shadow"])
def test_calls_are_released_together_where_an_enforced_rule_says_so(
    write: Callable[..., Path], mode: str
) -> None:
    catalog = load_catalog(write(rule(NAMED, more=f"  together: true\n  mode: {mode}\n")))
    watching = watch(catalog, facts(), ALICE, NOW)
    assert watching is not None
    assert watching.together is (mode == "enforce")


def test_there_is_nothing_to_watch_where_no_rule_is_about_calls(write: Callable[..., Path]) -> None:
    deny = "  on: request\n  when: {users: ['*']}\n  then: deny\n"
    assert watch(load_catalog(write(deny)), facts(), ALICE, NOW) is None


def test_what_is_judged_may_cross_to_another_process(write: Callable[..., Path]) -> None:
    call = judged(load_catalog(write(rule(NAMED))), "Bash", {"command": "ls"})
    assert pickle.loads(pickle.dumps(call)) == call  # noqa: S301 - of our own making


def test_a_name_of_a_tool_that_is_odd_is_made_safe(write: Callable[..., Path]) -> None:
    call = judged(load_catalog(write(rule("{name: ['*']}"))), f"x {AWS_KEY}", {})
    assert AWS_KEY not in repr(call)


def test_a_rule_about_calls_sees_no_other_text(write: Callable[..., Path]) -> None:
    catalog = load_catalog(write(rule("{arguments: {words: [bluebird]}}", "deny")))
    assert catalog.requests.targets == ()
    masking = catalog.answer_masking(facts("bluebird"), ALICE, "", NOW)
    assert masking.whole("a bluebird") == "a bluebird"
    assert replace(judged(catalog, "x", {"a": "bluebird"})).verdict.action is Action.DENY
