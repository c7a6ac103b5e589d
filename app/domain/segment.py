"""Pieces of a prompt, and the facts of a request that rules decide on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Segment:
    """One decoded piece of text and its place.

    `place` is a JSON Pointer (RFC 6901) into the body, or a name such as `query` or `body`
    where the text does not come from JSON.
    """

    text: str
    role: Role
    place: str
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a wire format found in a request body."""

    segments: tuple[Segment, ...]
    model: str = ""
    streamed: bool = False
    uninspected: tuple[str, ...] = ()
    """Places of parts that no rule can read: images, audio, files."""
    attachments: tuple[tuple[str, str], ...] = ()
    """Of each of these parts its place and a digest of it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a rule may look at, besides who asks and when."""

    connection: str
    method: str
    path: str
    query: str
    prompt: Prompt
    body_bytes: int
