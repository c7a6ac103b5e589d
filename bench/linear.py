"""What a megabyte of each shape of text costs, at several sizes: it must not grow with the size.

    python -m bench.linear [--sizes 0.25,0.5,1,2] [--runs 2] [--most 12] [--shape "one letter"] ...

CPU seconds of one core for each megabyte that came, as a request (decided and masked), as one
JSON document and as a stream of events. The first look of a process at a shape has the machines
learn it, so each is looked at once, at the smallest size, before it is measured. Each run takes all
the sizes in turn, so what else the machine does meets them alike; the least of the runs counts,
since that only adds. Where a size takes more than RATIO times what half of it takes, there are
more runs, up to `--most`: what is left then is no noise. No two runs look at the same text, since
what was found clean once is remembered. At the end it names the shapes that miss a goal.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from itertools import count, pairwise
from typing import TYPE_CHECKING

from app.wire.registry import wire_for
from bench.figures import Figures, add_into
from bench.policies import DEV, NOW, facts, timed
from bench.shapes import SHAPES, text
from policies.decide import examine
from policies.loader import SHIPPED, load_catalog
from policies.passages.names import UNKEYED
from policies.reload import set_aside

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import AnswerMasker
    from policies.compiled_catalog import Catalog

MB = 1_000_000
PIECE = 64 * 1024
DELTA = 400
MOST = 0.5
RATIO = 2.3
LIMIT = 64 * 1024 * 1024


_NUMBERS = count(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="0.25,0.5,1,2")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--most", type=int, default=12, help="runs where the cost seems to grow")
    parser.add_argument("--shape", choices=SHAPES, action="append")
    parser.add_argument("--way", choices=WORK, action="append")
    add_into(parser)
    options = parser.parse_args()
    figures = Figures("linear", options)
    sizes = [int(float(size) * MB) for size in options.sizes.split(",")]
    catalog = load_catalog(SHIPPED)
    catalog.warm()
    catalog.warm_answers()
    set_aside()
    missed: list[str] = []
    for shape in options.shape or SHAPES:
        for way in options.way or WORK:
            seconds, runs = measured(
                partial(_each_megabyte, catalog, shape, WORK[way]),
                sizes,
                options.runs,
                options.most,
            )
            figures.keep(f"{shape}, {way}, CPU seconds a MB", seconds, runs=runs)
            told = f"{shape:28} {way:9} {line(seconds)}"
            print(told, f"({runs} runs)", flush=True)
            missed += [told] if max(seconds) > MOST or ratio(seconds) > RATIO else []
    print(f"\nOver {MOST} s a MB, or over {RATIO} from a size to its double: {len(missed)}")
    print("\n".join(missed))
    figures.save()


def measured(
    each_megabyte: Callable[[int], float], sizes: list[int], runs: int, most: int
) -> tuple[list[float], int]:
    """Return the CPU seconds of each megabyte at each size, the least of the runs, and how many.

    Each run goes through all the sizes.
    """
    each_megabyte(sizes[0])
    seconds = [float("inf")] * len(sizes)
    for run in range(1, max(runs, most) + 1):
        seconds = [
            min(before, each_megabyte(size)) for before, size in zip(seconds, sizes, strict=True)
        ]
        if run >= runs and ratio(seconds) <= RATIO:
            break
    return seconds, run


def _each_megabyte(
    catalog: Catalog, shape: str, work: Callable[[Catalog, str], Callable[[], object]], size: int
) -> float:
    written = f"{next(_NUMBERS)}\n{text(shape, size)}"
    return timed(work(catalog, written)) / (len(written.encode("utf-8", "replace")) / MB)


def ratio(seconds: list[float]) -> float:
    """Return how many times as long a text takes as one of half its size does, at most.

    Sizes double: so does the time, where what a megabyte costs stays the same.
    """
    return max((2 * later / earlier for earlier, later in pairwise(seconds)), default=0.0)


def line(seconds: list[float]) -> str:
    notes = [f"over {MOST} s"] * (max(seconds) > MOST)
    notes += [f"grows {ratio(seconds):.1f}"] * (ratio(seconds) > RATIO)
    return " ".join([*(f"{each:6.3f}" for each in seconds), *notes])


def request(catalog: Catalog, written: str) -> Callable[[], object]:
    asked = facts(written)

    def work() -> None:
        _, mask = examine(asked, DEV, catalog, NOW, UNKEYED)
        if mask is not None:
            mask(written)

    return work


def document(catalog: Catalog, written: str) -> Callable[[], object]:
    message = {"role": "assistant", "content": written}
    body = json.dumps({"id": "1", "choices": [{"index": 0, "message": message}]}).encode()
    masker = _masker(catalog, "application/json")
    pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
    return lambda: [*map(masker.feed, pieces), masker.finish()]


def events(catalog: Catalog, written: str) -> Callable[[], object]:
    masker = _masker(catalog, "text/event-stream")
    pieces = [_event(written[at : at + DELTA]) for at in range(0, len(written), DELTA)]
    return lambda: [*map(masker.feed, pieces), masker.finish()]


def _event(delta: str) -> bytes:
    choices = [{"index": 0, "delta": {"content": delta}}]
    event = {"id": "1", "object": "chat.completion.chunk", "choices": choices}
    written = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return f"data: {written}\n\n".encode("utf-8", "replace")


def _masker(catalog: Catalog, content_type: str) -> AnswerMasker:
    masking = catalog.answer_masking(facts("hello"), DEV, "sk-upstream-credential", NOW)
    wire = wire_for("openai", "v1/chat/completions", {})
    return wire.answer(content_type, masking, LIMIT)


WORK = {"request": request, "JSON": document, "events": events}


if __name__ == "__main__":
    main()
