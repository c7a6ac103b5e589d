"""`abeyance hook TOOL`: one event in, one verdict out.

Whatever goes wrong here blocks, in the words of the tool: an agent goes on where a hook says
nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from workstation.checkout import checkout_of
from workstation.hook import claude, codex, cursor
from workstation.hook.answer import HookEvent, HookOutput, UnreadableEvent
from workstation.hook.documents import WAIT_SECONDS
from workstation.hook.gate import SignedOut, find_gate
from workstation.hook.gateway import Unanswered, ask

if TYPE_CHECKING:
    from types import FrameType, ModuleType

NAMES = {"cursor": "cursor", "claude": "claude-code", "codex": "codex"}
"""The tools, and what the gateway calls them."""
_TOOLS: dict[str, ModuleType] = {"cursor": cursor, "claude": claude, "codex": codex}
_STUCK_SECONDS = 45.0
"""How long after its time a hook that is still stuck in a call blocks without it."""
_USAGE = (
    "usage: abeyance hook cursor|claude|codex [--wait SECONDS] [--gateway URL]; the event comes on "
    "standard input. `abeyance hook install` sets it up."
)


class _Stopped(BaseException):
    """The tool ends the hook."""


def main(arguments: list[str]) -> NoReturn:
    """Answer the event on standard input and end the process."""
    started = time.monotonic()
    said = _Said(arguments[0])
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), said.stop)
    try:
        try:
            wait, gateway = _options(arguments[1:])
            said.speak_after(wait + _STUCK_SECONDS)
            event = _read()
            said.learn(event)
            answer = _answer(said.tool, event, gateway, started + wait)
        except (UnreadableEvent, SignedOut, Unanswered) as error:
            answer = said.block(str(error))
        except Exception as error:  # noqa: BLE001 - a hook that dies lets the action through
            answer = said.block(
                f"Abeyance's hook failed ({error!r}), so this is blocked. "
                "Please tell your Abeyance administrator."
            )
    except _Stopped:
        answer = said.block("Abeyance's hook was stopped before anyone decided: this is blocked.")
    said.end(answer)


class _Said:
    """The one answer of a hook, whoever gives it first: the gateway's, or that there is none."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self._event = HookEvent()
        self._lock = threading.Lock()
        self.ending = False

    def learn(self, event: HookEvent) -> None:
        self._event = event
        if "cursor_version" in event:
            self.tool = "cursor"  # which also runs Claude Code's hooks, in its own words

    def block(self, message: str) -> HookOutput:
        answer: HookOutput = _TOOLS[self.tool].blocked(self._event, message)
        return answer

    def speak_after(self, seconds: float) -> None:
        """Block if the hook is still stuck by then, such as in a name that does not resolve."""
        timer = threading.Timer(seconds, self._give_up)
        timer.daemon = True
        timer.start()

    def _give_up(self) -> None:
        self.end(self.block("Abeyance's gateway took too long, so this is blocked."))

    def end(self, answer: HookOutput) -> NoReturn:
        """Print the answer and end the process. Only the first call does."""
        with self._lock:
            self.ending = True
            if answer.document is not None:
                sys.stdout.write(json.dumps(answer.document) + "\n")
                sys.stdout.flush()
            if answer.error:
                sys.stderr.write(answer.error + "\n")
                sys.stderr.flush()
            os._exit(answer.code)

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal. Once the answer is being printed, a second would spoil it."""
        if not self.ending:
            raise _Stopped


def _answer(tool: str, event: HookEvent, gateway: str, deadline: float) -> HookOutput:
    words = _TOOLS[tool]
    question = words.question(event)
    url, token = find_gate(gateway)
    folder = str(question.get("folder", ""))
    about = {"tool": NAMES[tool]} | (checkout_of(Path(folder)).claims if folder else {})
    verdict = ask(url, token, about | question, deadline)
    answer: HookOutput = words.answer(event, verdict)
    return answer


def _options(arguments: list[str]) -> tuple[float, str]:
    wait, gateway, rest = float(WAIT_SECONDS), "", list(arguments)
    while rest:
        name, _, value = rest.pop(0).partition("=")
        value = value or (rest.pop(0) if rest else "")
        if name == "--wait" and value.isdigit():
            wait = float(value)
        elif name == "--gateway" and value:
            gateway = value
        else:
            raise UnreadableEvent(_USAGE)
    return wait, gateway


def _read() -> HookEvent:
    try:
        # Windows editors may begin with a byte order mark.
        event = json.loads(sys.stdin.buffer.read().decode("utf-8-sig"))
    except (ValueError, OSError) as error:
        raise UnreadableEvent(
            f"Abeyance could not read the event, so this is blocked: {error}"
        ) from error
    if not isinstance(event, dict):
        raise UnreadableEvent(
            "Abeyance could not read the event, so this is blocked: it is no object"
        )
    return event
