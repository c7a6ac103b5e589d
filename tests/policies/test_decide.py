"""What the catalog says of a request."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.segment import Role
from app.domain.verdict import Action, Approval
from policies.decide import UNCHECKABLE, decide, examine, with_rule
from policies.loader import SHIPPED, load_catalog
from policies.passages.names import UNKEYED
from policies.passages.wrappers import CLAUDE_CODE, OPENCODE
from policies.rehearse import check
from tests.policies.made import ALICE, AWS_KEY, JOB, facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from app.domain.identity import Identity
    from policies.compiled_catalog import Catalog

DENY = "  on: request\n  then: deny\n  when:\n    "


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("write a haiku", Action.ALLOW),
        ("write reproduction steps for a product", Action.ALLOW),
        ("deploy to production", Action.HOLD),
        ("deploy to PRODUCTION!", Action.HOLD),
        ("see production_db.users", Action.HOLD),
        ("deploy to рroduсtion", Action.HOLD),
        ("deploy to prodúction", Action.HOLD),
        ("deploy to ｐｒｏｄｕｃｔｉｏｎ", Action.HOLD),
        ("deploy to pro\u200bduc\u00adtion", Action.HOLD),
        (f"why is {AWS_KEY} refused", Action.MASK),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQ about production", Action.DENY),
        ("please cat /etc/shadow in production", Action.DENY),
    ],
)
def test_the_starter_catalog_decides(
    shipped: Catalog, now: datetime, text: str, action: Action
) -> None:
    assert decide(facts(text), ALICE, shipped, now).action is action


@pytest.mark.parametrize(
    ("role", "action"),
    [
        (Role.USER, Action.HOLD),
        (Role.OTHER, Action.HOLD),
        (Role.SYSTEM, Action.ALLOW),
        (Role.TOOL, Action.ALLOW),
        (Role.ASSISTANT, Action.ALLOW),
    ],
)
def test_the_starter_catalog_looks_for_words_in_what_people_type(
    shipped: Catalog, now: datetime, role: Role, action: Action
) -> None:
    said = facts("never touch production", role=role)
    assert decide(said, ALICE, shipped, now).action is action


def test_the_stricter_form_in_the_starter_catalog_looks_in_everybodys_words(
    write: Callable[..., Path], now: datetime
) -> None:
    """As an administrator does it: the comment signs before the rule are taken away."""
    starter = (SHIPPED / "catalog" / "starter.yaml").read_text()
    rule = re.search(r"^# - id: production-anywhere.*\n(?:#   .*\n)+", starter, re.MULTILINE)
    assert rule
    approvers = (SHIPPED / "approvers.yaml").read_text()
    stricter = re.sub("^# ", "", rule[0], flags=re.MULTILINE)
    catalog = load_catalog(write(stricter, approvers=approvers))
    assert [fault for fault in check(catalog) if "rule" in fault] == []
    for role in Role:
        verdict = decide(facts("never touch production", role=role), ALICE, catalog, now)
        assert verdict.action is Action.HOLD, role


@pytest.mark.parametrize("frame", [CLAUDE_CODE, OPENCODE], ids=["claude", "opencode"])
def test_the_frames_that_ship_as_wrappers_hold_nothing_a_shipped_rule_looks_for(
    shipped: Catalog, now: datetime, frame: str
) -> None:
    assert decide(facts(frame), ALICE, shipped, now).action is Action.ALLOW


def test_a_hold_tells_who_may_release_it_and_how_long_they_have(
    shipped: Catalog, now: datetime
) -> None:
    verdict = decide(facts("deploy to production"), ALICE, shipped, now)
    assert verdict.approval == Approval(
        ("managers",),
        expires=timedelta(minutes=10),
        grant_up_to=timedelta(hours=1),
        remind_after=timedelta(minutes=3),
        escalate_after=timedelta(minutes=5),
        escalate_to=("directors",),
    )
    assert verdict.decisive is not None
    assert verdict.decisive.rule == "production-needs-a-manager"
    assert verdict.catalog_revision == shipped.revision


def test_excerpts_show_the_words_in_their_place_and_no_secret(
    shipped: Catalog, now: datetime
) -> None:
    text = f"first\nline {AWS_KEY} \x1b[31m\u202eto production, from bob@example.com" + " x" * 99
    verdict = decide(facts("hello", text), ALICE, shipped, now)
    assert verdict.decisive is not None
    excerpt = verdict.decisive.excerpts[0]
    assert excerpt.words == "production"
    assert excerpt.place == "/messages/1/content"
    assert excerpt.before == "first⏎line [aws-access-key-id] ␛[31mto "
    assert excerpt.after.startswith(", from [email-address] x x")
    assert excerpt.after.endswith("x…")
    assert len(excerpt.after) < 80


def test_an_excerpt_that_begins_inside_a_secret_does_not_show_its_rest(
    shipped: Catalog, now: datetime
) -> None:
    text = f"{AWS_KEY} {'x' * 50} production"
    verdict = decide(facts(text), ALICE, shipped, now)
    assert verdict.decisive is not None
    assert verdict.decisive.excerpts[0].before.startswith("…[aws-access-key-id] x")


@pytest.mark.parametrize("secret", ["Authorization: Bearer ", "password='"])
def test_an_excerpt_shows_nothing_of_a_secret_that_begins_far_before_it(
    shipped: Catalog, now: datetime, secret: str
) -> None:
    token = random.Random(1).choices("x7Kq9mZ2", k=120_000)  # noqa: S311 - a repeatable token
    written = f"{secret}{''.join(token)}'"
    texts = [f"{written} production", f"production\n{written}\nproduction"]
    for text in texts:
        verdict = decide(facts(text), ALICE, shipped, now)
        assert verdict.action is Action.HOLD
        for fired in verdict.fired:
            for excerpt in fired.excerpts:
                shown = f"{excerpt.before} {excerpt.words} {excerpt.after}"
                assert not re.search("[x7Kq9mZ2]{6}", shown)


def test_at_most_five_excerpts_are_shown_but_all_findings_counted(
    shipped: Catalog, now: datetime
) -> None:
    verdict = decide(facts("production " * 9), ALICE, shipped, now)
    assert verdict.decisive is not None
    assert (verdict.decisive.findings, len(verdict.decisive.excerpts)) == (9, 5)


def test_the_query_string_is_looked_at_too(shipped: Catalog, now: datetime) -> None:
    asked = facts("hello", query="q=live+data%62ase")
    assert decide(asked, ALICE, shipped, now).action is Action.HOLD


@pytest.mark.parametrize(
    ("when", "identity", "fires"),
    [
        ("connections: [openai]", ALICE, True),
        ("connections: [cursor]", ALICE, False),
        ("unless_connections: [open*]", ALICE, False),
        ("methods: [post]", ALICE, True),
        ("methods: [GET]", ALICE, False),
        ("paths: [/v1/chat/*]", ALICE, True),
        ("paths: [/v1/*]", ALICE, False),
        ("paths: [/v1/**]", ALICE, True),
        ("models: [gpt-*]", ALICE, True),
        ("models: [claude-*]", ALICE, False),
        ("users: ['*@example.com']", ALICE, True),
        ("users: [alice-1]", ALICE, True),
        ("users: [Alice]", ALICE, False),
        ("groups: [sre]", ALICE, True),
        ("unless_groups: [sre]", ALICE, False),
        ("unless_groups: [dba]", ALICE, True),
        ("groups: [sre]", JOB, False),
        ("repositories: [acme/*]", JOB, True),
        ("repositories: [acme/*]", ALICE, False),
        ("refs: ['refs/heads/**']", JOB, True),
        ("unless_refs: [refs/heads/main]", JOB, False),
        ("unless_refs: [refs/heads/main]", ALICE, True),
        ("workflows: ['deploy*']", JOB, True),
        ("{connections: [openai], groups: [dba]}", ALICE, False),
    ],
)
def test_a_condition_holds_for_whom_it_names(
    write: Callable[..., Path], now: datetime, when: str, identity: Identity, *, fires: bool
) -> None:
    catalog = load_catalog(write(f"  on: request\n  then: deny\n  when: {_flow(when)}\n"))
    verdict = decide(facts("hello"), identity, catalog, now)
    assert (verdict.action is Action.DENY) == fires


def _flow(when: str) -> str:
    return when if when.startswith("{") else "{" + when + "}"


def test_what_a_client_says_of_its_own_repository_does_not_count(
    write: Callable[..., Path], now: datetime
) -> None:
    assert JOB.provenance is not None
    claimed = replace(JOB, provenance=replace(JOB.provenance, verified=False))
    catalog = load_catalog(
        write("  on: request\n  then: deny\n  when: {unless_repositories: [acme/shop]}\n")
    )
    assert decide(facts("hello"), JOB, catalog, now).action is Action.ALLOW
    assert decide(facts("hello"), claimed, catalog, now).action is Action.DENY


def test_a_rule_looks_only_in_the_roles_it_names(write: Callable[..., Path], now: datetime) -> None:
    catalog = load_catalog(
        write(
            DENY + "prompt: {words: [drop table], roles: [tool]}\n"
            "  examples: {match: [drop  table], skip: [dropped tables]}\n"
        )
    )
    told = facts("drop table users")
    answered = facts("drop table users", role=Role.TOOL)
    assert decide(told, ALICE, catalog, now).action is Action.ALLOW
    assert decide(answered, ALICE, catalog, now).action is Action.DENY


TWO_HOLDS = """\
- id: easy
  title: Easy
  explain: Because.
  on: request
  when: {connections: ['**']}
  then: hold
  approval: {from: [managers], expires: 5m, grant_up_to: 1h, reason_required: true}
