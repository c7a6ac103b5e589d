"""What a catalog's author is told."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from app.errors import BadCatalog
from policies.loader import SHIPPED, load_catalog
from policies.rehearse import check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.compiled_catalog import Catalog

HOLD = """\
  on: request
  when:
    prompt: {words: [production]}
  then: hold
  approval: {from: [managers]}
  examples: {match: [production], skip: [reproduction]}
"""


def _faults(directory: Path) -> list[str]:
    with pytest.raises(BadCatalog) as told:
        load_catalog(directory)
    return told.value.faults


def test_every_example_in_the_shipped_catalog_does_what_it_says(shipped: Catalog) -> None:
    assert check(shipped) == []


def test_an_example_that_does_not_do_what_it_says_is_named(write: Callable[..., Path]) -> None:
    wrong = HOLD.replace("[production], skip: [reproduction]", "[staging], skip: [production]")
    assert [fault for fault in check(load_catalog(write(wrong))) if "rule one" in fault] == [
        "rule one: does not fire on its example 'staging'; change the rule or the example",
        "rule one: fires on 'production' in 'production', which it should skip",
    ]


def test_the_same_catalog_has_the_same_revision_and_a_changed_one_another(
    write: Callable[..., Path],
) -> None:
    first = load_catalog(write(HOLD)).revision
    assert load_catalog(write(HOLD + "# a remark\n")).revision == first
    assert load_catalog(write(HOLD.replace("production]}", "prod]}"))).revision != first


def test_all_faults_are_told_at_once_with_file_line_and_field(write: Callable[..., Path]) -> None:
    directory = write("""\
- id: One
  title: One
  on: sometimes
  when: {}
  then: hold
- id: two
  title: Two
  explain: Because.
  on: request
  when:
    prmpt: {words: [a]}
  then: deny
""")
    assert _faults(directory) == [
        "catalog/own.yaml:1: One.id: write lower-case letters, digits and single hyphens",
        "catalog/own.yaml:3: One.on: must be one of 'request', 'response' or 'both'",
        "catalog/own.yaml:4: One.when: holds for everything; say so with connections: ['**']",
        "catalog/own.yaml:1: One.explain: is missing; add it",
        "catalog/own.yaml:1: One.approval: a hold needs it; write `{from: [managers]}` or more",
        "catalog/own.yaml:11: two.when.prmpt: is not a key of this place; did you mean 'prompt'?",
    ]


def test_a_fault_in_one_field_hides_none_in_another(write: Callable[..., Path]) -> None:
    directory = write(
        """\
- id: one
  title: 5
  on: request
  when:
    over_tokens: '12'
    uninspected: yes
    condition: identity.emial == 'x'
    prompt:
      words: [p]
      regex: ['(a', 'a(?=b)']
      detectors: [awz-*, own-one]
      roles: [usr]
  then: hold
  risk: critical
  approval:
    from: [bosses, crew]
    quorum: 2
    each_of: [crew, crew, crew]
    expires: 5m
    keep: 15
    grant_up_to: 1h
    remind_after: 10m
    escalate: {after: 10m, to: [ceo]}
  explain: ''
