"""The state of the workspace, in memory, and written to the journal as it changes."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain

from sandbox.slack.state import seed
from sandbox.slack.state.journal import Journal
from sandbox.slack.state.model import Channel, Json, Message, Person, UserGroup, View


class Store:
    """Keeps people, channels, messages, Home tabs and what was read.

    Modals and ephemeral messages live here too but die with the process, as a closed Slack
    client would lose them.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self.people: dict[str, Person] = {p.id: p for p in (*seed.PEOPLE, seed.BOT)}
        self.groups: dict[str, UserGroup] = {g.id: g for g in seed.USERGROUPS}
        self.channels: dict[str, Channel] = {c.id: c for c in seed.CHANNELS}
        self.messages: dict[str, dict[str, Message]] = {}
        self.homes: dict[str, View] = {}
        self.modals: dict[str, list[View]] = {}
        self.reads: dict[str, dict[str, str]] = {}
        self._last_ts = 0
        self._journal = journal
        if journal is not None:
            for change in journal.replay():
                self._apply(change)
            journal.restart(self._changes())

    def next_ts(self, now: float) -> str:
        """A message timestamp (`seconds.micros`), later than every one given before."""
        self._last_ts = max(self._last_ts + 1, int(now * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def put_message(self, message: Message) -> None:
        self._keep_message(message)
        if message.ephemeral_to is None:
            self._write({"message": asdict(message)})

    def drop_message(self, channel: str, ts: str) -> None:
        message = self.messages.get(channel, {}).pop(ts, None)
        if message is not None and message.ephemeral_to is None:
            self._write({"deleted": [channel, ts]})

    def put_channel(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        self._write({"channel": asdict(channel)})

    def put_group(self, group: UserGroup) -> None:
        self.groups[group.id] = group
        self._write({"group": asdict(group)})

    def put_home(self, view: View) -> None:
        self.homes[view.user] = view
        self._write({"home": asdict(view)})

    def mark_read(self, user: str, channel: str, ts: str) -> None:
        self.reads.setdefault(user, {})[channel] = ts
        self._write({"read": [user, channel, ts]})

    def find_message(self, channel: str, ts: str) -> Message | None:
        return self.messages.get(channel, {}).get(ts)

    def find_view(self, view_id: str) -> View | None:
        stacks = chain(self.homes.values(), *self.modals.values())
        return next((view for view in stacks if view.id == view_id), None)

    def find_external(self, external_id: str) -> View | None:
        stacks = chain(self.homes.values(), *self.modals.values())
        return next((v for v in stacks if v.body.get("external_id") == external_id), None)

    def replies(self, channel: str, thread_ts: str) -> list[Message]:
        return [
            m
            for m in self.messages.get(channel, {}).values()
            if m.thread_ts == thread_ts and m.ts != thread_ts and m.ephemeral_to is None
        ]

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def _write(self, change: Json) -> None:
        if self._journal is not None:
            self._journal.append(change)

    def _keep_message(self, message: Message) -> None:
        self.messages.setdefault(message.channel, {})[message.ts] = message
        seconds, micros = message.ts.split(".")
        self._last_ts = max(self._last_ts, int(seconds) * 1_000_000 + int(micros))

    def _apply(self, change: Json) -> None:
        for kind, value in change.items():
            if kind == "message":
                self._keep_message(Message(**_tuples(value, "blocks", "files")))
            elif kind == "deleted":
                self.messages.get(value[0], {}).pop(value[1], None)
            elif kind == "channel":
                self.channels[value["id"]] = Channel(**_tuples(value, "members"))
            elif kind == "group":
                self.groups[value["id"]] = UserGroup(**_tuples(value, "users"))
            elif kind == "home":
                self.homes[value["user"]] = View(**value)
            elif kind == "read":
                self.reads.setdefault(value[0], {})[value[1]] = value[2]

    def _changes(self) -> Iterator[Json]:
        for channel in self.channels.values():
            yield {"channel": asdict(channel)}
        for group in self.groups.values():
            yield {"group": asdict(group)}
        for messages in self.messages.values():
            for message in messages.values():
                yield {"message": asdict(message)}
        for home in self.homes.values():
            yield {"home": asdict(home)}
        for user, reads in self.reads.items():
            for channel_id, ts in reads.items():
                yield {"read": [user, channel_id, ts]}


def _tuples(value: Json, *keys: str) -> Json:
    return value | {key: tuple(value[key]) for key in keys}