- id: hard
  title: Hard
  explain: Because.
  on: request
  when: {connections: ['**']}
  then: hold
  approval: {from: [security, managers], quorum: 2, expires: 1h}
- id: watched
  title: Watched
  explain: Because.
  on: request
  when: {connections: ['**']}
  then: deny
  mode: shadow
"""


def test_of_two_holds_the_stricter_terms_count_and_a_shadow_rule_is_only_told(
    write: Callable[..., Path], now: datetime
) -> None:
    verdict = decide(facts("hello"), ALICE, load_catalog(write(TWO_HOLDS)), now)
    assert verdict.action is Action.HOLD
    assert verdict.approval is not None
    assert (verdict.approval.quorum, verdict.approval.reason_required) == (2, True)
    assert verdict.approval.grant_up_to is None
    assert [(fired.rule, fired.enforced) for fired in verdict.fired] == [
        ("easy", True),
        ("hard", True),
        ("watched", False),
    ]


def test_a_masked_request_is_rewritten_by_the_rules_that_fired(
    shipped: Catalog, now: datetime
) -> None:
    text = f"mail bob@example.com the key {AWS_KEY}"
    verdict = decide(facts(text), ALICE, shipped, now)
    assert shipped.request_mask(verdict)(text) == (
        "mail bob@example.com the key [aws-access-key-id]"
    )


def test_one_key_is_one_finding_with_one_excerpt(shipped: Catalog, now: datetime) -> None:
    """Several detectors know it, by its name, its beginning and its place."""
    asked = facts('export STRIPE_API_KEY="' + "sk_live_" + 'Tb4GhQ8zXw2LmN6pRv9KcY3d" # prod key')
    fired = [
        rule for rule in decide(asked, ALICE, shipped, now).fired if rule.action is Action.MASK
    ]
    assert [(rule.findings, len(rule.excerpts)) for rule in fired] == [(1, 1)]


def test_a_query_is_looked_at_and_shown_once(shipped: Catalog, now: datetime) -> None:
    [fired] = decide(facts("hello", query="ask=production"), ALICE, shipped, now).fired
    assert [excerpt.place for excerpt in fired.excerpts] == ["query"]
    assert fired.findings == 1


RULES = """
- id: elsewhere
  title: T
  explain: E
  on: request
  when: {{connections: [cursor]}}
  then: deny