- production
""",
        approvers="- {name: crew, slack_groups: ['@crew'], emails: [crew]}\n",
        detectors="kind: secret\ndetectors:\n- {id: own-one, title: x, pattern: '(', checks: [x]}",
    )
    faults = [fault.partition(": ")[2].partition(": ") for fault in _faults(directory)]
    assert [place for place, _, _ in faults] == [
        "own-one.pattern",
        "own-one.checks.0",
        "own-one.examples",
        "crew.slack_groups.0",
        "crew.emails.0",
        "one.title",
        "one.when.uninspected",
        "one.when.over_tokens",
        "one.when.condition",
        "one.when.prompt.words.0",
        "one.when.prompt.regex.0",
        "one.when.prompt.regex.1",
        "one.when.prompt.detectors.0",
        "one.when.prompt.roles.0",
        "one.approval.from.0",
        "one.approval.each_of",
        "one.approval.keep",
        "one.approval.grant_up_to",
        "one.approval.remind_after",
        "one.approval.escalate.to.0",
        "one.explain",
        "one.approval.grant_up_to",
        "one.examples",
        "item 2",
    ]
    told = [what for _, _, what in faults]
    assert "must be true or false, without quotes" in told
    assert not [what for what in told if "nput should" in what or "alid" in what]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[managers]", "[bosses]"), "one.approval.from.0: 'bosses' is no approver set; known are"),
        (("hold", "mask"), "one.approval: only a hold has it"),
        (("{words: [production]}", "{words: [p]}"), "'p' is too short to look for"),
        (("{words: [production]}", "{regex: ['(a']}"), "when.prompt.regex.0: '(a' at 1: is never"),
        (("{words: [production]}", "{regex: ['(?=a)b']}"), "look-around is not supported"),
        (("{words: [production]}", "{regex: ['a[[:digit:]]']}"), "named classes are not supported"),
        (
            ("{words: [production]}", "{regex: ['.{1,9}secret']}"),
            "begins with almost any character",
        ),
        (("{words: [production]}", "{regex: ['abc.*def']}"), "repeats without limit before"),
        (("{words: [production]}", "{detectors: [awz-*]}"), "'awz-*' is no detector"),
        (("{from: [managers]}", "{from: [managers], expires: soon}"), "write a whole number and a"),
        (
            ("{from: [managers]}", "{from: [managers], quorum: 0}"),
            "approval.quorum: must be 1 or more",
        ),
        (
            ("{from: [managers]}", "{from: [managers], each_of: [bosses]}"),
            "each_of.0: 'bosses'",
        ),
        (("{from: [managers]}", "{from: [managers], remind_after: 1h}"), "before the hold expires"),
        (
            ("{from: [managers]}", "{from: [managers], quorum: 2, grant_up_to: 1h}"),
            "nothing is granted for a time",
        ),
        (
            ("{from: [managers]}", "{from: [managers], escalate: {after: 5m, to: [ceo]}}"),
            "approval.escalate.to.0: 'ceo' is no approver set",
        ),
        (("  examples", "  xamples"), "did you mean 'examples'?"),
        (("  then: hold", "  then: hold\n  then: deny"), "'then' is given twice, first on line 7"),
    ],
)
def test_a_fault_says_what_to_do(
    write: Callable[..., Path], change: tuple[str, str], told: str
) -> None:
    assert any(told in fault for fault in _faults(write(HOLD.replace(*change))))


def test_a_directory_without_rules_is_refused(tmp_path: Path) -> None:
    assert _faults(tmp_path)[0].endswith("there are no rules; put at least one *.yaml file there")


def test_own_detectors_stand_beside_the_shipped_ones(write: Callable[..., Path]) -> None:
    directory = write(
        HOLD,
        detectors="""\
kind: secret
detectors:
  - id: acme-badge
    title: Badge number
    pattern: 'ACME-[0-9]{6}'
    examples: {match: [ACME-123456], skip: [ACME-12]}
""",
    )
    catalog = load_catalog(directory)
    assert catalog.mask("ACME-123456 and AKIAIOSFODNN7EXAMPLE") == (
        "[acme-badge] and [aws-access-key-id]"
    )


COPIED = """\
kind: secret
detectors:
  - id: aws-access-key-id
    title: Ours
    pattern: '\\bAKIA[A-Z]{4}\\b'
    examples: {match: [AKIAABCD], skip: [AKIA]}
