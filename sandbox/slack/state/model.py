"""The values a workspace is made of. All of them are frozen; a change is a new value."""

from dataclasses import asdict, dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace, or the app's bot user. `title` is shown as the role."""

    id: str
    name: str
    real_name: str
    email: str
    title: str
    color: str
    is_bot: bool = False
    email_confirmed: bool = True

    def card(self) -> Json:
        """What the page and the driver know about a person."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class UserGroup:
    id: str
    handle: str
    name: str
    users: tuple[str, ...]

    def card(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command that the app has registered."""

    name: str
    description: str
    usage_hint: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, or a direct message between the bot and `im_with`."""

    id: str
    name: str
    members: tuple[str, ...]
    topic: str = ""
    created: int = 0
    im_with: str | None = None
    is_archived: bool = False

    @property
    def is_im(self) -> bool:
        return self.im_with is not None


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands now. `ephemeral_to` names the only person who sees it."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    edited_ts: str | None = None
    ephemeral_to: str | None = None
    username: str | None = None
    metadata: Json | None = None
    files: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A modal or a Home tab as it stands now. `hash` changes with every version."""

    id: str
    user: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    values: Json = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return str(self.body["type"])

    @property
    def blocks(self) -> tuple[Json, ...]:
        return tuple(self.body["blocks"])


@dataclass(frozen=True, slots=True)
class File:
    """An upload: announced, then received, then completed."""

    id: str
    name: str
    length: int
    received: int | None = None
    content: bytes = b""
    alt_text: str = ""
