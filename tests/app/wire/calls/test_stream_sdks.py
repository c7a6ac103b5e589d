"""What OpenAI's and Google's clients make of streams in which calls were ruled on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import openai
import pytest
from google import genai
from google.genai import types

from app.wire.apis.gemini import GEMINI_STREAM
from app.wire.apis.openai_chat import CHAT
from app.wire.apis.openai_responses import NO_NEWS, RESPONSES
from app.wire.calls.base import Changed, Passed, Replaced, Ruling
from app.wire.calls.streams.chat import ChatStream
from app.wire.calls.streams.gemini import GeminiStream
from app.wire.calls.streams.responses import ResponsesStream
from tests.app.wire.calls.answers import chats, geminis, responses
from tests.app.wire.calls.law import COMMENT, LIMIT, wanted
from tests.app.wire.conftest import Canned, Provider
from tests.app.wire.masking import RealMasking, through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.wire.calls.base import CallReader

# Google's SDK does what aiohttp discourages.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
PASSED, DENIED = Passed(), Replaced("`rm` was not run.")
CHANGED = Changed('{"command":"ls"}', "It was changed.")
WAITING, STOPPED = "Waiting.", "Still waiting."
TEXT, CALL = "text", "call"


@dataclass(frozen=True)
class Story:
    """An answer with calls of `held_a` and `held_b`, and what happens to them."""

    name: str
    rulings: Sequence[Ruling] = ()
    hello: bool = True
    waiting: bool = False

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What a client is to see; where there are fewer rulings than calls, it is stopped."""
        seen = [(TEXT, "Hello.")] if self.hello else []
        for at in range(2):
            seen += [(TEXT, WAITING)] if self.waiting else []
            if at == len(self.rulings):
                return [*seen, (TEXT, STOPPED)]
            ruling = self.rulings[at]
            if not isinstance(ruling, Passed):
                seen.append((TEXT, ruling.text))
            if not isinstance(ruling, Replaced):
                changed = isinstance(ruling, Changed)
                seen.append((CALL, "ls" if changed else f"rm -rf mark{at + self.hello}"))
        return seen

    def told(self, reader: CallReader, stream: bytes) -> bytes:
        reader.feed(stream)
        out = reader.flow()
        for number in range(2):
            if self.waiting:
                out += reader.alive() + reader.say(WAITING) + reader.alive()
            if number == len(self.rulings):
                return out + reader.stop(STOPPED)
            reader.rule(number, self.rulings[number])
            out += reader.flow()
        reader.finish()
        return out + reader.flow()


STORIES = [
    Story("both pass", [PASSED, PASSED]),
    Story("the first is replaced", [DENIED, PASSED]),
    Story("the second is replaced", [PASSED, DENIED]),
    Story("both are replaced", [DENIED, DENIED]),
    Story("both are replaced without a word before", [DENIED, DENIED], hello=False),
    Story("both are changed", [CHANGED, CHANGED]),
    Story("they pass after a while", [PASSED, PASSED], waiting=True),
    Story("they pass after a while without a word", [PASSED, PASSED], waiting=True, hello=False),
    Story("one is changed and one replaced after a while", [CHANGED, DENIED], waiting=True),
    Story("stopped at the first", []),
    Story("stopped at the first without a word before", [], hello=False),
    Story("stopped at the second", [PASSED]),
    Story("stopped at the second after a while", [PASSED], waiting=True),
    Story("stopped after a replaced one", [DENIED]),
]
each_story = pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])


@pytest.fixture(scope="module")
def _openai() -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def client(provider: Provider, _openai: openai.OpenAI) -> openai.OpenAI:
    return _openai.with_options(base_url=f"{provider.url}/v1")


def masked(wire: Any, out: bytes) -> Canned:  # noqa: ANN401 - any format
    return Canned(through(wire.answer("text/event-stream", RealMasking()), [out]))