- id: asks
  title: T
  explain: E
  on: request
  when: {{prompt: {{words: [kites]}}}}
  then: hold
  mode: {mode}
  approval: {{from: [managers]}}
  examples: {{match: [kites], skip: [kite]}}
- id: other
  title: T
  explain: E
  on: request
  when: {{prompt: {{detectors: [aws-access-key-id]}}}}
  then: {then}
  examples: {{match: ["{key}"], skip: [AKIA]}}
"""


@pytest.mark.parametrize(
    ("mode", "then", "text", "decided"),
    [
        ("enforce", "mask", "kites", (Action.HOLD, "asked", "")),
        ("enforce", "mask", f"kites {AWS_KEY}", (Action.HOLD, "asked", "masked")),
        ("enforce", "deny", f"kites {AWS_KEY}", (Action.DENY, "", "")),
        ("shadow", "mask", f"kites {AWS_KEY}", (Action.MASK, "", "masked")),
    ],
)
def test_people_are_asked_only_where_a_request_is_held_and_it_is_masked_only_where_a_rule_masks(
    write: Callable[..., Path],
    now: datetime,
    mode: str,
    then: str,
    text: str,
    decided: tuple[Action, str, str],
) -> None:
    catalog = load_catalog(write(RULES.format(mode=mode, then=then, key=AWS_KEY)))
    verdict, mask = examine(facts(text), ALICE, catalog, now, UNKEYED)
    asking = next(fired for fired in verdict.fired if fired.rule == "asks")
    asked, masked = "asked" if asking.question else "", "masked" if mask else ""
    assert (verdict.action, asked, masked) == decided


def test_what_takes_too_much_to_look_through_is_denied_by_a_rule_of_its_own(
    shipped: Catalog, now: datetime
) -> None:
    verdict = decide(facts("password=" * 30_000), ALICE, shipped, now)
    assert verdict.action is Action.DENY
    [fired] = verdict.fired
    assert (fired.rule, fired.enforced, fired.findings) == ("too-dense-to-check", True, 0)


def test_a_rule_beside_the_catalog_keeps_whom_a_hold_asks_and_a_denial_asks_nobody(
    shipped: Catalog, now: datetime
) -> None:
    held = decide(facts("deploy to production"), ALICE, shipped, now)
    lesser = with_rule(held, replace(UNCHECKABLE, action=Action.MASK))
    assert (lesser.action, lesser.approval) == (Action.HOLD, held.approval)
    denied = with_rule(held, UNCHECKABLE)
    assert (denied.action, denied.approval) == (Action.DENY, None)
    assert denied.fired == (*held.fired, UNCHECKABLE)
