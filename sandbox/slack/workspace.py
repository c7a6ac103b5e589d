"""The workspace: its state, its rules, and who is listening. Everything is wired here."""

import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.slack.delivery import Delivery
from sandbox.slack.errors import ApiError, Refused
from sandbox.slack.faults import Faults
from sandbox.slack.people.feed import Feed
from sandbox.slack.rates import Rates
from sandbox.slack.sockets import Sockets
from sandbox.slack.state import seed
from sandbox.slack.state.journal import Journal
from sandbox.slack.state.model import Channel, File, Json, Person
from sandbox.slack.state.store import Store
from sandbox.slack.tickets import Clock, Hooks, Links, Triggers

JOURNAL_NAME = "slack.jsonl"


@dataclass(frozen=True, slots=True)
class App:
    """What the installed app may do: the scopes of its two tokens."""

    bot_scopes: tuple[str, ...] = seed.BOT_SCOPES
    app_scopes: tuple[str, ...] = seed.APP_SCOPES


class Workspace:
    """One team with one app installed. `base_url` is set once the server listens."""

    def __init__(self, data: Path | None = None, clock: Clock = time.time) -> None:
        """Keep the state under the directory `data`, or only in memory without it."""
        self.clock = clock
        self.base_url = "http://127.0.0.1"
        self.app = App()
        self.store = Store(Journal(data / JOURNAL_NAME) if data else None)
        self.feed = Feed()
        self.triggers = Triggers(clock)
        self.hooks = Hooks(clock)
        self.links = Links(clock)
        self.rates = Rates(clock)
        self.faults = Faults()
        self.files: dict[str, File] = {}
        self.profile_fields: tuple[Json, ...] = seed.PROFILE_FIELDS
        self.managers: dict[str, str] = dict(seed.MANAGERS)
        self.sockets = Sockets(self.faults, self._tell_presence)
        self.delivery = Delivery(self.sockets, self.faults, clock)

    def close(self) -> None:
        """Let go of every page and socket, and of the journal."""
        self.faults.clear()
        self.feed.close()
        self.sockets.close()
        self.store.close()

    def _tell_presence(self, connections: int) -> None:
        change = {"type": "presence", "connections": connections}
        self.feed.publish([person.id for person in seed.PEOPLE], change)

    def person(self, name: str) -> Person:
        """By id, by user name or by e-mail. Raises Refused when there is none."""
        for person in self.store.people.values():
            if name in (person.id, person.name, person.email):
                return person
        raise Refused("user_not_found", f"Nobody here is called {name!r}.")

    def channel(self, name: str) -> Channel:
        """By id, or by name with or without `#`. Raises ApiError(`channel_not_found`)."""
        found = self.store.channels.get(name)
        if found is not None:
            return found
        for channel in self.store.channels.values():
            if not channel.is_im and channel.name == name.removeprefix("#"):
                return channel
        raise ApiError("channel_not_found")

    def open_im(self, user: str) -> Channel:
        """The direct message between the bot and `user`, made if need be."""
        channel_id = "D0" + user[2:]
        found = self.store.channels.get(channel_id)
        if found is not None:
            return found
        members = (seed.BOT_USER_ID, user)
        channel = Channel(channel_id, "directmessage", members, "", int(self.clock()), user)
        self.store.put_channel(channel)
        return channel

    def response_url(
        self,
        channel: str,
        user: str,
        *,
        message_ts: str | None = None,
        thread_ts: str | None = None,
    ) -> str:
        token = self.hooks.issue(channel, user, message_ts=message_ts, thread_ts=thread_ts)
        return f"{self.base_url}/actions/{seed.TEAM_ID}/{token}"
