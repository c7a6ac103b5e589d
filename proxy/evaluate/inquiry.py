"""What a hook asks, as the gateway judges it: as what it would be on the wire. Pure.

A prompt is a turn that a person typed, in a model call of the named connection; so its passages
have the names that they get when the tool sends it, and people decide on both at once. A tool call
is one of the answer to such a call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.connection import Connection, ConnectionKind, CredentialScheme
from app.domain.hook import Hook, HookEvent, HookTool
from app.domain.identity import Identity
from app.domain.record.session_facts import Conversation, Origin
from app.domain.segment import Facts, Role, Segment
from app.domain.verdict import Verdict
from app.errors import BadRequest
from app.wire import strict_json
from app.wire.apis.anthropic import ANTHROPIC
from app.wire.apis.hook import HOOK
from app.wire.apis.openai_chat import CHAT
from app.wire.apis.openai_responses import RESPONSES
from app.wire.request.body import Body
from policies.decide import examine
from policies.passages.lines import SHORTEST
from policies.passages.names import UNKEYED, PassageNames, normalised
from proxy.calls.scene import Scene
from proxy.evaluate.evaluation import Evaluation
from proxy.facts import Inquiry, recorded_request
from proxy.http.account_ids import AccountUse
from proxy.record.conversations import conversation_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.domain.record.session import Session
    from app.wire.base import Json
    from policies.compiled_catalog import Catalog

PATH = "-/evaluate"
_JSON = (("content-type", "application/json"),)
_KINDS: Mapping[HookTool, ConnectionKind] = {
    HookTool.CLAUDE_CODE: ConnectionKind.ANTHROPIC,
    HookTool.CODEX: ConnectionKind.OPENAI,
    HookTool.CURSOR: ConnectionKind.CURSOR,
}
"""The connection that a tool works over, where its hook names none."""
_CALLS: Mapping[HookTool, tuple[str, str]] = {
    HookTool.CLAUDE_CODE: (ANTHROPIC.name, "v1/messages"),
    HookTool.CODEX: (RESPONSES.name, "v1/responses"),
}
_CURSOR_CALLS: Mapping[ConnectionKind, tuple[str, str]] = {
    ConnectionKind.ANTHROPIC: _CALLS[HookTool.CLAUDE_CODE],
    ConnectionKind.OPENAI: (CHAT.name, "v1/chat/completions"),
}
_TEXTS: Mapping[HookEvent, tuple[str, ...]] = {
    HookEvent.PROMPT: ("prompt",),
    HookEvent.TOOL_CALL: (),
    HookEvent.TOOL_RESULT: ("result",),
    HookEvent.READ: ("path", "content"),
}
"""The members that rules on prompts look at. Rules on tool calls judge calls."""
_NAME_LENGTH = 200
_CLOUD_AGENTS = ("POST /v1/agents", "v1/agents")


def kind_of(tool: HookTool) -> ConnectionKind:
    """Return the kind of connection that a tool works over by itself."""
    return _KINDS[tool]


def is_on_our_wire(tool: HookTool) -> bool:
    """Whether the tool's own requests pass the gateway, which decides on them there as well."""
    return tool is not HookTool.CURSOR


def is_short(asked: Evaluation) -> bool:
    """Whether a prompt is too short to have a name of its own."""
    prompt = asked.content.get("prompt")
    return isinstance(prompt, str) and len(normalised(prompt)) < SHORTEST


@dataclass(frozen=True, slots=True)
class HookQuestion:
    """What a hook asks about a connection, and who asks it."""

    evaluation: Evaluation
    connection: Connection
    identity: Identity
    names: PassageNames
    reason: str = ""
    """What the caller says that it is for."""

    @property
    def size(self) -> int:
        return len(strict_json.dump(dict(self.evaluation.content)))

    @property
    def call(self) -> tuple[str, str]:
        """The kind and the path of the model call that this is a part of."""
        tool = self.evaluation.tool
        if tool is HookTool.CURSOR:
            return _CURSOR_CALLS.get(self.connection.kind, _CLOUD_AGENTS)
        return _CALLS[tool]


