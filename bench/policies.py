"""How fast rules are looked for, and how little of a stream is held back.

    python -m bench.policies [--runs 5]

Each figure is the least, the median and the most of several runs in one process on one core,
everything warmed as the gateway does it. Where detect-secrets is installed, it looks at the same
text in the same run.
"""

from __future__ import annotations

import argparse
import gc
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from app.domain.identity import Identity, IdentityKind
from app.domain.segment import Facts, Prompt, Role, Segment
from app.domain.verdict import Action
from policies.decide import decide
from policies.loader import SHIPPED, load_catalog
from policies.masker import Masker
from policies.matcher import Matcher, Scannable
from policies.model import Kind
from policies.pattern import parse
from policies.scanner import Plan, Target
from policies.words import word_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policies.compiled import Catalog

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
    runs = max(5, parser.parse_args().runs)
    catalog = load_catalog(SHIPPED)
    warmed = timed(catalog.warm)
    prose, code = corpus("*.md"), corpus("app/wire/*.py")
    figures = [
        Figure("load and warm the shipped catalog", "s", [warmed], note="once a process"),
        *held(catalog, prose, code),
        *deltas(catalog, prose + code, runs),
        *scans(code, runs),
        *decisions(catalog, code, prose, runs),
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
        "all detectors of secrets": [d for d in catalog.detectors if d.kind is Kind.SECRET],
        "all detectors but e-mail": [d for d in catalog.detectors if d.id != "email-address"],
        "all detectors": catalog.detectors,
    }
    found = []
    for name, detectors in chosen.items():
        counts = sorted(waiting(Plan([d.target for d in detectors]), texts))
        mean, last = statistics.fmean(counts), counts[len(counts) * 99 // 100]
        share = f"{sum(count > 0 for count in counts) / len(counts):.1%} of the deltas wait at all"
        found += [
            Figure(f"held back by {name}, mean", "characters", [mean], "≤ 0.5", share),
            Figure("… 99th percentile", "characters", [last], "≤ 4"),
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
    """Decide on prompts of 8 KB; beside it what others take to look for secrets in one."""
    clean = "".join(re.findall(r"[\x20-\x7e\n]", code))[:8192].replace("`", "'")
    asked = facts(clean)
    assert decide(asked, DEV, catalog, NOW).action is Action.ALLOW
    chat = facts(*[clean[at : at + 512] for at in range(0, len(clean), 512)])
    held = facts(f"Deploy this to production.\n{prose[:8192]}")
    secrets = facts(corpus("policies/*.py")[:8192])
    fresh = facts(clean.replace("e", "a"))
    bare = facts(re.sub(r"[*~\\&%]", "_", clean))
    first = timed(lambda: decide(fresh, DEV, catalog, NOW)) * 1000
    ours = repeated(lambda: decide(asked, DEV, catalog, NOW), runs)
    theirs = detect_secrets(clean, runs)
    ratio = "not installed: pip install detect-secrets"
    if theirs:
        ratio = f"{statistics.median(theirs) / statistics.median(ours):.0f} times ours"
    return [
        Figure("decide on 8 KB, a text never seen", "ms", [first], "as later ones"),
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
        Figure("detect-secrets on the same 8 KB", "ms", theirs, note=ratio),
    ]


def repeated(work: Callable[[], object], runs: int) -> list[float]:
    """Return the milliseconds of one, out of twenty in a row, for each run."""

    def many() -> None:
        for _ in range(20):
            work()

    return [timed(many) / 20 * 1000 for _ in range(runs)]


def detect_secrets(text: str, runs: int) -> list[float]:
    """Return its times in ms; none where it is not installed."""
    try:
        from detect_secrets import SecretsCollection  # noqa: PLC0415 - a peer, not a dependency
        from detect_secrets.settings import default_settings  # noqa: PLC0415
    except ImportError:
        return []
    with tempfile.TemporaryDirectory() as folder, default_settings():
        file = Path(folder) / "prompt.txt"
        file.write_text(text, encoding="utf-8")
        SecretsCollection().scan_file(str(file))
        return [timed(lambda: SecretsCollection().scan_file(str(file))) * 1000 for _ in range(runs)]


def hostile(catalog: Catalog, runs: int) -> list[Figure]:
    """Decide on 250 KB that are made to take long."""
    texts = {
        "password= repeated": ["password=" * 27_778],
        "20,000 short strings": [f"string number {at} of the list" for at in range(20_000)],
        "zero-width flood": ["AK\u200b" * 83_334],
        "sk- repeated": ["sk-" * 83_334],
        "secrets one after the other": ["password=hunter2x9!Q " * 11_905],
    }
    found = []
    for name, parts in texts.items():
        asked = facts(*parts)
        verdict = decide(asked, DEV, catalog, NOW)
        times = [timed(lambda a=asked: decide(a, DEV, catalog, NOW)) * 1000 for _ in range(runs)]
        size = sum(map(len, parts)) // 1000
        found.append(Figure(f"{name}, {size} KB", "ms", times, note=f"{verdict.action.value}"))
    return found


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
