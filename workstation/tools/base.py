"""What a tool is, as far as its requests are concerned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Route:
    """How a tool reaches a connection.

    `url` is the base path of the connection, without a last slash: the API's own paths follow it.
    `key` is what the tool sends as its API key.
    """

    connection: str
    kind: str
    url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Start:
    """What a tool is started with.

    No secret may be in `arguments`: other users of the machine can read them.
    """

    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    """They go before those that the person has typed."""
    files: Mapping[Path, str] = field(default_factory=dict)
    """What has to be in the folder of the start."""


Starting: TypeAlias = Callable[[tuple[Route, ...], Mapping[str, str], Path], Start]
"""From its routes, the environment of the person, and a private folder, to how it is started."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that speaks to a model API."""

    name: str
    """As people type it: `abeyance exec -- claude`, `abeyance setup claude`."""
    title: str
    kinds: tuple[str, ...]
    """The kinds of connections that it can use, the best first."""
    starting: Starting
    several: bool = False
    """Whether it can use a connection of each kind at the same time."""
    conflicting: tuple[str, ...] = ()
    """Variables that would lead its requests past Abeyance, or bring another credential."""
    note: str = ""
    """What a person has to know when she starts it."""
