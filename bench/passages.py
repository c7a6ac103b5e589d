"""What it costs to cut requests that are made to be slow into passages: it must not grow.

    python -m bench.passages [--sizes 0.25,0.5,1,2] [--shape "tiny turns"]

CPU seconds of one core for each million characters at each size; then what finding them takes at
the largest, and how many findings and passages there are.
"""

from __future__ import annotations

import argparse
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from app.domain.passage import Excerpt
from bench.dense import SHAPES, dense
from bench.policies import timed
from policies.evidence import Evidence
from policies.loader import SHIPPED, load_catalog
from policies.passages.cutter import Cutter
from policies.passages.names import UNKEYED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.passage import Passage
    from app.domain.segment import Facts, Prompt
    from policies.compiled_catalog import Catalog
    from policies.evidence import Hit

MILLION = 1_000_000
RATIO = 2.5
RULE = "production-needs-a-manager"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="0.25,0.5,1,2")
    parser.add_argument("--shape", choices=SHAPES)
    options = parser.parse_args()
    sizes = [int(float(size) * MILLION) for size in options.sizes.split(",")]
    catalog = load_catalog(SHIPPED)
    for shape in [options.shape] if options.shape else SHAPES:
        print(f"{shape:24}", line(catalog, shape, sizes), flush=True)


def line(catalog: Catalog, shape: str, sizes: list[int]) -> str:
    rule = next(rule for rule in catalog.rules if rule.id == RULE)
    cutting: list[float] = []
    finding: list[float] = []
    counts = ""
    for size in sizes:
        facts = dense(shape, size)
        seen: list[Evidence] = []
        finding.append(timed(partial(look, facts, catalog, seen)) * MILLION / size)
        hits = seen[0].all_of(rule)
        cutting.append(timed(partial(cut, facts.prompt, hits)) * MILLION / size)
        counts = f"{len(hits)} findings, {len(cut(facts.prompt, hits))} passages"
    # Sizes double: so does the time, where what a character costs stays the same.
    ratio = max((2 * later / earlier for earlier, later in pairwise(cutting)), default=0.0)
    grows = [f"grows {ratio:.1f}"] * (ratio > RATIO)
    costs = (f"{cost:6.3f}" for cost in (*cutting, finding[-1]))
    return " ".join([*costs, counts, *grows])


def look(facts: Facts, catalog: Catalog, seen: list[Evidence]) -> None:
    seen.append(Evidence(facts, catalog))


def cut(prompt: Prompt, hits: Sequence[Hit]) -> tuple[Passage, ...]:
    return Cutter(prompt, str, UNKEYED).passages(hits, _unshown, work_by_text=False)


def _unshown(_hit: Hit) -> Excerpt:
    """Leave out what makes a finding fit to be shown, which is not the cutter's work."""
    return Excerpt("", "", "", "")


if __name__ == "__main__":
    main()
