"""What each detector adds to the others: what is masked no more when it alone is dropped.

    python -m bench.ablation [--only 'plain-*'] [--all] [--options] [--each 4] [--seed 1]

Looks at the generic detectors: those that give way to others, or whose source says that they are.
With `--options` it drops each option within their patterns in place of whole detectors.

A detector is tried on the texts in which it finds something: those of the evaluation set, the
examples of all detectors, and probes, which are texts that its own pattern makes, with passwords
that people choose and values at random. What loses no more than a few probes pays for nothing;
`together` says which such detectors can go at once.
"""

from __future__ import annotations

import argparse
import random
import string
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.planted.cases import look_alikes, planted
from bench.recall import left
from policies.glob import any_of
from policies.loader import SHIPPED, load_catalog
from policies.matching.findings import Finder, Inspected
from policies.matching.matcher import Matcher
from policies.matching.target import Target
from policies.patterns.charset import NOTHING
from policies.patterns.pattern import Alt, Chars, Pattern, Repeat, Seq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from policies.compiled_catalog import Catalog
    from policies.detectors import Detector
    from policies.patterns.pattern import Node

CHOSEN = ("hunter2x", "sunshine", "Tr0ub4dor&3", "falcon-92", "Kaffee-1996!", "maple-falcon-river")
PROBES = 24
FEW_PROBES = 0.1
_PLAIN = string.ascii_letters + string.digits
_SIGNS = string.punctuation + " "
_LETTERS = "éл密"
_LONGEST = 24


@dataclass(frozen=True)
class Text:
    """`secrets` must be gone; a text without any is harmless."""

    kind: str
    text: str
    secrets: tuple[str, ...] = ()


@dataclass
class Loss:
    """What is masked no more without a detector, of the texts in which it finds something."""

    what: str
    of: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lost: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    freed: int = 0

    @property
    def pays(self) -> bool:
        few = self.lost["probe"] <= FEW_PROBES * self.of["probe"]
        return not few or any(count for kind, count in self.lost.items() if kind != "probe")


class Ablation:
    def __init__(self, catalog: Catalog, seed: int, each: int) -> None:
        self._catalog = catalog
        self._rng = random.Random(seed)  # noqa: S311 - repeatable
        self._by_detector: dict[str, list[Text]] = defaultdict(list)
        texts = [Text("planted", case.text, case.secrets) for case in planted(seed, each)]
        texts += [Text("look-alike", case.text) for case in look_alikes(seed)]
        for detector in catalog.detectors:
            texts += [self._example(example) for example in detector.examples.match]
        for text in texts:
            found = catalog.everything.find(Inspected(text.text))
            for name in {each.target.id for each in found}:
                self._by_detector[name].append(text)

    def _example(self, text: str) -> Text:
        """An example, of which must be gone what all detectors together mask."""
        (covers,) = self._catalog.everything.redactions(Inspected(text))
        return Text("example", text, tuple(text[each.start : each.end] for each in covers))

    def without(self, detector: Detector, dropped: AbstractSet[str] = frozenset()) -> Loss:
        """Return what is lost without a detector, and without others that were dropped before."""
        everything = self._catalog.everything.targets
        gone = {detector.id, *dropped}
        rest = self._catalog.finder(target for target in everything if target.id not in gone)
        loss = Loss(detector.id)
        probes = self._probes(detector.target, detector.target.nodes)
        for text in [*self._by_detector[detector.id], *probes]:
            masked = rest.mask(text.text, self._catalog.label)
            loss.of[text.kind] += 1
            loss.lost[text.kind] += any(left(secret, masked) for secret in text.secrets)
            loss.freed += not text.secrets and masked == text.text
        return loss

    def options(self, detector: Detector) -> Iterator[Loss]:
        """Yield what is lost without each option of a pattern, named by a text that it takes."""
        target = detector.target
        rest = self._catalog.finder(t for t in self._catalog.everything.targets if t != target)
        for only, others in map(_parts, alternatives(Seq(target.nodes))):
            less = narrowed(target, *others)
            alone = Finder((Matcher((less,)),), (less,))
            loss = Loss(repr("".join(sample(node, self._rng) for node in only)[-60:]))
            for text in [*self._by_detector[detector.id], *self._probes(target, only)]:
                outputs = [each.mask(text.text, lambda _: "[]") for each in (rest, alone)]
                loss.of[text.kind] += 1
                loss.lost[text.kind] += any(
                    all(left(secret, each) for each in outputs) for secret in text.secrets
                )
            yield loss

    def _probes(self, target: Target, nodes: Sequence[Node]) -> Iterator[Text]:
        alone = self._catalog.finder([target])
        *context, value = nodes
        for at in range(PROBES):
            before = "".join(sample(node, self._rng) for node in context)
            chosen = CHOSEN[at % len(CHOSEN)] if at % 2 else sample(value, self._rng)
            quote = before[-1:] if before[-1:] in {'"', "'", "`"} else ""
            text = f"first of all\n{before}{chosen}{quote}\n"
            found = alone.find(Inspected(text))
            yield from [Text("probe", text, (text[each.start : each.end],)) for each in found[:1]]