def joined(seen: list[tuple[str, str]]) -> tuple[str, list[str]]:
    """Show what is seen as Chat does: all words, and all calls."""
    texts = [what for kind, what in seen if kind == TEXT]
    return "\n\n".join(texts), [what for kind, what in seen if kind == CALL]


@each_story
def test_openai_reads_chunks(story: Story, provider: Provider, client: openai.OpenAI) -> None:
    said = [chats.Said(text="Hello.")] if story.hello else []
    stream = chats.made([*said, chats.Said(call="held_a"), chats.Said(call="held_b")])
    reader = ChatStream(wanted, limit=LIMIT, alive=COMMENT)
    provider.answer = masked(CHAT, story.told(reader, stream))
    with client.chat.completions.stream(model="m", messages=HELLO) as helper:
        helper.until_done()
        completion = helper.get_final_completion()
    [choice] = completion.choices
    calls = choice.message.tool_calls or []
    text, asked = joined(story.shown)
    assert choice.message.role == "assistant"
    assert choice.message.content == text
    assert [json.loads(call.function.arguments)["command"] for call in calls] == asked
    assert choice.finish_reason == ("tool_calls" if asked else "stop")
    assert completion.usage is not None
    raw = client.chat.completions.create(model="m", messages=HELLO, stream=True)
    choices = [choice for chunk in raw for choice in chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == text


@each_story
def test_openai_reads_items(story: Story, provider: Provider, client: openai.OpenAI) -> None:
    said = [responses.Item(text="Hello.")] if story.hello else []
    calls = [responses.Item(call="held_a"), responses.Item(call="held_b")]
    reader = ResponsesStream(wanted, limit=LIMIT, alive=NO_NEWS)
    provider.answer = masked(RESPONSES, story.told(reader, responses.made([*said, *calls])))
    with client.responses.stream(model="m", input="hello") as helper:
        helper.until_done()
        final = helper.get_final_response()
    assert seen_items(final.output) == story.shown
    assert final.status == "completed"
    assert final.usage is not None
    raw = client.responses.create(model="m", input="hello", stream=True)
    events = list(raw)
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert seen_items(done) == story.shown
    added = [event for event in events if event.type == "response.output_item.added"]
    assert [event.output_index for event in added] == list(range(len(story.shown)))


def seen_items(items: list[Any]) -> list[tuple[str, str]]:
    return [
        (TEXT, item.content[0].text)
        if item.type == "message"
        else (CALL, json.loads(item.arguments)["command"])
        for item in items
    ]


@each_story
@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole calls", "calls in pieces"])
def test_google_reads_parts(
    story: Story,
    in_pieces: bool,  # noqa: FBT001
    provider: Provider,
) -> None:
    said = [geminis.Said(text="Hello.")] if story.hello else []
    calls = [geminis.Said(call=name, in_pieces=in_pieces) for name in ("held_a", "held_b")]
    reader = GeminiStream(wanted, limit=LIMIT, alive=b"\n")
    provider.answer = masked(GEMINI_STREAM, story.told(reader, geminis.made([*said, *calls])))
    options = types.HttpOptions(base_url=provider.url)
    with genai.Client(api_key="none", http_options=options) as client:
        chunks = list(client.models.generate_content_stream(model="m", contents="hello"))
    candidates = [chunk.candidates[0] for chunk in chunks if chunk.candidates]
    parts = [part for found in candidates for part in found.content.parts]
    assert [seen for part in parts if (seen := seen_part(part))] == [
        seen for seen in story.shown if not (in_pieces and seen[1].startswith("rm"))
    ]
    assert candidates[-1].finish_reason == "STOP"


def seen_part(part: types.Part) -> tuple[str, str] | None:
    """Return what a part shows; nothing for one without words, and for a piece of a call."""
    if part.text:
        return TEXT, part.text.removeprefix("\n\n")
    call = part.function_call
    return (CALL, str(call.args["command"])) if call is not None and call.args else None
