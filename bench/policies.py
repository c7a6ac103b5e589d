"""How fast rules are looked for, and how little of a stream is held back.

    python -m bench.policies [--runs 5] [--peer-python PATH]

Each figure is the least, the median and the most of several runs in one process on one core,
everything warmed as the gateway does it. What others take for the same text is measured in the
same run, by another interpreter where `--peer-python` names one that has them (see `peers`).
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from app.domain.identity import Identity, IdentityKind
from app.domain.segment import Facts, Prompt, Role, Segment
from app.domain.verdict import Action
from bench.peers import PEERS
from policies.decide import decide
from policies.files.fields import DetectorKind
from policies.loader import SHIPPED, load_catalog
from policies.matching.masker import Masker
from policies.matching.matcher import Matcher, Scannable
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.patterns.pattern import parse
from policies.patterns.words import word_pattern
from policies.reload import set_aside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.compiled_catalog import Catalog

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DEV = Identity("https://id.example", "dev", IdentityKind.PERSON, "Dev", "dev@example.com")
TOKENS = re.compile(r" ?[A-Za-z]{1,7}| ?[0-9]{1,3}|\s+|[^\w\s]+|.", re.DOTALL)


@dataclass(frozen=True)
class Figure:
    """What was measured, and what it must reach."""

    name: str
    unit: str
    runs: Sequence[float]
    wanted: str = ""
    note: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-python", default=sys.executable)
    given = parser.parse_args()
    runs = max(5, given.runs)
    catalog = load_catalog(SHIPPED)
    warmed = timed(catalog.warm)
    catalog.warm_answers()
    set_aside()
    prose, code = corpus("*.md"), corpus("app/wire/*.py")
    figures = [
        Figure("load and warm the shipped catalog", "s", [warmed], note="once a process"),
        *held(catalog, prose, code),
        *deltas(catalog, prose + code, runs),
        *scans(code, runs),
        *decisions(catalog, code, prose, runs),
        *first_looks(catalog, code),
        *peers(prompt(code), given.peer_python),
        *hostile(catalog, runs),
    ]
    show(figures, len(catalog.detectors), runs)


def corpus(glob: str) -> str:
    """Return text as people write it: this project's own, some 100 KB of it."""
    folders = [ROOT, ROOT / "docs"] if glob == "*.md" else [ROOT]
    files = sorted(file for folder in folders for file in folder.glob(glob))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return (text * (1 + 100_000 // len(text)))[:100_000]


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that one core worked: what else the machine does is not counted."""
    gc.collect()
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def held(catalog: Catalog, *texts: str) -> list[Figure]:
    """Count the characters that wait after each delta."""
    chosen = {
        "all detectors of secrets": [d for d in catalog.detectors if d.kind is DetectorKind.SECRET],
        "all detectors but e-mail": [d for d in catalog.detectors if d.id != "email-address"],
        "all detectors": catalog.detectors,
    }
    found = []
    for name, detectors in chosen.items():
        counts = sorted(waiting(Plan([d.target for d in detectors]), texts))
        mean, last = statistics.fmean(counts), counts[len(counts) * 99 // 100]
        share = f"{sum(count > 0 for count in counts) / len(counts):.1%} of the deltas wait at all"
        # Any word may become the first part of an address: nobody can hold less than that.
        wanted = ("each word", "each word") if name == "all detectors" else ("≤ 0.5", "≤ 4")
        found += [
            Figure(f"held back by {name}, mean", "characters", [mean], wanted[0], share),
            Figure("… 99th percentile", "characters", [last], wanted[1]),
        ]
    return found


def waiting(plan: Plan, texts: Sequence[str]) -> Iterator[int]:
    for text in texts:
        masker = Masker(plan, lambda _: "[masked]")
        for delta in TOKENS.findall(text):
            masker.feed(delta)
            yield masker.held


def deltas(catalog: Catalog, text: str, runs: int) -> list[Figure]:
    """Mask a stream of tokens with the rules for answers, and with all detectors."""
    pieces = TOKENS.findall(text)
    answers = catalog.answer_masking(facts("hello"), DEV, "sk-upstream-credential", NOW)

    def by_rules() -> None:
        masker = answers.stream()
        for piece in pieces:
            masker.feed(piece)
        masker.finish()

    plan = Plan(catalog.everything.targets)

    def by_all() -> None:
        masker = Masker(plan, lambda _: "[masked]")
        for piece in pieces:
            masker.feed(piece)
        masker.finish()

    first = len(pieces) / timed(by_rules)
    rules = [len(pieces) / timed(by_rules) for _ in range(runs)]
    by_all()
    return [
        Figure("masker, first answer after warming", "deltas/s", [first], "as later ones"),
        Figure("masker, shipped rules for answers", "deltas/s", rules, "≥ 60,000"),
        Figure(
            "masker, all detectors",
            "deltas/s",
            [len(pieces) / timed(by_all) for _ in range(runs)],
            "≥ 60,000",
            f"{len(text) / len(pieces):.1f} characters a delta",
        ),
    ]


def scans(code: str, runs: int) -> list[Figure]:
    """Look for own words and patterns in 2 MB that none of them is in."""
    text = (code * 21)[:2_000_000]
    found = []
    for count in (10, 100, 1000):
        matcher = Matcher([own_target(at) for at in range(count)])
        matcher.find(Scannable(text), ())
        speeds = []
        for _ in range(runs):
            fresh = Scannable(text)
            speeds.append(len(text) / 1e6 / timed(lambda m=matcher, f=fresh: m.find(f, ())))
        wanted = "≥ 100" if count == 1000 else "flat"
        found.append(Figure(f"scan by {count:,} rules", "MB/s", speeds, wanted))
    return found


def own_target(at: int) -> Target:
    if at % 2:
        words = f"codename {chr(97 + at % 26)}{chr(97 + at // 26 % 26)}{at}x"
        return Target(f"own-{at}", word_pattern(words), words=words)
    return Target(f"own-{at}", parse(rf"\bXQ{at:04}-[0-9]{{4,6}}[A-Z]?\b"))


def decisions(catalog: Catalog, code: str, prose: str, runs: int) -> list[Figure]:
    """Decide on prompts of 8 KB."""
    clean = prompt(code)
    asked = facts(clean)
    assert decide(asked, DEV, catalog, NOW).action is Action.ALLOW
    chat = facts(*[clean[at : at + 512] for at in range(0, len(clean), 512)])
    held = facts(f"Deploy this to production.\n{prose[:8192]}")
    secrets = facts(corpus("policies/*.py")[:8192])
    bare = facts(re.sub(r"[*~\\&%]", "_", clean))
    ours = repeated(lambda: decide(asked, DEV, catalog, NOW), runs)
    return [
        Figure("decide on 8 KB of code, all shipped rules", "ms", ours, "≤ 0.3"),
        Figure(
            "… without markup and escapes",
            "ms",
            repeated(lambda: decide(bare, DEV, catalog, NOW), runs),
            "≤ 0.3",
        ),
        Figure("… in 16 messages", "ms", repeated(lambda: decide(chat, DEV, catalog, NOW), runs)),
        Figure(
            "… about secrets and tokens",
            "ms",
            repeated(lambda: decide(secrets, DEV, catalog, NOW), runs),
        ),
        Figure(
            "… with markup, held, with excerpts",
            "ms",
            repeated(lambda: decide(held, DEV, catalog, NOW), runs),
        ),
    ]


def prompt(code: str, start: int = 0) -> str:
    """Return 8 KB of code in which no rule finds anything."""
    plain = "".join(re.findall(r"[\x20-\x7e\n]", code[start : start + 9000]))
    return plain[:8192].replace("`", "'")


def first_looks(catalog: Catalog, code: str) -> list[Figure]:
    """Decide on texts never seen, and on the same once more: each alone, with cold caches."""
    texts = [facts(prompt(code, at * 2000).replace("e", "a")) for at in range(40)]
    first, again = (
        [timed(lambda a=asked: decide(a, DEV, catalog, NOW)) * 1000 for asked in texts]
        for _ in range(2)
    )
    return [
        Figure("decide on 40 texts of 8 KB never seen", "ms", first, "as again"),
        Figure("… on the same again", "ms", again),
    ]


def peers(text: str, interpreter: str) -> list[Figure]:
    """Have others look for secrets in the same 8 KB."""
    found = []
    for name in PEERS:
        done = subprocess.run(
            [interpreter, ROOT / "bench" / "peers.py", name],
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        runs, note = (told, "") if isinstance(told, list) else ((), told)
        found.append(Figure(f"{name} on the same 8 KB", "ms", runs, note=note))
    return found


def repeated(work: Callable[[], object], runs: int) -> list[float]:
    """Return the milliseconds of one, out of twenty in a row, for each run."""

    def many() -> None:
        for _ in range(20):
            work()

    return [timed(many) / 20 * 1000 for _ in range(runs)]


def hostile(catalog: Catalog, runs: int) -> list[Figure]:
    """Decide on what is made to take long: 250 KB of it, and twice as much."""
    found = []
    for name, make in HOSTILE.items():
        asked, double = facts(*make(1)), facts(*make(2))
        verdict = decide(asked, DEV, catalog, NOW)
        pairs = [
            [timed(lambda a=each: decide(a, DEV, catalog, NOW)) * 1000 for each in (asked, double)]
            for _ in range(runs)
        ]
        times, twice = zip(*pairs, strict=True)
        ratio = f"{min(twice) / min(times):.1f} times as long"
        note = f"{verdict.action.value}; twice the size takes {ratio}"
        found.append(Figure(f"{name}, {asked.body_bytes // 1000} KB", "ms", times, note=note))
    return found


HOSTILE: dict[str, Callable[[int], list[str]]] = {
    "password= repeated": lambda size: ["password=" * (27_778 * size)],
    "20,000 short strings": lambda size: [
        f"string number {at} of the list" for at in range(20_000 * size)
    ],
    "zero-width flood": lambda size: ["AK\u200b" * (83_334 * size)],
    "sk- repeated": lambda size: ["sk-" * (83_334 * size)],
    "escapes repeated": lambda size: ["%41 \\x42 " * (31_250 * size)],
    "base64 repeated": lambda size: ["c2VjcmV0IHdvcmRzIHRvIGRlY29kZQ== " * (7_576 * size)],
    "secrets one after the other": lambda size: ["password=hunter2x9!Q " * (11_905 * size)],
}


def facts(*texts: str) -> Facts:
    segments = tuple(
        Segment(text, Role.USER, f"/messages/{at}/content") for at, text in enumerate(texts)
    )
    size = sum(map(len, texts))
    return Facts("openai", "POST", "v1/chat/completions", "", Prompt(segments, "gpt-5"), size)


def show(figures: Sequence[Figure], detectors: int, runs: int) -> None:
    table = Table("what", "unit", "least", "median", "most", "wanted", "", box=None)
    for figure in figures:
        cells = ["–"] * 3
        if figure.runs:
            low, high = min(figure.runs), max(figure.runs)
            cells = [number(each) for each in (low, statistics.median(figure.runs), high)]
        table.add_row(figure.name, figure.unit, *cells, figure.wanted, figure.note)
    console = Console(highlight=False, width=140)
    console.print(f"{detectors} detectors, {runs} runs; Hyperscan, one core", style="bold")
    console.print(table)


def number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
