"""Who is watching, and what they are told. One numbered stream of changes for each person."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sandbox.slack.state.model import Json

Frames = asyncio.Queue[Json | None]


class Feed:
    """Fans each change out to the open pages and drivers of the people who may see it."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Frames]] = defaultdict(set)
        self._seq: dict[str, int] = defaultdict(int)
        self._closed = False

    def seq(self, user: str) -> int:
        """The number of the last change this person was told."""
        return self._seq[user]

    def publish(self, users: Iterable[str], change: Json) -> None:
        for user in users:
            self._seq[user] += 1
            frame = change | {"seq": self._seq[user]}
            for frames in self._watchers[user]:
                frames.put_nowait(frame)

    @contextmanager
    def watch(self, user: str) -> Iterator[Frames]:
        """The changes from now on; `None` means that the workspace shuts down."""
        frames: Frames = asyncio.Queue()
        if self._closed:
            frames.put_nowait(None)
        self._watchers[user].add(frames)
        try:
            yield frames
        finally:
            self._watchers[user].discard(frames)

    def close(self) -> None:
        self._closed = True
        for watchers in self._watchers.values():
            for frames in watchers:
                frames.put_nowait(None)
