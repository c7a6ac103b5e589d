"""What the rules on tool calls cost: a stream that has none, and each call.

    python -m bench.tool_calls [--runs 7]

CPU time of one process at the catalog that is shipped. A stream of 400 events of text is masked
with and without a reader of calls before the masking, by turns. A call is read out of its events,
judged and passed on; the same events go through the masking alone, by turns, in comparison.
What a call says is new each time, as what an agent runs mostly is; one that comes again is
judged from memory.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from itertools import count
from statistics import median
from typing import TYPE_CHECKING

from app.domain.tool_call import ToolCall
from app.wire.calls.base import Passed
from app.wire.calls.choose import reader_for
from app.wire.media import STREAM
from app.wire.registry import wire_for
from bench.figures import Figures, add_into
from bench.policies import DEV, NOW, facts, timed
from policies.calls.judge import judge_call, watch
from policies.loader import SHIPPED, load_catalog
from policies.passages.names import UNKEYED
from policies.reload import set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.wire.calls.base import CallReader
    from policies.compiled_catalog import Catalog

WIRE = wire_for("anthropic", "/v1/messages")
ASKED = facts("Tidy up the build folder.")
TEXT_EVENTS = 400
CALLS = 50
COMMANDS = (
    "npm run build:{0} && npm test -- --watch=false {0}",
    "git log --oneline -{0} -- app/storage | head -5",
    "grep -rn 'TODO-{0}' src --include=*.ts | sort | uniq -c",
)
MOST_CALL_MS = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    add_into(parser)
    options = parser.parse_args()
    runs, figures = options.runs, Figures("tool_calls", options)
    catalog = load_catalog(SHIPPED)
    catalog.warm()
    catalog.warm_answers()
    set_aside()
    new = count()
    text, calls = [*text_events()], [*call_events(new)]
    for events in (text, calls):
        masked(catalog, events)()
        masked(catalog, events, read=True)()
    alone, with_reader = by_turns(runs, masked(catalog, text), masked(catalog, text, read=True))
    added = [1e6 * (b - a) / TEXT_EVENTS for a, b in zip(alone, with_reader, strict=True)]
    print(f"an event of text: {spread(added)} µs added to {1e6 * median(alone) / TEXT_EVENTS:.1f}")
    figures.keep("added to an event of text, µs", added)
    turns = [[*call_events(new)] for _ in range(runs)]
    pairs = [
        (timed(masked(catalog, turn)), timed(masked(catalog, turn, read=True))) for turn in turns
    ]
    each = [1e3 * (b - a) / CALLS for a, b in pairs]
    events = len(calls) / CALLS
    print(f"a call of {events:.0f} events: {spread(each)} ms added (goal {MOST_CALL_MS})")
    figures.keep("added to a call, ms", each)
    asked = [[*arguments(new)] for _ in range(runs)]
    judged = [1e3 * timed(partial(judge, catalog, each)) / CALLS for each in asked]
    print(f"of that, judging it: {spread(judged)} ms")
    figures.keep("judging a new call, ms", judged)
    again = [1e3 * timed(partial(judge, catalog, each)) / CALLS for each in asked]
    figures.keep("judging a call that comes again, ms", again)
    print(f"judging one that comes again: {spread(again)} ms")
    figures.save()


def masked(catalog: Catalog, events: Sequence[bytes], *, read: bool = False) -> Callable[[], None]:
    """Return the work of one answer: its masking, after the reading of its calls or without."""

    def work() -> None:
        masking = catalog.answer_masking(ASKED, DEV, "sk-upstream", NOW)
        masker = WIRE.answer(STREAM, masking)
        reader = reader_of(catalog) if read else None
        for event in events:
            masker.feed(event if reader is None else passed(catalog, reader, event))
        masker.finish()

    return work


def judge(catalog: Catalog, asked: Sequence[str]) -> None:
    for written in asked:
        judge_call(ToolCall("Bash", written), ASKED, DEV, NOW, UNKEYED, catalog)


def arguments(new: Iterator[int]) -> Iterator[str]:
    for index in range(CALLS):
        command = COMMANDS[index % len(COMMANDS)].format(next(new))
        yield json.dumps({"command": command, "timeout": 120000})


def reader_of(catalog: Catalog) -> CallReader:
    watched = watch(catalog, ASKED, DEV, NOW)
    if watched is None:
        raise SystemExit("The shipped catalog has no rule on tool calls.")
    reader = reader_for(WIRE, STREAM, watched.wants, limit=1 << 20, alive=b"")
    if reader is None:
        raise SystemExit("Anthropic Messages have calls.")
    return reader


def passed(catalog: Catalog, reader: CallReader, event: bytes) -> bytes:
    """Read an event, and judge and pass the call that it makes whole, as the gateway does."""
    reader.feed(event)
    out = reader.flow()
    if reader.keeps and b"content_block_stop" in event:
        number = len(reader.calls) - 1
        judge_call(reader.calls[number], ASKED, DEV, NOW, UNKEYED, catalog)
        reader.rule(number, Passed())
        out += reader.flow()
    return out


def text_events() -> list[bytes]:
    start = {"type": "content_block_start", "index": 0, "content_block": TEXT}
    words = ["The", "build", "folder", "holds", "what", "the", "last", "run", "left", "behind."]
    deltas = [
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": f"{words[at % len(words)]} "},
        }
        for at in range(TEXT_EVENTS)
    ]
    return [*map(spelt, [MESSAGE, start, *deltas])]


def call_events(new: Iterator[int]) -> list[bytes]:
    events: list[dict[str, object]] = [MESSAGE]
    for index, written in enumerate(arguments(new)):
        block = {"type": "tool_use", "id": f"toolu_{index}", "name": "Bash", "input": {}}
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        for at in range(0, len(written), 12):
            piece = {"type": "input_json_delta", "partial_json": written[at : at + 12]}
            events.append({"type": "content_block_delta", "index": index, "delta": piece})
        events.append({"type": "content_block_stop", "index": index})
    return [*map(spelt, events)]


def spelt(event: dict[str, object]) -> bytes:
    data = json.dumps(event, separators=(",", ":"))  # as the API writes it
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


def by_turns(
    runs: int, one: Callable[[], None], other: Callable[[], None]
) -> tuple[list[float], list[float]]:
    pairs = [(timed(one), timed(other)) for _ in range(runs)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def spread(figures: Sequence[float]) -> str:
    return f"{median(figures):.3f} [{min(figures):.3f} to {max(figures):.3f}]"


TEXT = {"type": "text", "text": ""}
MESSAGE: dict[str, object] = {
    "type": "message_start",
    "message": {"id": "msg_1", "role": "assistant", "content": [], "usage": {}},
}

if __name__ == "__main__":
    main()
