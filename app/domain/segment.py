"""Pieces of a prompt, and the facts of a request that rules decide on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.tool_call import ToolCall


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
class Attachment:
    """A part that no rule can read: an image, a recording, a file, text that the provider recalls.

    `digest` is its SHA-256, in hex; `at` is how many segments stand before it in the request.
    """

    digest: str
    role: Role
    at: int


@dataclass(frozen=True, slots=True)
class Outline:
    """What the conditions of rules ask of the texts of a prompt, all together."""

    characters: int
    roles: frozenset[Role]
    tools: frozenset[str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a wire format found in a request body."""

    segments: tuple[Segment, ...]
    model: str = ""
    streamed: bool = False
    uninspected: tuple[str, ...] = ()
    """Places of parts that no rule can read: images, audio, files."""
    attachments: tuple[Attachment, ...] = ()
    """Those parts, in the order of the request."""
    calls: tuple[ToolCall, ...] = ()
    """The tool calls that the request itself makes, as one of MCP does."""
    former: Outline | None = None
    """The outline of texts that were here and are not kept."""

    @property
    def outline(self) -> Outline:
        if self.former is not None:
            return self.former
        return Outline(
            sum(len(segment.text) for segment in self.segments),
            frozenset(segment.role for segment in self.segments),
            frozenset(segment.tool for segment in self.segments if segment.tool),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a rule may look at, besides who asks and when."""

    connection: str
    method: str
    path: str
    query: str
    prompt: Prompt
    body_bytes: int

    def without_texts(self) -> Facts:
        """Return the facts that conditions need, without the texts."""
        prompt = replace(
            self.prompt, segments=(), attachments=(), calls=(), former=self.prompt.outline
        )
        return replace(self, prompt=prompt)
