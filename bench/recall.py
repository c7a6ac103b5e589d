"""How many secrets the detectors take out of texts that their author has not seen, and what else.

    python -m bench.recall [--seed 1] [--each 12] [--missed] [--touched]

The set is made from the seed: every kind of secret in `each` places, and texts that only look like
one. Each text goes the way of `abeyance policy mask --jsonl`, whole and in chunks. A secret is gone
when neither eight of its characters in a row nor half of them are left.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bench.planted.cases import Case, look_alikes, planted
from policies.loader import SHIPPED, load_catalog
from policies.matching.findings import Inspected
from policies.matching.masker import Masker
from policies.matching.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.compiled_catalog import Catalog

LONGEST_PIECE = 12
LONGEST_LEFT = 7
"""So many characters of a secret in a row may be left, where they are not half of it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one text; `detectors` are those that found something in it."""

    case: Case
    masked: str
    in_chunks: str
    detectors: tuple[str, ...]

    @property
    def gone(self) -> bool:
        outputs = (self.masked, self.in_chunks)
        return not any(left(secret, text) for secret in self.case.secrets for text in outputs)

    @property
    def touched(self) -> bool:
        return self.masked != self.case.text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=12, help="texts of every kind")
    parser.add_argument("--missed", action="store_true", help="show each text with a secret left")
    parser.add_argument("--touched", action="store_true", help="show each harmless text touched")
    wanted = parser.parse_args()
    way = Way(load_catalog(SHIPPED))
    found = way.go(planted(wanted.seed, wanted.each), wanted.seed)
    clean = way.go(look_alikes(wanted.seed, max(1, wanted.each // 4)), wanted.seed)
    show(found, clean, missed=wanted.missed, touched=wanted.touched)


class Way:
    """The way of `abeyance policy mask --jsonl`, and of the same with `--chunks`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._plan = Plan(catalog.everything.targets)

    def go(self, cases: Sequence[Case], seed: int) -> list[Outcome]:
        cuts = random.Random(seed)  # noqa: S311 - a repeatable cut
        return [self._one(case, cuts) for case in cases]

    def _one(self, case: Case, cuts: random.Random) -> Outcome:
        found = self._catalog.everything.find(Inspected(case.text))
        names = tuple(sorted({finding.target.id for finding in found}))
        return Outcome(case, self._catalog.mask(case.text), self._chunked(case.text, cuts), names)

    def _chunked(self, text: str, cuts: random.Random) -> str:
        masker = Masker(self._plan, lambda at: self._catalog.label(self._plan.targets[at]))
        out, start = [], 0
        while start < len(text):
            end = start + cuts.randint(1, LONGEST_PIECE)
            out.append(masker.feed(text[start:end]))
            start = end
        return "".join([*out, masker.finish()])


def left(secret: str, text: str) -> bool:
    """Say whether too much of a secret still stands in a text."""
    run = min(LONGEST_LEFT + 1, (len(secret) + 1) // 2)
    return any(secret[at : at + run] in text for at in range(len(secret) - run + 1))


def differing(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return those that came out otherwise in chunks: only what must be decoded may."""
    return [outcome for outcome in outcomes if outcome.masked != outcome.in_chunks]


def share(outcomes: Sequence[Outcome]) -> float:
    """Return which part of the secrets is gone."""
    return sum(outcome.gone for outcome in outcomes) / len(outcomes)


def show(
    found: Sequence[Outcome], clean: Sequence[Outcome], *, missed: bool, touched: bool
) -> None:
    console = Console(highlight=False, width=140)
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in found:
        groups[outcome.case.group].append(outcome)
    table = Table("group", "kinds", "texts", "gone", "kinds missed, of their texts", box=None)
    for group, outcomes in [*groups.items(), ("all", found)]:
        kinds = Counter(outcome.case.kind for outcome in outcomes)
        lost = Counter(outcome.case.kind for outcome in outcomes if not outcome.gone)
        note = ", ".join(f"{kind} {n}/{kinds[kind]}" for kind, n in lost.most_common())
        shown = "" if group == "all" else note
        table.add_row(group, str(len(kinds)), str(len(outcomes)), f"{share(outcomes):.2%}", shown)
    console.print(table)
    wrong = [outcome for outcome in clean if outcome.touched]
    kinds = {outcome.case.kind for outcome in clean}
    console.print(f"\nlook-alikes touched: {len(wrong)} of {len(clean)} ({len(kinds)} kinds)")
    for detector, count in Counter(d for o in wrong for d in o.detectors).most_common():
        touching = sorted({o.case.kind for o in wrong if detector in o.detectors})
        console.print(f"  {count:3} {detector}: {', '.join(touching)}", markup=False)
    apart = differing([*found, *clean])
    console.print(f"outputs that differ in chunks: {len(apart)}")
    chosen = [o for o in found if missed and not o.gone] + (wrong if touched else [])
    for outcome in [*chosen, *apart]:
        case = outcome.case
        print(f"\n{case.group}, {case.kind}, {case.context}: {outcome.detectors}")
        print(f"  {case.text!r}\n  {outcome.masked!r}")
        if outcome in apart:
            print(f"  {outcome.in_chunks!r}")


if __name__ == "__main__":
    main()