def alternatives(node: Node) -> Iterator[tuple[Node, Node]]:
    """Yield for each option in a pattern the pattern with it alone, and the one with all others."""
    match node:
        case Alt(options):
            for at, option in enumerate(options):
                rest = options[:at] + options[at + 1 :]
                yield option, rest[0] if len(rest) == 1 else Alt(rest)
                for only, others in alternatives(option):
                    yield only, Alt((*options[:at], others, *options[at + 1 :]))
        case Seq(items):
            for at, item in enumerate(items):
                for variants in alternatives(item):
                    only, others = (
                        Seq((*items[:at], variant, *items[at + 1 :])) for variant in variants
                    )
                    yield only, others
        case Repeat(item, low, high):
            for only, others in alternatives(item):
                yield Repeat(only, max(low, 1), high), Repeat(others, low, high)


def _parts(variants: tuple[Node, Node]) -> tuple[Sequence[Node], Sequence[Node]]:
    """Return the context, if there is one, and the pattern of each of two variants of a target."""
    only, others = (each.items if isinstance(each, Seq) else (each,) for each in variants)
    return only, others


def narrowed(target: Target, *nodes: Node) -> Target:
    """Return the target with another context and another pattern."""
    *context, value = nodes
    return Target(
        target.id,
        Pattern(
            value,
            NOTHING if context else target.not_before,
            target.not_after,
            target.followed_by,
        ),
        context=Pattern(context[0], target.not_before) if context else None,
        valid=target.valid,
    )


def sample(node: Node, rng: random.Random) -> str:
    """Return a text that a pattern matches, short and of plain characters where it may be."""
    match node:
        case Chars(members):
            best = (_PLAIN, sorted(members.others), _SIGNS, _LETTERS, "\n\r\t")
            return rng.choice(
                next(kept for some in best if (kept := [*filter(members.__contains__, some)]))
            )
        case Seq(items):
            return "".join(sample(item, rng) for item in items)
        case Alt(options):
            return sample(rng.choice(options), rng)
        case Repeat(item, low, high):
            most = low + 4 if high is None else min(high, max(low + 4, _LONGEST if low > 2 else 0))
            return "".join(sample(item, rng) for _ in range(rng.randint(low, most)))


def generic() -> set[str]:
    """Return the detectors of no provider."""
    found = set()
    for file in SHIPPED.glob("detectors/*.yaml"):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        found |= {
            each["id"]
            for each in content["detectors"]
            if content.get("generic") or each["source"].startswith("Generic")
        }
    return found


def together(ablation: Ablation, idle: Sequence[Detector]) -> list[str]:
    """Return those that can go at once: of two that find the same, one has to stay."""
    dropped: set[str] = set()
    for detector in idle:
        if not ablation.without(detector, dropped).pays:
            dropped.add(detector.id)
    return sorted(dropped)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=4, help="texts of every kind")
    parser.add_argument("--only", default="*", help="a glob of detectors")
    parser.add_argument("--options", action="store_true", help="of each pattern, not detectors")
    parser.add_argument("--all", action="store_true", help="those of providers too")
    wanted = parser.parse_args()
    catalog = load_catalog(SHIPPED)
    names, fits = generic(), any_of([wanted.only])
    chosen = [d for d in catalog.detectors if fits(d.id) and (wanted.all or d.id in names)]
    ablation = Ablation(catalog, wanted.seed, wanted.each)
    console = Console(highlight=False, width=120)
    if wanted.options:
        for detector in chosen:
            show(console, f"an option of {detector.id}", ablation.options(detector))
        return
    losses = {detector.id: ablation.without(detector) for detector in chosen}
    show(console, "detector", losses.values())
    idle = [detector for detector in chosen if not losses[detector.id].pays]
    console.print("together:", *together(ablation, idle))


def show(console: Console, of: str, losses: Iterable[Loss]) -> None:
    """Print what is lost, first of those that pay for nothing."""
    table = Table("pays", of, "planted", "examples", "probes", "look-alikes freed", box=None)
    for loss in sorted(losses, key=lambda loss: loss.pays):
        kinds = ("planted", "example", "probe")
        counts = [f"{loss.lost[kind]} of {loss.of[kind]}" for kind in kinds]
        table.add_row("yes" if loss.pays else "NO", escape(loss.what), *counts, str(loss.freed))
    console.print(table)


if __name__ == "__main__":
    main()
