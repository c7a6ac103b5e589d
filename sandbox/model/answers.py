"""What the model says: short, pleasant, and the same for the same question."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from sandbox.model.behaviour import Behaviour
from sandbox.model.script import Script

# Amazon's own documentation key: it opens nothing.
PLANTED_KEY = "AKIAIOSFODNN7EXAMPLE"
# A moment that never passes, so that the same request is answered with the same bytes.
EPOCH_S = 1_767_225_600
MAGIC_WORDS = "call the tool"
# What the shells of agents call the command.
COMMANDS = frozenset({"command", "cmd"})
ECHO_LENGTH = 120
# Each is shorter than the planted key, so that no cut can leave the key in one piece.
CUTS = (3, 11, 7, 14, 5, 9)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the caller offers: its name and the JSON Schema of its arguments."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool. `arguments` is a JSON object, as text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: text, then perhaps calls."""

    text: str
    calls: tuple[ToolCall, ...] = ()


def answer(
    question: str,
    behaviour: Behaviour,
    tools: tuple[Tool, ...] = (),
    choice: int = 0,
    done: int = 0,
    script: Script = (),
) -> Answer:
    """Answer a question. A tool is called when there is one and the question says the words.

    A model that works in steps, or has a script of commands, takes the next one; `done` are the
    results that it has already, or the steps that it has taken.
    """
    echo = _tail(question)
    calls: tuple[ToolCall, ...] = ()
    shell = next((tool for tool in tools if COMMANDS & _properties(tool).keys()), None)
    if shell is not None and script:
        return _scripted(shell, script, done)
    if behaviour.steps and shell is not None:
        return _step(shell, behaviour.steps, done)
    if tools and MAGIC_WORDS in question.lower():
        calls = (_call(tools[0], echo, behaviour),)
        text = f"Gladly, I will use {tools[0].name} for that."
    else:
        text = f"Happy to help with “{echo}”. Start with one failing test, make it pass, then tidy."
    if choice:
        text = f"Option {choice + 1}: {text}"
    if behaviour.leaky:
        text += f" The deploy script signs in with {PLANTED_KEY}, so keep it where it is."
    return Answer(text, calls)


def answer_as(schema: Mapping[str, Any], question: str) -> Answer:
    """Answer with a JSON object of a schema, as agents ask for the title of a conversation."""
    properties = schema.get("properties") or {}
    filled = {name: _fill(each, _tail(question)) for name, each in properties.items()}
    return Answer(json.dumps(filled, ensure_ascii=False))


def _scripted(shell: Tool, script: Script, done: int) -> Answer:
    if done >= len(script):
        return Answer(f"All {len(script)} steps are done.")
    step = f"Step {done + 1}"
    calls = tuple(_command(shell, words, step) for words in script[done])
    return Answer(f"{step} of {len(script)}.", calls)


def _step(shell: Tool, steps: int, done: int) -> Answer:
    if done >= steps:
        return Answer(f"All {steps} steps are done.")
    step = done + 1
    call = _command(shell, f"echo step {step} >> steps.txt", f"Step {step}")
    return Answer(f"Step {step} of {steps}.", (call,))


def _command(shell: Tool, words: str, title: str) -> ToolCall:
    arguments = {
        name: words if name in COMMANDS else _fill(schema, title)
        for name, schema in _properties(shell).items()
        if name in COMMANDS or name in shell.schema.get("required", ())
    }
    return ToolCall(shell.name, json.dumps(arguments))


def _properties(tool: Tool) -> Mapping[str, Any]:
    return tool.schema.get("properties") or {}


def cut(text: str) -> list[str]:
    """Cut into deltas, always at the same places."""
    pieces, start, sizes = [], 0, cycle(CUTS)
    while start < len(text):
        size = next(sizes)
        pieces.append(text[start : start + size])
        start += size
    return pieces


def tokens(text: str) -> int:
    """Estimate tokens, four characters each."""
    return max(1, len(text) // 4)


def identifier(prefix: str, seed: bytes, length: int = 24) -> str:
    """Make an id that depends on nothing but the seed."""
    return prefix + hashlib.sha256(prefix.encode() + seed).hexdigest()[:length]


def call_seed(raw: bytes, number: int) -> bytes:
    """Return what the id of a call is made of: of the first, the request alone."""
    return raw + b"#%d" % number if number else raw


def _tail(question: str) -> str:
    words = " ".join(question.split())
    return words if len(words) <= ECHO_LENGTH else "…" + words[-ECHO_LENGTH:]


def _call(tool: Tool, echo: str, behaviour: Behaviour) -> ToolCall:
    value = f"{echo} with {PLANTED_KEY}" if behaviour.leaky else echo
    properties = tool.schema.get("properties") or {"input": {"type": "string"}}
    arguments = {name: _fill(schema, value) for name, schema in properties.items()}
    return ToolCall(tool.name, json.dumps(arguments, ensure_ascii=False))


def _fill(schema: Any, value: str) -> object:  # noqa: ANN401  any JSON may stand here
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    fixed = {"integer": 1, "number": 1.5, "boolean": True, "array": [value]}
    return fixed.get(kind, value) if isinstance(kind, str) else value
