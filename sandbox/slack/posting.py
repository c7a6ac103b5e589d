"""What every way of speaking shares: put a message in the store and tell who may see it."""

from dataclasses import dataclass, replace

from sandbox.slack.blockkit import check_blocks, fill_ids, length_of
from sandbox.slack.errors import ApiError
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json, Message
from sandbox.slack.wire import message_json
from sandbox.slack.workspace import Workspace

POST_TEXT = 40_000
UPDATE_TEXT = 4_000
ALL_BLOCKS = 13_200


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said, already checked by `draft`."""

    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    metadata: Json | None = None
    username: str | None = None
    files: tuple[Json, ...] = ()


def draft(text: str | None, blocks: object, *, text_limit: int = POST_TEXT) -> Draft:
    """Check text and blocks. Raises ApiError: no_text, msg_too_long, invalid_blocks and kin."""
    if not text and not blocks:
        raise ApiError("no_text")
    if len(text or "") > text_limit:
        raise ApiError("msg_too_long")
    return Draft(text or "", checked_blocks(blocks))


def checked_blocks(blocks: object) -> tuple[Json, ...]:
    if not blocks:
        return ()
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    problems = check_blocks(blocks)
    if problems:
        raise ApiError("invalid_blocks", errors=problems, response_metadata={"messages": problems})
    if length_of(blocks) > ALL_BLOCKS:
        raise ApiError("msg_blocks_too_long")
    return fill_ids(blocks)


def post(workspace: Workspace, channel: Channel, user: str, said: Draft) -> Message:
    """Say it. `user` is who says it."""
    message = Message(
        channel.id,
        workspace.store.next_ts(workspace.clock()),
        user,
        said.text,
        said.blocks,
        said.thread_ts,
        ephemeral_to=said.ephemeral_to,
        metadata=said.metadata,
        username=said.username,
        files=said.files,
    )
    workspace.store.put_message(message)
    announce(workspace, message)
    root = said.thread_ts and workspace.store.find_message(channel.id, said.thread_ts)
    if root:
        announce(workspace, root)
    return message


def edit(workspace: Workspace, message: Message, said: Draft) -> Message:
    """A new version. Text without blocks takes the blocks away, as Slack does."""
    changed = replace(
        message,
        text=said.text,
        blocks=said.blocks,
        metadata=said.metadata or message.metadata,
        edited_ts=workspace.store.next_ts(workspace.clock()),
    )
    workspace.store.put_message(changed)
    announce(workspace, changed)
    return changed


def delete(workspace: Workspace, message: Message) -> None:
    workspace.store.drop_message(message.channel, message.ts)
    change = {"type": "message_deleted", "channel": message.channel, "ts": message.ts}
    workspace.feed.publish(audience(workspace, message), change)


def announce(workspace: Workspace, message: Message) -> None:
    """Tell the pages of everyone who may see this message how it stands now."""
    channel = workspace.store.channels[message.channel]
    change = {
        "type": "message",
        "channel": channel.id,
        "im_with": channel.im_with,
        "message": seen_message(workspace, message),
    }
    workspace.feed.publish(audience(workspace, message), change)


def seen_message(workspace: Workspace, message: Message) -> Json:
    """A message as the page gets it."""
    body = message_json(workspace.store, message)
    return body | {"is_ephemeral": message.ephemeral_to is not None, "channel": message.channel}


def audience(workspace: Workspace, message: Message) -> list[str]:
    if message.ephemeral_to is not None:
        return [message.ephemeral_to]
    members = workspace.store.channels[message.channel].members
    return [user for user in members if user != seed.BOT_USER_ID]
