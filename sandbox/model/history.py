"""What providers refuse in the history of a conversation, for models with `strict` in their name.

Anthropic: https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls and
https://platform.claude.com/docs/en/build-with-claude/extended-thinking. OpenAI:
https://platform.openai.com/docs/guides/function-calling and
https://platform.openai.com/docs/guides/reasoning. Google, of its latest models:
https://ai.google.dev/gemini-api/docs/thought-signatures and
https://ai.google.dev/gemini-api/docs/function-calling. Each function raises Refusal.
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


def check_contents(contents: Sequence[JsonObject]) -> None:
    """Check Gemini's `contents`.

    The first call of each step of the current turn has the signature that it came with. Clients
    may send what came in chunks as several contents.
    """
    turns = _turns(contents)
    asked = [at for at, (of_model, parts) in enumerate(turns) if not of_model and _says(parts)]
    current, made = asked[-1] if asked else 0, 0
    for at, (_, parts) in enumerate([*turns, (False, [])]):
        if not parts and at < len(turns):
            raise _refused(f"GenerateContentRequest.contents[{at}].parts: must not be empty.")
        if made != len(_members(parts, "functionResponse")):
            raise _refused(
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        calls = _members(parts, "functionCall")
        made = len(calls)
        if calls and at > current and not _is_signed(_first_call(parts)):
            raise _refused(
                "Function call is missing a thought_signature in functionCall parts. Additional "
                f"data, function call `{calls[0].get('name')}`, position {at + 1}."
            )


def sealed(thought: str) -> str:
    """Return a signature that says which thought it is of, as those of Gemini do."""
    return base64.b64encode(f"{signed(thought)} {thought}".encode()).decode()


def _is_signed(part: JsonObject) -> bool:
    try:
        said = base64.b64decode(str(part.get("thoughtSignature")), validate=True).decode()
    except ValueError:
        return False
    signature, _, thought = said.partition(" ")
    return signature == signed(thought)


def _turns(contents: Sequence[JsonObject]) -> list[tuple[bool, list[JsonObject]]]:
    """Return what the model and others said in turn, each as its parts."""
    turns: list[tuple[bool, list[JsonObject]]] = []
    for content in contents:
        of_model, parts = content.get("role") == "model", objects(content.get("parts"))
        if turns and turns[-1][0] is of_model:
            turns[-1][1].extend(parts)
        else:
            turns.append((of_model, list(parts)))
    return turns


def _says(parts: Iterable[JsonObject]) -> bool:
    """Whether a person says something, and not only tools."""
    return any("functionResponse" not in part for part in parts)


def _first_call(parts: Iterable[JsonObject]) -> JsonObject:
    return next(part for part in parts if "functionCall" in part)


def _members(parts: Iterable[JsonObject], name: str) -> list[JsonObject]:
    return [part[name] for part in parts if isinstance(part.get(name), dict)]


def _ids(blocks: Iterable[JsonObject], kind: str, name: str) -> list[str]:
    return [str(block.get(name)) for block in blocks if block.get("type") == kind]


def _refused(message: str, param: str | None = None) -> Refusal:
    return Refusal(Fault.BAD_BODY, message, param)
