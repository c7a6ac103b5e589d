"""Holds and people for the tests of the bot, as small as they can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.hold import Hold, Person, Vote
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.passage import Excerpt
from app.domain.verdict import Action, Approval, FiredRule, Risk, Verdict

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
ISSUER = "https://id.acme.example"
DANA = Identity(ISSUER, "usr-2f9a63d8", IdentityKind.PERSON, "Dana Reyes", "dana@acme.example")
JOB = Identity(
    "https://ci.example",
    "repo:acme/payments",
    IdentityKind.WORKLOAD,
    "acme/payments · Release",
    provenance=Provenance(
        "acme/payments",
        commit="5f0c2b9d81e64a37b6d2e8c1907f4a3512bd6e08",
        ref="refs/heads/main",
        workflow="Release",
        run="214",
        actor="alice@acme.example",
    ),
)
MARIA = Person("U0MARIA001", "maria@acme.example", "Maria Lopez")
MARCUS = Person("U0MARCUS01", "marcus@acme.example", "Marcus Webb")


def fired(**changes: Any) -> FiredRule:  # noqa: ANN401 - fields to replace
    rule = FiredRule(
        rule="production-needs-a-manager",
        title="Prompts that name production",
        action=Action.HOLD,
        risk=Risk.HIGH,
        explain="Production names in a prompt can leak topology. Use the staging name.",
        enforced=True,
        findings=2,
        excerpts=(
            Excerpt("deploy this to ", "production", " with key [aws]", "/messages/0/content"),
        ),
    )
    return replace(rule, **changes)


def hold(
    *,
    quorum: int = 1,
    rule: FiredRule | None = None,
    attached: bool = True,
    **changes: Any,  # noqa: ANN401 - fields to replace
) -> Hold:
    approval = Approval(("managers",), quorum=quorum)
    made = Hold(
        id="01jd8m3k7f3a2b9c8d7e6f5a4b",
        key="key",
        session_id="01jd8m3k7f3a2b9c8d7e6f5a4c",
        requester=DANA,
        connection="openai",
        model="gpt-4o",
        method="POST",
        path="/v1/chat/completions",
        body_bytes=12_345,
        digest="ab" * 32,
        verdict=Verdict(Action.HOLD, (rule or fired(),), "c0ffee123456", approval),
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
        callers=("gateway:0",) if attached else (),
    )
    return replace(made, **changes)


def vote(by: Person, *, approve: bool = True, **changes: Any) -> Vote:  # noqa: ANN401 - fields to replace
    return replace(Vote(by, approve, NOW + timedelta(minutes=1)), **changes)
