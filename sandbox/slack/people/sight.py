"""What one person sees: the whole state for a page that opens, or for a test that looks."""

from dataclasses import asdict

from sandbox.slack.posting import seen_message
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json, Message, Person
from sandbox.slack.wire import view_json
from sandbox.slack.workspace import Workspace

MAX_MESSAGES = 500


def state_for(workspace: Workspace, person: Person) -> Json:
    """Channels with messages, modals, Home tab, and the directory to show names from."""
    store = workspace.store
    workspace.open_im(person.id)
    home = store.homes.get(person.id)
    mine = [c for c in store.channels.values() if person.id in c.members]
    return {
        "seq": workspace.feed.seq(person.id),
        "me": person.card(),
        "team": {"id": seed.TEAM_ID, "name": seed.TEAM_NAME},
        "app": {"id": seed.APP_ID, "name": seed.APP_NAME, "user": seed.BOT_USER_ID},
        "connections": workspace.sockets.count,
        "people": [p.card() for p in store.people.values()],
        "usergroups": [group.card() for group in store.groups.values()],
        "commands": [asdict(command) for command in seed.COMMANDS],
        "channels": [_channel(workspace, person, channel) for channel in mine],
        "views": [view_json(view) for view in store.modals.get(person.id, [])],
        "home": view_json(home) if home else None,
    }


def unread(workspace: Workspace, person: Person) -> int:
    """How many messages wait for this person, in all channels."""
    mine = [c for c in workspace.store.channels.values() if person.id in c.members]
    reads = workspace.store.reads.get(person.id, {})
    return sum(
        message.ts > reads.get(channel.id, "0") and message.user != person.id
        for channel in mine
        for message in _visible(workspace, person, channel)
    )


def _visible(workspace: Workspace, person: Person, channel: Channel) -> list[Message]:
    return [
        message
        for message in workspace.store.messages.get(channel.id, {}).values()
        if message.ephemeral_to in (None, person.id)
    ]


def _channel(workspace: Workspace, person: Person, channel: Channel) -> Json:
    messages = _visible(workspace, person, channel)
    return {
        "id": channel.id,
        "name": channel.name,
        "topic": channel.topic,
        "im_with": channel.im_with,
        "members": list(channel.members),
        "last_read": workspace.store.reads.get(person.id, {}).get(channel.id, "0"),
        "messages": [seen_message(workspace, message) for message in messages[-MAX_MESSAGES:]],
    }