def scene_of(question: HookQuestion, catalog: Catalog) -> Scene:
    """Return what the hook says of the surroundings of a call, safe to show."""
    return _scene(question, catalog.mask)


def _scene(question: HookQuestion, mask: Callable[[str], str]) -> Scene:
    asked = question.evaluation
    return Scene(
        conversation=conversation_name(question.names, asked.conversation),
        folder=mask(asked.folder),
    )


def inquiry_of(question: HookQuestion, mask: Callable[[str], str]) -> Inquiry:
    """Return what is asked; only a prompt and what a tool said are texts of it."""
    asked, (kind, path) = question.evaluation, question.call
    connection = replace(question.connection, wire=HOOK.name)
    content = dict(asked.content)
    raw = strict_json.dump(content)
    judged: dict[str, Json] = {name: content[name] for name in _TEXTS[asked.event]}
    said = HOOK.read(judged)
    texts = tuple(replace(segment, tool=asked.name) for segment in said.segments)
    if asked.conversation and is_short(asked) and not is_on_our_wire(asked.tool):
        # So few words say nothing by themselves: an approval of them stays in the conversation.
        texts = (Segment(asked.conversation, Role.USER, "/conversation"), *texts)
    prompt = replace(said, model=asked.model, segments=texts)
    scene = _scene(question, mask)
    hook = Hook(asked.tool, asked.event, scene.folder, scene.conversation, asked.call_id)
    return Inquiry(
        connection=connection,
        body=Body(raw, json=content),
        facts=Facts(question.connection.name, "POST", path, "", prompt, len(raw)),
        request=recorded_request(connection, "POST", PATH, "", _JSON, raw),
        members=frozenset(),
        calls=(),
        cancels=(),
        use=AccountUse(),
        has_tools=True,
        hook=hook,
        conversation=_conversation(scene, mask(asked.conversation[:_NAME_LENGTH])),
        kind=kind,
        origin=Origin(reason=mask(question.reason)) if question.reason else None,
    )


def _conversation(scene: Scene, said: str) -> Conversation | None:
    return Conversation(scene.conversation, said, "hook") if scene.conversation else None


def read_call(question: HookQuestion, catalog: Catalog) -> Inquiry:
    """Return what is asked about a tool call, with its secrets masked and without its texts.

    It is only recorded: what is decided on is the call itself.
    """
    inquiry = inquiry_of(question, catalog.mask).masked(catalog.mask)
    return inquiry.showing(catalog.mask).without_texts()


def recorded_inquiry(session: Session, body: bytes) -> Inquiry:
    """Return what a hook asked, out of its record. Raises BadRequest."""
    hook, content = session.hook, strict_json.parse(body)
    if hook is None or not isinstance(content, dict):
        raise BadRequest("This is no question of a hook.")
    asked = Evaluation(hook.tool, hook.event, content, model=session.model)
    connection = Connection(session.connection, "", CredentialScheme.BEARER, b"")
    question = HookQuestion(asked, connection, session.identity, UNKEYED)
    return inquiry_of(question, lambda text: text)


@dataclass(frozen=True, slots=True)
class Examined:
    """What the rules say of texts, and what of them is recorded."""

    inquiry: Inquiry
    verdict: Verdict


def examined(question: HookQuestion, now: datetime, catalog: Catalog) -> Examined:
    """Return what the rules on prompts say of a prompt, a file or a tool's result."""
    inquiry = inquiry_of(question, catalog.mask)
    verdict, mask = examine(inquiry.facts, question.identity, catalog, now, question.names)
    if mask is not None:
        inquiry = inquiry.masked(mask)
    return Examined(inquiry.showing(catalog.mask).named().without_texts(), verdict)
