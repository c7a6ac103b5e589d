"""The numbered steps at which a process is killed: one list for the suite and for `make chaos`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Story(StrEnum):
    """What is going on when a process dies."""

    STREAMED = "a streamed answer"
    HELD = "a request that is held, and approved where it comes so far"
    DECIDED = "a card that is posted, and an approval"
    SIGNED = "a head that is signed"


@dataclass(frozen=True, slots=True)
class Step:
    """`point` is a function of the product, as `module:name` or `module:Class.name`."""

    story: Story
    point: str
    after: bool = False
    """Whether the kill comes when the function has returned, and not before it begins."""
    nth: int = 1
    """Which of its calls."""
    database: bool = False
    """Whether the database is killed, and not the process that has come to this step."""

    model: str = "slow20"
    """How the model answers, as the sandbox reads it."""

    @property
    def is_held(self) -> bool:
        return self.story is Story.HELD

    def __str__(self) -> str:
        who = "database" if self.database else _WHO[self.story]
        name = self.point.partition(":")[2]
        return f"{who} {'after' if self.after else 'before'} {name}-{self.nth}"


_WHO = {
    Story.STREAMED: "gateway",
    Story.HELD: "gateway",
    Story.DECIDED: "bot",
    Story.SIGNED: "notary",
}
_RECORDING = "proxy.record.recording:Recording"
_HOLDS = "app.storage.approvals.holds:MongoHolds"
_NOTICES = "app.storage.approvals.notices:MongoNotices"

_STREAMED = (
    Step(Story.STREAMED, "proxy.record.recorder:Recorder.begin"),
    Step(Story.STREAMED, f"{_RECORDING}.forwarding"),
    Step(Story.STREAMED, f"{_RECORDING}.forwarding", after=True),
    Step(Story.STREAMED, f"{_RECORDING}.start_answer"),
    Step(Story.STREAMED, f"{_RECORDING}.start_answer", after=True),
    Step(Story.STREAMED, "proxy.record.chunks:Chunks.sent", after=True, nth=3),
    Step(Story.STREAMED, "proxy.record.chunks:Chunks.flush", model="stalling"),
    Step(Story.STREAMED, "proxy.record.chunks:Chunks.flush", after=True, model="stalling"),
    Step(Story.STREAMED, f"{_RECORDING}.end_answer"),
    Step(Story.STREAMED, f"{_RECORDING}.end_answer", after=True),
)
_HELD = (
    Step(Story.HELD, "proxy.holds.holding:Holding.open"),
    Step(Story.HELD, f"{_HOLDS}.open"),
    Step(Story.HELD, f"{_HOLDS}.open", after=True),
    Step(Story.HELD, f"{_RECORDING}.about_to_forward"),
    Step(Story.HELD, f"{_RECORDING}.about_to_forward", after=True),
    Step(Story.HELD, f"{_RECORDING}.forwarding", after=True),
    Step(Story.HELD, f"{_RECORDING}.start_answer"),
    Step(Story.HELD, f"{_RECORDING}.end_answer", after=True),
)
_DECIDED = (
    Step(Story.DECIDED, f"{_NOTICES}.lease", after=True),
    Step(Story.DECIDED, f"{_NOTICES}.record"),
    Step(Story.DECIDED, f"{_NOTICES}.record", after=True),
    Step(Story.DECIDED, "app.audit.votes:Votes.cast"),
    Step(Story.DECIDED, "app.audit.moves:Mover.record", after=True),
    Step(Story.DECIDED, f"{_HOLDS}.move"),
    Step(Story.DECIDED, f"{_HOLDS}.move", after=True),
    Step(Story.DECIDED, "app.audit.giving:Giver.give"),
    Step(Story.DECIDED, "app.audit.giving:Giver.give", after=True),
)
_SIGNED = (
    Step(Story.SIGNED, "notary.collecting:Collector.collect", after=True),
    Step(Story.SIGNED, "notary.tree:TreeFiles.flush"),
    Step(Story.SIGNED, "notary.tree:TreeFiles.flush", after=True),
    Step(Story.SIGNED, "notary.book:append_line", after=True),
    Step(Story.SIGNED, "notary.book:OpenBook.sign", after=True),
    Step(Story.SIGNED, "notary.anchors:FileAnchor.keep", after=True),
)
_AWAY = tuple(
    Step(story, point, after, nth, database=True)
    for story, point, after, nth in (
        (Story.STREAMED, f"{_RECORDING}.forwarding", False, 1),
        (Story.STREAMED, f"{_RECORDING}.forwarding", True, 1),
        (Story.STREAMED, "proxy.record.chunks:Chunks.sent", True, 3),
        (Story.STREAMED, f"{_RECORDING}.end_answer", False, 1),
        (Story.HELD, f"{_HOLDS}.open", True, 1),
    )
)
TABLE = dict(enumerate((*_STREAMED, *_HELD, *_SIGNED, *_DECIDED), 1))
"""The steps at which a process of ours is killed, by number."""
WITH_DATABASE = TABLE | dict(enumerate(_AWAY, len(TABLE) + 1))
"""The same, and those at which the database is.

The embedded server loses what it has acknowledged, where that came as a joined write or an update:
it leaves the journal out there, whatever is asked of it. So these hold only with another one.
"""
