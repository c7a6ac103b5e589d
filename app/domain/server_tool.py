"""What an MCP server says of a tool, by a fingerprint of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ToolVersion:
    """A tool of a connection as its server described it at some time."""

    id: str
    """A digest of connection, tool and fingerprint."""
    connection: str
    tool: str
    fingerprint: str
    """SHA-256, in hex, of all that a model may read of it."""
    lines: tuple[str, ...]
    """What was said, a line for each value, with secrets masked."""
    at: datetime
    """When it was first seen."""


@dataclass(frozen=True, slots=True)
class TrustedTool:
    """Which fingerprints of a tool may be called; `latest` is the one that was seen last."""

    id: str
    """A digest of connection and tool."""
    trusted: tuple[str, ...]
    latest: str


@dataclass(frozen=True, slots=True)
class ToolView:
    """Which version of each tool a caller has seen last: fingerprints by the ids of the tools."""

    id: str
    seen: Mapping[str, str] = field(default_factory=dict)


def tool_id(connection: str, tool: str) -> str:
    return _digest("tool", connection, tool)


def version_id(connection: str, tool: str, fingerprint: str) -> str:
    return _digest("version", connection, tool, fingerprint)


def view_id(connection: str, identity_key: str) -> str:
    return _digest("view", connection, identity_key)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
