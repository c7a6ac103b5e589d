"""Short-lived permissions: trigger ids, response URLs, Socket Mode tickets."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sandbox.slack.errors import ApiError

Clock = Callable[[], float]
T = TypeVar("T")

TRIGGER_SECONDS = 3.0
HOOK_SECONDS = 30 * 60.0
HOOK_USES = 5
LINK_SECONDS = 30.0
# Old ones are kept for a while only to say how they died.
TRIGGERS_KEPT = 1000
HOOKS_KEPT = 10_000


def _forget(tickets: dict[str, T], kept: int) -> None:
    """Drop the oldest, so that a long-running workspace does not grow."""
    while len(tickets) >= kept:
        del tickets[next(iter(tickets))]


@dataclass(slots=True)
class _Trigger:
    user: str
    until: float
    from_modal: bool
    used: bool = False


class Triggers:
    """A trigger id opens one view, within `seconds` of the click: three, as Slack has it."""

    def __init__(self, clock: Clock) -> None:
        self.seconds = TRIGGER_SECONDS
        self._clock = clock
        self._triggers: dict[str, _Trigger] = {}

    def issue(self, user: str, *, from_modal: bool = False) -> str:
        trigger_id = (
            f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        )
        _forget(self._triggers, TRIGGERS_KEPT)
        self._triggers[trigger_id] = _Trigger(user, self._clock() + self.seconds, from_modal)
        return trigger_id

    def redeem(self, trigger_id: str) -> str:
        """The person who may be shown a view. Raises ApiError, as views.open documents."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self._clock() > trigger.until:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger.user


@dataclass(slots=True)
class Hook:
    """Where a response_url posts. `message_ts` is the message it may replace, if there is one."""

    channel: str
    user: str
    until: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class Hooks:
    """A response URL works five times in thirty minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hooks: dict[str, Hook] = {}

    def issue(
        self,
        channel: str,
        user: str,
        *,
        message_ts: str | None = None,
        thread_ts: str | None = None,
    ) -> str:
        """The path of a new response URL."""
        token = f"{secrets.randbelow(10**13)}/{secrets.token_urlsafe(18)}"
        until = self._clock() + HOOK_SECONDS
        _forget(self._hooks, HOOKS_KEPT)
        self._hooks[token] = Hook(channel, user, until, message_ts, thread_ts)
        return token

    def use(self, token: str) -> Hook:
        """Count one use. Raises ApiError(`expired_url`, `used_url`, `invalid_url`)."""
        hook = self._hooks.get(token)
        if hook is None:
            raise ApiError("invalid_url")
        if self._clock() > hook.until:
            raise ApiError("expired_url")
        if hook.uses >= HOOK_USES:
            raise ApiError("used_url")
        hook.uses += 1
        return hook


class Links:
    """A Socket Mode URL is good for one connection, soon."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: dict[str, float] = {}

    def issue(self) -> str:
        ticket = secrets.token_urlsafe(18)
        self._links[ticket] = self._clock() + LINK_SECONDS
        return ticket

    def redeem(self, ticket: str) -> bool:
        until = self._links.pop(ticket, None)
        return until is not None and self._clock() <= until
