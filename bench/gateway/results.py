"""What was measured: raw, as a table, and as a picture."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from bench.gateway.loads import LOADS, Times

VERSIONS = ("abeyance", "quart", "hypercorn", "httpx", "uvloop", "hyperscan", "motor", "secantusdb")
Rounds: TypeAlias = dict[str, dict[str, list[dict[str, float]]]]
"""By load and candidate: the figures of each round."""


def figures(times: Times) -> dict[str, float]:
    """Return one round in milliseconds, and requests a second."""
    found = {
        "p50": statistics.median(times.whole),
        "p99": _at(times.whole, 0.99),
        "first p50": statistics.median(times.first),
        "first p99": _at(times.first, 0.99),
        "a second": len(times.whole) / times.seconds,
        **{f"cpu {part}": spent for part, spent in times.cpu.items()},
    }
    return {name: round(value, 3) for name, value in found.items()}


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def machine() -> dict[str, str]:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "machine": f"{len(models)} × {models[0] if models else platform.machine()}",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
    }


def spread(values: list[float]) -> str:
    def plain(value: float) -> str:
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

    return f"{plain(statistics.median(values))} [{plain(min(values))}–{plain(max(values))}]"


def table(rounds: Rounds) -> str:
    """Return a table in Markdown for each load: the median of the rounds, and the extremes."""
    lines: list[str] = []
    for load, by_candidate in rounds.items():
        clients = LOADS[load].clients
        lines += [f"\n**{load}**, {clients} client{'s' if clients > 1 else ''}\n"]
        names = list(
            dict.fromkeys(n for runs in by_candidate.values() for run in runs for n in run)
        )
        lines += [f"| | {' | '.join(names)} |", f"|---{'|---:' * len(names)}|"]
        for candidate, runs in by_candidate.items():
            cells = [spread([run[n] for run in runs]) if n in runs[0] else "" for n in names]
            lines.append(f"| {candidate} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ratios(rounds: Rounds, against: str = "floor", ours: str = "Abeyance") -> dict[str, float]:
    """Return how many times the gateway's CPU of another ours is, by load.

    Each round is compared with the one beside it: what else the machine does weighs on both.
    """
    return {
        load: round(
            statistics.median(
                mine["cpu gateway"] / theirs["cpu gateway"]
                for mine, theirs in zip(runs[ours], runs[against], strict=True)
            ),
            2,
        )
        for load, runs in rounds.items()
        if ours in runs and against in runs
    }


def save(folder: Path, rounds: Rounds, about: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"about": about, "rounds": rounds}
    (folder / "gateway.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    plot(folder / "gateway.svg", rounds, about)


_COLOURS = ("#7f8c8d", "#e67e22", "#c0392b", "#2471a3")
_PANEL, _HEIGHT, _BAR = 190, 220, 30


def plot(file: Path, rounds: Rounds, about: dict[str, str]) -> None:
    """Draw the gateway's CPU for each request: a bar is the median, a line the extremes."""
    names = list(dict.fromkeys(name for runs in rounds.values() for name in runs))
    colours = dict(zip(names, _COLOURS, strict=False))
    caption = f"{about['date']} · {about['machine']} · Python {about['python']}"
    parts = [_text(10, 18, f"CPU of the gateway, ms a request · {caption}")]
    for at, name in enumerate(names):
        parts += [_box(10 + 150 * at, 28, 10, 10, colours[name]), _text(25 + 150 * at, 37, name)]
    for at, (load, runs) in enumerate(rounds.items()):
        parts += _panel(20 + at * _PANEL, load, runs, colours)
    width = 20 + _PANEL * len(rounds)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT + 90}"'
    style = ' font-family="sans-serif" font-size="11">'
    file.write_text("\n".join([head + style, *parts, "</svg>", ""]))


def _panel(
    left: int, load: str, runs: dict[str, list[dict[str, float]]], colours: dict[str, str]
) -> list[str]:
    spent = {name: [run["cpu gateway"] for run in each] for name, each in runs.items()}
    scale = _HEIGHT * 0.85 / max(max(values) for values in spent.values())
    floor = _HEIGHT + 60
    parts = [_text(left, floor + 18, load)]
    for at, (name, values) in enumerate(spent.items()):
        x, middle = left + at * (_BAR + 8), statistics.median(values)
        low, high = (floor - value * scale for value in (min(values), max(values)))
        height = middle * scale
        parts += [
            _box(x, floor - height, _BAR, height, colours[name]),
            f'<path d="M{x + _BAR / 2:.1f} {low:.1f}V{high:.1f}" stroke="#222"/>',
            _text(x, high - 4, f"{middle:.1f}"),
        ]
    return parts


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}"/>'


def _text(x: float, y: float, said: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}">{escape(said)}</text>'