"""


def test_an_own_detector_takes_the_place_of_the_shipped_one_of_its_name(
    write: Callable[..., Path],
) -> None:
    catalog = load_catalog(write(HOLD, detectors=COPIED))
    assert catalog.mask("AKIAABCD, AKIAIOSFODNN7EXAMPLX") == (
        "[aws-access-key-id], AKIAIOSFODNN7EXAMPLX"
    )


def test_a_copy_of_all_that_ships_is_the_same_catalog(tmp_path: Path, shipped: Catalog) -> None:
    copy = tmp_path / "policies"
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(SHIPPED, copy, ignore=ignored)
    assert load_catalog(copy).revision == shipped.revision


def test_a_file_that_stands_there_twice_is_told_in_one_line(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        for folder, file in (("catalog", "starter.yaml"), ("detectors", "cloud.yaml")):
            (tmp_path / folder).mkdir(exist_ok=True)
            shutil.copy(SHIPPED / folder / file, tmp_path / folder / name)
    detectors, rules = _faults(tmp_path)
    assert detectors.startswith("detectors/b.yaml:")
    assert "more are taken; choose others, or leave this file out" in detectors
    assert rules.startswith("catalog/b.yaml:")
    assert "'production-needs-a-manager', 'no-private-keys', " in rules


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("- id: a\n  title: b: c\n", 2, "put a value with a colon in it in quotes"),
        ("- id: a\n\ttitle: b\n", 2, "use spaces"),
        ("- id: a\n  title: 'b\n  then: x\n", 2, "a quote that is opened here is never closed"),
        ("- id: a\n  on: [a\n- id: b\n", 2, "not closed with ]"),
        ("- id: a\n title: b\n", 2, "is not indented like the rest"),
        ("- id: a\n  title: @b\n", 2, "cannot begin with this sign"),
        ("- id: a\n  title: *b\n", 2, "put it in quotes"),
        ("- id: a\n  title: b\x01\n", 2, "control character"),
        ("- [a]: b\n", 1, "a key must be one word"),
        ('- id: "a\\q"\n', 1, "use single quotes"),
    ],
)
def test_what_is_not_yaml_is_told_by_its_line_in_plain_words(
    write: Callable[..., Path], text: str, line: int, told: str
) -> None:
    [fault] = _faults(write(text))
    assert fault.startswith(f"catalog/own.yaml:{line}: yaml: ")
    assert told in fault


def test_a_pattern_that_cannot_be_used_is_shown_whole(write: Callable[..., Path]) -> None:
    rule = HOLD.replace("{words: [production]}", "{regex: ['internal-(?=secret)[0-9]{4}']}")
    [fault] = _faults(write(rule))
    assert "'(?=secret)[0-9]{4}' at 10: only (?:...)" in fault


def test_own_approver_sets_take_the_place_of_the_shipped_ones(write: Callable[..., Path]) -> None:
    own = "- name: managers\n  emails: [bob@example.com]\n"
    catalog = load_catalog(write(HOLD, approvers=own))
    assert list(catalog.approvers) == ["managers"]
    assert catalog.approvers["managers"].emails == ("bob@example.com",)


def test_an_approver_set_without_anybody_is_refused(write: Callable[..., Path]) -> None:
    faults = _faults(write(HOLD, approvers="- name: managers\n"))
    assert [fault.partition(";")[0] for fault in faults] == ["approvers.yaml:1: managers: is empty"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("quiet: 'yes'", "approvers.yaml:3: managers.quiet: must be true or false, without quotes"),
        ("queit: true", "approvers.yaml:3: managers.queit: is not a key of this place; did you"),
    ],
)
def test_a_set_is_quiet_only_where_it_says_so_plainly(
    write: Callable[..., Path], line: str, told: str
) -> None:
    own = "- name: managers\n  slack_groups: [managers]\n  {}\n"
    [fault] = _faults(write(HOLD, approvers=own.format(line)))
    assert fault.startswith(told)
    assert (
        load_catalog(write(HOLD, approvers=own.format("quiet: true"))).approvers["managers"].quiet
    )
    assert not load_catalog(write(HOLD, approvers=own.format(""))).approvers["managers"].quiet


def test_the_shipped_approver_sets_are_slack_groups(shipped: Catalog) -> None:
    for name in ("managers", "security", "directors", "auditors"):
        assert shipped.approvers[name].slack_groups == (name,)


def test_the_shipped_directory_is_the_packages_own() -> None:
    assert (SHIPPED / "approvers.yaml").is_file()


def test_a_file_that_would_be_passed_over_is_told(write: Callable[..., Path]) -> None:
    directory = write(HOLD)
    (directory / "catalog" / "more.yml").write_text("[]")
    with pytest.raises(BadCatalog, match=r"catalog/more.yml:1: file: .* rename it to more.yaml"):
        load_catalog(directory)
