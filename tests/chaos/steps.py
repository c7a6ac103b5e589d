"""The numbered steps at which something is killed: one table for the suite and for `make chaos`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Story(StrEnum):
    """What is going on at the moment of a kill."""

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
    model: str = "slow20"
    """How the model answers, as the sandbox reads it."""
    database: bool = False
    """Whether the database is killed, and not the process that has come to this step."""

    @property
    def process(self) -> str:
        """The process that comes to this step."""
        return _PROCESSES[self.story]

    @property
    def is_held(self) -> bool:
        return self.story is Story.HELD

    def __str__(self) -> str:
        victim = "database" if self.database else self.process
        name = self.point.partition(":")[2]
        return f"{victim} {'after' if self.after else 'before'} call {self.nth} of {name}"


_PROCESSES = {
    Story.STREAMED: "gateway",
    Story.HELD: "gateway",
    Story.DECIDED: "bot",
    Story.SIGNED: "notary",
}
_RECORDING = "proxy.record.recording:Recording"
_CHUNKS = "proxy.record.chunks:Chunks"
_HOLDS = "app.storage.approvals.holds:MongoHolds"
_NOTICES = "app.storage.approvals.notices:MongoNotices"

_STREAMED = (
    Step(Story.STREAMED, "proxy.record.recorder:Recorder.begin"),
    Step(Story.STREAMED, f"{_RECORDING}.forwarding"),
    Step(Story.STREAMED, f"{_RECORDING}.forwarding", after=True),
    Step(Story.STREAMED, f"{_RECORDING}.start_answer"),
    Step(Story.STREAMED, f"{_RECORDING}.start_answer", after=True),
    Step(Story.STREAMED, f"{_CHUNKS}.sent", after=True, nth=3),
    # These answers last for more than a second, so that a part of each is written before its end.
    Step(Story.STREAMED, f"{_CHUNKS}.sent", after=True, nth=12, model="slow60"),
    Step(Story.STREAMED, f"{_CHUNKS}.sent", after=True, nth=17, model="slow60"),
    Step(Story.STREAMED, f"{_CHUNKS}.flush", model="slow60"),
    Step(Story.STREAMED, f"{_CHUNKS}.flush", after=True, model="slow60"),
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
_OF_DATABASE = (
    *_STREAMED[:7],
    *_STREAMED[8:],
    *_HELD[1:6],
    *(_DECIDED[place] for place in (0, 1, 3, 4, 6, 8)),
    *(_SIGNED[place] for place in (0, 2, 5)),
)
TABLE = dict(
    enumerate(
        (
            *(*_STREAMED, *_HELD, *_SIGNED, *_DECIDED),
            *(replace(step, database=True) for step in _OF_DATABASE),
        ),
        1,
    )
)
"""All steps, by number: first those at which a process of ours is killed, then the database."""
