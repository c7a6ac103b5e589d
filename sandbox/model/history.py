"""What providers refuse in the history of a conversation, for models with `strict` in their name.

Anthropic: https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls and
https://platform.claude.com/docs/en/build-with-claude/extended-thinking. OpenAI:
https://platform.openai.com/docs/guides/function-calling and
https://platform.openai.com/docs/guides/reasoning. Each function raises Refusal.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence

from sandbox.model.intake import objects
from sandbox.model.refusals import Fault, JsonObject, Refusal

_CALLS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "shell_call": "shell_call_output",
    "local_shell_call": "local_shell_call_output",
    "apply_patch_call": "apply_patch_call_output",
    "computer_call": "computer_call_output",
}
_OUTPUTS = {output: call for call, output in _CALLS.items()}


def signed(thought: str) -> str:
    """Return the signature of a thought, which no other one has."""
    return base64.b64encode(hashlib.sha256(b"sandbox" + thought.encode()).digest()).decode()


def check_messages(messages: Sequence[JsonObject], *, thinks: bool) -> None:
    """Check Anthropic's `messages`; `thinks` where the request asks for thinking.

    Those of the system may come anywhere, and are not counted.
    """
    messages = [message for message in messages if message["role"] != "system"]
    asked: list[str] = []
    for place, message in enumerate(messages):
        content = message.get("content")
        last = place == len(messages) - 1
        if not content and not (last and message["role"] == "assistant"):
            raise _refused(f"messages.{place}: the content is empty")
        blocks = objects(content)
        for number, block in enumerate(blocks):
            _check_block(block, f"messages.{place}.content.{number}")
        results = _ids(blocks, "tool_result", "tool_use_id")
        if message["role"] == "user":
            _check_results(place, blocks, results, asked)
        elif asked:
            raise _refused(f"messages.{place - 1}: tool_use without tool_result: {asked}")
        asked = _ids(blocks, "tool_use", "id") if message["role"] == "assistant" else []
        if len(set(asked)) < len(asked):
            raise _refused(f"messages.{place}: the ids of tool_use blocks must differ")
    if asked:
        raise _refused(f"messages.{len(messages) - 1}: tool_use without tool_result: {asked}")
    if thinks:
        _check_thinking(messages)


def _check_block(block: JsonObject, place: str) -> None:
    kind = block.get("type")
    if kind == "text" and not str(block.get("text", "")).strip():
        raise _refused(f"{place}: a text must have more in it than blanks")
    if kind == "thinking" and block.get("signature") != signed(str(block.get("thinking"))):
        raise _refused(f"{place}: the signature is not the one of this thinking")


def _check_results(
    place: int, blocks: Sequence[JsonObject], results: Sequence[str], asked: Sequence[str]
) -> None:
    if unknown := set(results) - set(asked):
        raise _refused(f"messages.{place}: tool_result without tool_use: {sorted(unknown)}")
    if missing := set(asked) - set(results):
        raise _refused(f"messages.{place - 1}: tool_use without tool_result: {sorted(missing)}")
    if len(set(results)) < len(results):
        raise _refused(f"messages.{place}: a tool_use has more than one tool_result")
    kinds = [block.get("type") == "tool_result" for block in blocks]
    if kinds != sorted(kinds, reverse=True):
        raise _refused(f"messages.{place}: tool_result blocks come first")


def _check_thinking(messages: Sequence[JsonObject]) -> None:
    """Check that a turn of which results come in begins with its thinking."""
    prompts = [
        place
        for place, message in enumerate(messages)
        if message["role"] == "user"
        and not _ids(objects(message.get("content")), "tool_result", "tool_use_id")
    ]
    begin = prompts[-1] + 1 if prompts else 0
    if len(messages) - begin < 2:
        return
    first = (objects(messages[begin].get("content")) or [{}])[0].get("type")
    if first not in {"thinking", "redacted_thinking"}:
        raise _refused(f"messages.{begin}: begins with {first}, and not with its thinking")


def check_items(items: Sequence[JsonObject]) -> None:
    """Check the `input` of OpenAI's Responses."""
    calls: dict[str, str] = {}
    done: set[str] = set()
    for place, item in enumerate(items):
        kind = str(item.get("type"))
        name = str(item.get("call_id"))
        if kind in _CALLS:
            calls[name] = kind
        elif kind in _OUTPUTS:
            if calls.get(name) != _OUTPUTS[kind]:
                raise _refused(f"input[{place}]: no tool call has the call_id {name}", "input")
            done.add(name)
        elif kind == "reasoning" and not _goes_on(items[place + 1 :]):
            raise _refused(f"input[{place}]: reasoning without the item that follows it", "input")
    if missing := sorted(set(calls) - done):
        raise _refused(f"No tool output for the tool calls {missing}", "input")


def _goes_on(rest: Sequence[JsonObject]) -> bool:
    following = next((item for item in rest if item.get("type") != "reasoning"), {})
    return following.get("role") == "assistant" or str(following.get("type")).endswith("_call")


def check_chat(messages: Sequence[JsonObject]) -> None:
    """Check the `messages` of OpenAI's Chat Completions."""
    asked: set[str] = set()
    for place, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in asked:
                raise _refused(
                    f"messages[{place}]: a tool message answers no tool call", "messages"
                )
            asked.discard(str(message["tool_call_id"]))
            continue
        if asked:
            raise _refused(f"messages[{place}]: no tool message for {sorted(asked)}", "messages")
        asked = {str(call.get("id")) for call in objects(message.get("tool_calls"))}
        if message["role"] == "assistant" and not asked and not message.get("content"):
            raise _refused(f"messages[{place}]: neither content nor tool calls", "messages")
    if asked:
        raise _refused(f"No tool message for {sorted(asked)}", "messages")


def _ids(blocks: Iterable[JsonObject], kind: str, name: str) -> list[str]:
    return [str(block.get(name)) for block in blocks if block.get("type") == kind]


def _refused(message: str, param: str | None = None) -> Refusal:
    return Refusal(Fault.BAD_BODY, message, param)
