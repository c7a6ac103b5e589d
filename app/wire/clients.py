"""What single programs make of refusals and of waiting, where it differs from what SDKs do.

Every API has official SDKs that raise a refusal as an exception, and stay as long as any byte
comes. Agents are less obliging: one sends a refused request again five times, another takes 403
for a lost sign-in, and some leave a stream after five minutes of comments. Each is recognised by
its user agent. This changes how a refusal is spelt and how a stream is kept alive, and nothing
else: a caller may claim any user agent, so what is found, decided or recorded does not ask for it.

All of it was measured, as `docs/agents.md` tells, and `tests/clients` runs the programs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.wire.apis import anthropic, gemini, openai_responses
from app.wire.base import Refusal
from app.wire.waiting.line import LineFormat

if TYPE_CHECKING:
    from app.wire.base import WireFormat


@dataclass(frozen=True, slots=True)
class Client:
    """A client program. The defaults suit SDKs and unknown clients."""

    agents: tuple[str, ...] = ()
    """How its user agents begin, in lower case."""
    sent_as_400: frozenset[int] = frozenset()
    """Statuses that it would retry or misread."""
    code_of_400: str = ""
    """The only code with which it ends at once, and shows the message."""
    keep_alive: Mapping[str, bytes] = field(default_factory=dict)
    """By the name of a wire, what counts as a sign of life before the answer."""
    interactive: tuple[str, ...] = ()
    """What is in its user agent where a person looks at it, and not a script."""
    lines: Mapping[str, LineFormat] = field(default_factory=dict)
    """By the name of a wire, how it shows a person at once what is said before the answer."""
    last_words: Mapping[str, Callable[[Refusal], bytes]] = field(default_factory=dict)
    """By the name of a wire, the refusal that ends a stream for good."""

    @property
    def is_agent(self) -> bool:
        """Whether it is a known agent, which shows a person what the model says before a call."""
        return bool(self.agents)

    def line_for(self, wire: WireFormat, user_agent: str) -> LineFormat | None:
        """Return how a line can be shown to the person who is looking; None where it cannot."""
        looked_at = any(sign in user_agent.lower() for sign in self.interactive)
        return self.lines.get(wire.name) if looked_at else None

    def told(self, refusal: Refusal) -> Refusal:
        """Return the refusal with a status and a code that this client does not retry."""
        status = 400 if refusal.status in self.sent_as_400 else refusal.status
        code = self.code_of_400 if self.code_of_400 and status == 400 else refusal.code
        return replace(refusal, status=status, code=code)

    def alive(self, wire: WireFormat) -> bytes:
        return self.keep_alive.get(wire.name) or wire.keep_alive()

    def end_of_stream(self, wire: WireFormat, refusal: Refusal, *, begun: bool) -> bytes:
        """Spell a refusal within a stream; `begun`: after a part of an answer."""
        spell = self.last_words.get(wire.name) if refusal.final else None
        if spell is None:
            spell = wire.in_stream_refusal if begun else wire.whole_stream_refusal
        return spell(refusal)


CLIENTS: Mapping[str, Client] = {
    # 403 reads "Please run /login". Neither comments nor pings count: it leaves after 300 s.
    "Claude Code": Client(
        agents=("claude-cli/",),
        sent_as_400=frozenset({403}),
        keep_alive={"anthropic": anthropic.NO_NEWS},
        interactive=("(external, cli",),
        lines={"anthropic": anthropic.LINE},
    ),
    # It sends again, five times, what is refused with another status, or in a stream with
    # another code; of a 400 with another code it shows the JSON. It asks for a new token on 401.
    "Codex": Client(
        agents=("codex_", "codex-", "codex/", "codex "),
        sent_as_400=frozenset({403, 404, 409, 413, 415}),
        code_of_400="invalid_prompt",
        keep_alive={"openai_responses": openai_responses.NO_NEWS},
        interactive=("codex_cli_rs/", "codex-tui/"),
        lines={"openai_responses": openai_responses.LINE},
    ),
    "Gemini CLI": Client(
        agents=("geminicli",),
        last_words={"gemini": gemini.bare_error},
    ),
    # It sends an answer of Gemini's that ends in an error again, for ever.
    "opencode": Client(
        agents=("opencode/",),
        last_words={"gemini": gemini.blocked_answer},
    ),
}
_ANY = Client()
_PRODUCT = re.compile(r"[\w.-]{1,40}")


def client_of(user_agent: str) -> Client:
    """Return what is known of a client; for one that is not known, what suits SDKs."""
    name = user_agent.strip().lower()
    return next((client for client in CLIENTS.values() if name.startswith(client.agents)), _ANY)


def client_name(user_agent: str) -> str:
    """Return the program that a user agent names, for people to read; empty where it names none.

    >>> client_name("claude-cli/2.1 (external, cli)"), client_name("AsyncOpenAI/Python 2.8")
    ('Claude Code', 'AsyncOpenAI')
    """
    agent = user_agent.strip().lower()
    for name, client in CLIENTS.items():
        if agent.startswith(client.agents):
            return name
    product = _PRODUCT.match(user_agent.strip())
    return product[0] if product else ""
