"""Held tool calls for the pictures of docs/images, written into the database of `abeyance up`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

from app.clock import SystemClock
from app.domain.hold import Hold
from app.domain.identity import Identity, IdentityKind
from app.domain.passage import Passage, PassageKind
from app.domain.record.session import Decision, RecordedRequest, Session
from app.domain.segment import Role
from app.domain.tool_call import HeldCall
from app.domain.verdict import Action, Approval, CoverTerms, FiredRule, Question, Risk, Verdict
from app.ids import new_id
from app.storage.embedded import embedded_uri
from app.storage.store import MongoStorage

DANA = Identity(
    "http://id.example", "usr-2f9a63d8", IdentityKind.PERSON, "Dana Reyes", "dana@acme.example"
)
DELETE = HeldCall(
    "Bash",
    json.dumps({"command": "kubectl delete namespace staging-eu", "timeout": 120000}),
    conversation="6c1f",
    folder="~/shop",
    ask="The load test left a lot behind on staging. Clean it up.",
    before=("Bash: kubectl config current-context", "Bash: kubectl get namespaces"),
)
EDIT = replace(
    DELETE,
    tool="Edit",
    arguments=json.dumps(
        {
            "file_path": "deploy/production/web.yaml",
            "old_string": "spec:\n  replicas: 6\n  strategy:\n    type: RollingUpdate",
            "new_string": "spec:\n  replicas: 1\n  strategy:\n    type: Recreate",
            "replace_all": False,
        }
    ),
    ask="The web tier costs too much at night. Find out why and mend it.",
    before=("Read: deploy/production/web.yaml",),
)
_HOSTS = [f"eu-west-{number}" for number in range(1, 42)]
SCRIPT = replace(
    DELETE,
    arguments=json.dumps(
        {
            "command": "set -e\nfor host in \\\n"
            + "".join(f"  {host} \\\n" for host in _HOSTS)
            + '; do\n  ssh "$host" "sudo rm -rf /var/lib/shop/cache/*"\ndone',
            "description": "Clear the caches of all hosts",
        }
    ),
    ask="Prices are still the old ones everywhere. Clear the caches.",
    before=("Bash: ./tools/hosts --list", "Bash: ssh eu-west-1 ls /var/lib/shop"),
)


def hold_calls(mongodb_port: int) -> None:
    asyncio.run(_hold_all(mongodb_port))


async def _hold_all(mongodb_port: int) -> None:
    storage = MongoStorage.connect(embedded_uri(mongodb_port), "abeyance")
    try:
        for call in (DELETE, EDIT, SCRIPT):
            held = _hold(call)
            await storage.ledger.insert((), [storage.sessions.opening(_session(held))])
            await storage.holds.open(held)
    finally:
        storage.close()


def _hold(call: HeldCall) -> Hold:
    now = SystemClock().now()
    is_edit = call.tool == "Edit"
    passage = Passage(call.arguments, PassageKind.CALL, Role.ASSISTANT, "/calls/0")
    terms = Approval(("managers",))
    rule = FiredRule(
        "production-manifests" if is_edit else "destructive-commands",
        "Changes of what runs in production" if is_edit else "Commands that can't be undone",
        Action.HOLD,
        Risk.HIGH,
        "Say which change is planned and who watches it."
        if is_edit
        else "What is deleted here is gone for everybody.",
        enforced=True,
        findings=1,
        excerpts=(),
        question=Question("law", terms, (passage,), CoverTerms()),
    )
    return Hold(
        id=new_id(now),
        key=new_id(now),
        session_id=new_id(now),
        requester=DANA,
        connection="anthropic",
        model="claude-sonnet-5",
        method="POST",
        path="/v1/messages",
        body_bytes=0,
        digest="",
        verdict=Verdict(Action.HOLD, (rule,), "shown", terms),
        created_at=now,
        deadline=now + timedelta(minutes=10),
        callers=("shown:0",),
        tool=call,
    )


def _session(held: Hold) -> Session:
    sent = RecordedRequest(held.method, held.path, "", (), b"{}", held.digest)
    return Session(
        id=held.session_id,
        connection=held.connection,
        wire="anthropic_messages",
        model=held.model,
        identity=held.requester,
        request=sent.head(()),
        verdict=held.verdict,
        decision=Decision.PENDING,
        started_at=held.created_at,
        hold_id=held.id,
    )
