"""What happens before the outputs are looked at: secrets wherever anybody can put one."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from sandbox.idp.driver import IdpDriver
from sandbox.slack.people.driver import SlackUser
from tests.flows.hooking import call_of, prompt_of
from tests.flows.house import House
from tests.flows.secrecy.canaries import aws_key, github_token, planted
from tests.flows.trouble.test_hostile_upstream import CREDENTIAL, answer, raw_upstream
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.slack.people.driver import SlackDriver

PLACES = (
    *("prompt", "reason", "model", "header", "path", "query", "connection", "method", "system"),
    *("talk", "agent", "argument", "result", "broken", "token", "denial", "search", "hold"),
    *("stream", "call", "document", "answerheader", "error", "hook", "why", "command"),
)
"""`talk` is the name of a conversation, `argument` of a tool call in the history, `call` of one in
the model's answer; `search` and `hold` are what auditors write; `hook`, `why` and `command` are the
prompt that a hook asks about, its reason, and a call that it asks about."""
CHAT = "v1/chat/completions"


def both(place: str) -> str:
    return f"{aws_key(place)} and {github_token(place)}"


@dataclass
class Story:
    """What was said to whom. `word` is harmless and in the prompts, so that it shows."""

    house: House
    people: dict[str, SlackUser]
    idp: IdpDriver
    token: str
    word: str
    sessions: list[str] = field(default_factory=list)
    """Ids, in the order of the requests."""
    answers: list[httpx.Response] = field(default_factory=list)
    slack: list[Any] = field(default_factory=list)
    """Views that were open for a while."""
    while_held: list[httpx.Response] = field(default_factory=list)

    @property
    def secrets(self) -> dict[str, str]:
        house = self.house
        slack = house.sandbox["slack"]
        return {
            **planted(*PLACES),
            "the developer's token": self.token,
            "the signature of the developer's token": self.token.rpartition(".")[2],
            "the upstream credential": house.sandbox["model"]["credential"],
            "the other upstream credential": CREDENTIAL,
            "the vault key": house.vault_key,
            "the bot's token": slack["bot_token"],
            "the app's token": slack["app_token"],
            "the client secret": house.settings["ABEYANCE_LOGIN_CLIENT_SECRET"],
        }


def history(word: str) -> dict[str, Any]:
    """Return a request of an agent, with secrets in all that it brings along."""
    arguments = json.dumps({"command": f"export KEYS='{both('argument')}'"})
    function = {"name": "Bash", "arguments": arguments}
    return {
        "model": f"m-{aws_key('model')}",
        "messages": [
            {"role": "system", "content": f"Sign in with {both('system')}"},
            {"role": "user", "content": f"Go on with build {word}"},
            {
                "role": "assistant",
                "tool_calls": [{"id": "c1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": f"done with {both('result')}"},
        ],
    }


def streamed(word: str) -> bytes:
    """Return an answer that brings its secrets in pieces of three characters."""
    said = f"Build {word} uses {both('stream')}, fetched with {CREDENTIAL}."
    arguments = json.dumps({"command": f"login {both('call')}"})

    def pieces(text: str) -> Iterator[str]:
        return (text[at : at + 3] for at in range(0, len(text), 3))

    def call(piece: str, **named: str) -> dict[str, Any]:
        function = {"arguments": piece, **({"name": "Read"} if named else {})}
        return {"tool_calls": [{"index": 0, "function": function, **named}]}

    deltas = [
        *({"content": piece} for piece in pieces(said)),
        call("", id="call-1", type="function"),
        *map(call, pieces(arguments)),
    ]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    events = [f"data: {json.dumps({'id': 'a', **chunk})}\n\n" for chunk in chunks]
    return "".join([*events, "data: [DONE]\n\n"]).encode()


def document(word: str) -> bytes:
    said = f"Build {word} uses {both('document')}, fetched with {CREDENTIAL}."
    message = {"role": "assistant", "content": said}
    return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()


def refused() -> bytes:
    body = json.dumps({"error": {"message": f"{both('error')} or {CREDENTIAL} is wrong"}}).encode()
    return answer(body).replace(b"200 OK", b"401 Unauthorized")


async def told(house: House, slack: SlackDriver, idp: IdpDriver) -> Story:
    """Have it all happen, and return once it is recorded."""
    people = {name: await slack.user(name) for name in ("maria", "alice", "ines")}
    story = Story(house, people, idp, await idp.token("alice"), uuid4().hex[:8])
    async with house.http(story.token) as http:
        await _held(story, http)
        await _answered(story, http)
        await _hooked(story, http)
        await _turned_away(story, http)
    found = [one.headers.get("abeyance-session", "") for one in story.answers]
    story.sessions = [one for one in found if one]
    storage = house.storage()
    for session_id in story.sessions:
        await recorded(storage, session_id)
    storage.close()
    return story


async def _held(story: Story, http: httpx.AsyncClient) -> None:
    """A manager looks at a request from all sides, and denies it."""
    maria, word = story.people["maria"], story.word
    said = f"Deploy build {word} to production with {both('prompt')}"
    body = {"model": f"m-{aws_key('model')}", "messages": [{"role": "user", "content": said}]}
    headers = {
        "abeyance-reason": f"needed for {both('reason')}",
        "abeyance-conversation": f"talk-{aws_key('talk')}",
    }
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(http.post(f"/openai/{CHAT}", json=body, headers=headers))
        card = await maria.wait_for_message(word)
        await maria.click(card, "View full")
        story.slack.append((await maria.wait_for_view("[aws-access-key-id]")).raw)
        story.slack.append((await maria.open_home()).raw)
        await maria.close_view()
        story.while_held.append(await http.get("/-/holds"))
        await maria.click(card, "Deny…")
        await maria.submit(
            {"category": "Not allowed by policy", "reason": f"Not {both('denial')}, {word}"}
        )
        story.answers.append(await asking)
    await maria.wait_for_change(card, "Denied")
    await story.people["alice"].wait_for_message("Not [", channel="abeyance")


async def _answered(story: Story, http: httpx.AsyncClient) -> None:
    """A model gives secrets away: in a stream, in a document, in a header, in an error."""
    word = story.word
    story.answers.append(await http.post(f"/openai/{CHAT}", json=history(word)))
    async with raw_upstream(story.house, "raw") as upstream:
        upstream.answers = [
            answer(streamed(word), kind="text/event-stream"),
            answer(document(word), f"openai-organization: {aws_key('answerheader')}"),
            refused(),
        ]
        talk = {"abeyance-conversation": f"talk-{aws_key('talk')}"}
        for stream in (True, False, False):
            body = {**history(word), "stream": stream}
            story.answers.append(await http.post(f"/raw/{CHAT}", json=body, headers=talk))
    session = story.answers[2].headers["abeyance-session"]
    story.answers.append(await http.get(f"/-/sessions/{session}"))


async def _hooked(story: Story, http: httpx.AsyncClient) -> None:
    """A hook asks about a prompt that is held, one that cannot be masked, and a call."""
    why = {"abeyance-reason": f"needed for {both('why')}"}
    asked = [
        prompt_of(f"Look at production, build h-{story.word}", tool="cursor", patience=1),
        prompt_of(f"Is it {both('hook')}?", tool="cursor"),
        call_of(f"export KEYS='{both('command')}'"),
    ]
    for question in asked:
        story.answers.append(await http.post("/-/evaluate", json=question, headers=why))
    await story.people["maria"].wait_for_message(f"h-{story.word}")


async def _turned_away(story: Story, http: httpx.AsyncClient) -> None:
    """What cannot be masked, read or let in is refused, and does not come back."""
    body = {"model": "m", "messages": [{"role": "user", "content": story.word}]}
    path = f"/openai/{CHAT}"
    story.answers += [
        await http.post(path, json=body, headers={"openai-beta": aws_key("header")}),
        await http.post(path, json=body, headers={"user-agent": f"agent/{aws_key('agent')}"}),
        await http.get(f"/openai/v1/models/{aws_key('path')}"),
        await http.get("/openai/v1/models", params={"q": aws_key("query")}),
        await http.get(f"/{aws_key('connection')}/v1/models"),
        await http.request(aws_key("method"), "/openai/v1/models"),
        await http.post(
            path,
            content=f'{{"{both("broken")}": '.encode(),
            headers={"content-type": "application/json"},
        ),
        await http.post(path, json=body, headers={"authorization": f"Bearer {both('token')}"}),
    ]
