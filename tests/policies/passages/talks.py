"""Conversations as APIs spell them, and what people have approved of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from app.domain.hold import Hold, HoldState, Person, Vote
from app.domain.segment import Facts
from app.wire.registry import wire_for
from policies.decide import decide
from policies.passages.answers import covers_of, still_open
from tests.policies.made import ALICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.domain.grant import Grant
    from app.domain.identity import Identity
    from app.domain.passage import Passage
    from app.domain.verdict import FiredRule, Verdict
    from app.wire.base import Json
    from policies.compiled_catalog import Catalog

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MARIA = Person("U1", "maria@acme.example", "Maria")
CALL = "model call"


@dataclass(frozen=True, slots=True)
class Said:
    """What one speaker says: blocks of text. A `call` is the input of a tool."""

    who: str
    texts: tuple[str, ...]


Talk: TypeAlias = "tuple[Said, ...]"


def system(*texts: str) -> Said:
    return Said("system", texts)


def tool(*descriptions: str) -> Said:
    return Said("description", descriptions)


def user(*texts: str) -> Said:
    return Said("user", texts)


def model(*texts: str) -> Said:
    return Said("model", texts)


def call(command: str = "ls") -> Said:
    return Said("call", (command,))


def result(text: str) -> Said:
    return Said("result", (text,))


def of(talk: Talk, who: str) -> list[str]:
    return [text for said in talk if said.who == who for text in said.texts]


def anthropic(talk: Talk) -> Json:
    """Tools and system text stand behind the messages, as Claude Code sends them."""
    messages: list[Any] = []
    for at, said in enumerate(talk):
        blocks: list[Any] = [{"type": "text", "text": text} for text in said.texts]
        use = {"type": "tool_use", "id": f"toolu_{at}", "name": "Bash"}
        came = {"type": "tool_result", "tool_use_id": f"toolu_{at - 1}"}
        match said.who:
            case "user":
                messages.append({"role": "user", "content": blocks})
            case "model":
                messages.append({"role": "assistant", "content": blocks})
            case "call":
                content = [use | {"input": {"command": said.texts[0]}}]
                messages.append({"role": "assistant", "content": content})
            case "result":
                messages.append({"role": "user", "content": [came | {"content": said.texts[0]}]})
    cached = {"cache_control": {"type": "ephemeral", "ttl": "5m"}}
    return {
        "model": "claude",
        "messages": messages,
        "system": [{"type": "text", "text": text} | cached for text in of(talk, "system")],
        "tools": [
            {"name": "Bash", "description": text, "input_schema": {"type": "object"}}
            for text in of(talk, "description")
        ],
    }


def chat(talk: Talk) -> Json:
    messages: list[Any] = []
    for at, said in enumerate(talk):
        blocks: list[Any] = [{"type": "text", "text": text} for text in said.texts]
        arguments = f'{{"command": "{said.texts[0]}"}}'
        function = {"name": "bash", "arguments": arguments}
        calls = [{"id": f"call_{at}", "type": "function", "function": function}]
        match said.who:
            case "system" | "user":
                messages.append({"role": said.who, "content": blocks})
            case "model":
                messages.append({"role": "assistant", "content": said.texts[0]})
            case "call":
                messages.append({"role": "assistant", "content": None, "tool_calls": calls})
            case "result":
                answered = {"role": "tool", "tool_call_id": f"call_{at - 1}"}
                messages.append(answered | {"content": said.texts[0]})
    functions = [{"name": "bash", "description": text} for text in of(talk, "description")]
    tools: list[Any] = [{"type": "function", "function": function} for function in functions]
    return {"model": "gpt-5", "tools": tools, "messages": messages}


def responses(talk: Talk) -> Json:
    """Each item has an id, as Codex sends them."""
    items: list[Any] = []
    for at, said in enumerate(talk):
        typed: list[Any] = [{"type": "input_text", "text": text} for text in said.texts]
        spoken: list[Any] = [{"type": "output_text", "text": text} for text in said.texts]
        item: dict[str, Any] = {"type": "message", "id": f"msg_{at}", "status": "completed"}
        match said.who:
            case "user":
                items.append(item | {"role": "user", "content": typed})
            case "model":
                items.append(item | {"role": "assistant", "content": spoken})
            case "call":
                arguments = f'{{"command": "{said.texts[0]}"}}'
                called = {"type": "function_call", "call_id": f"call_{at}", "name": "bash"}
                items.append(called | {"arguments": arguments})
            case "result":
                came = {"type": "function_call_output", "call_id": f"call_{at - 1}"}
                items.append(came | {"output": said.texts[0]})
    tools: list[Any] = [
        {"type": "function", "name": "bash", "description": text}
        for text in of(talk, "description")
    ]
    return {
        "model": "gpt-5",
        "instructions": "\n\n".join(of(talk, "system")),
        "input": items,
        "tools": tools,
    }


def gemini(talk: Talk) -> Json:
    contents: list[Any] = []
    for said in talk:
        parts: list[Any] = [{"text": text} for text in said.texts]
        used = {"functionCall": {"name": "bash", "args": {"command": said.texts[0]}}}
        came = {"functionResponse": {"name": "bash", "response": {"output": said.texts[0]}}}
        match said.who:
            case "user":
                contents.append({"parts": parts})  # without a role, as the API allows
            case "model":
                contents.append({"role": "model", "parts": parts})
            case "call":
                contents.append({"role": "model", "parts": [used]})
            case "result":
                contents.append({"role": "user", "parts": [came]})
    declared: list[Any] = [
        {"name": "bash", "description": text} for text in of(talk, "description")
    ]
    parts = [{"text": text} for text in of(talk, "system")]
    return {
        "systemInstruction": {"parts": parts},
        "contents": contents,
        "tools": [{"functionDeclarations": declared}],
    }


SPELT: dict[str, tuple[str, Callable[[Talk], Json]]] = {
    "anthropic": ("v1/messages", anthropic),
    "openai": ("v1/chat/completions", chat),
    "responses": ("v1/responses", responses),
    "gemini": ("v1beta/models/gemini:generateContent", gemini),
}


def facts_of(wire: str, body: Json, path: str = "") -> Facts:
    """Return what the reader of this wire finds in a body."""
    path = path or SPELT[wire][0]
    kind = "openai" if wire == "responses" else wire
    prompt = wire_for(kind, path, body).read(body)
    return Facts(kind, "POST", path, "", prompt, 1)


def spoken(wire: str, talk: Talk) -> Facts:
    return facts_of(wire, SPELT[wire][1](talk))


def passages(verdict: Verdict) -> list[Passage]:
    return [p for fired in verdict.holding if fired.question for p in fired.question.passages]


def hold_for(verdict: Verdict, *votes: Vote, requester: Identity = ALICE, **changes: Any) -> Hold:  # noqa: ANN401 - fields to replace
    """Return an approved hold; with one vote for it where none are given."""
    made = Hold(
        id="h1",
        key="k1",
        session_id="s1",
        requester=requester,
        connection="gateway",
        model="",
        method="POST",
        path="/",
        body_bytes=1,
        digest="d",
        verdict=verdict,
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
        state=HoldState.APPROVED,
        votes=votes or (Vote(MARIA, approve=True, at=NOW, sets=("managers",)),),
        decided_at=NOW,
        call=CALL,
    )
    return replace(made, **changes)


def approved(catalog: Catalog, facts: Facts) -> tuple[Grant, ...]:
    """Return what an approval of a request covers from then on."""
    verdict = decide(facts, ALICE, catalog, NOW)
    assert verdict.holding, "nothing to approve"
    return covers_of(hold_for(verdict), NOW)


def left_open(
    catalog: Catalog, facts: Facts, grants: Iterable[Grant], now: datetime = NOW
) -> list[Passage | FiredRule]:
    """Return the passages of a request that nobody has decided on, or the rules that have none."""
    verdict = decide(facts, ALICE, catalog, now)
    rest, _ = still_open(verdict, tuple(grants), ALICE, "gateway", CALL, now)
    return [*passages(rest), *(fired for fired in rest.holding if not passages(rest))]
