"""What a benchmark has measured, kept with the machine, the versions and the date.

python -m bench.linear --into bench/results     # writes linear.json there
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gateway.results import machine

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence


def add_into(parser: ArgumentParser) -> None:
    parser.add_argument("--into", type=Path, help="a folder for raw results, as JSON")


class Figures:
    """The figures of one benchmark, by what they are of; made before anything is measured."""

    def __init__(self, name: str, options: Namespace) -> None:
        given = {key: value for key, value in vars(options).items() if key != "into"}
        self._name = name
        self._into: Path | None = options.into
        self._about = machine() | {"options": json.dumps(given, default=_name_of)}
        self._kept: dict[str, dict[str, object]] = {}

    def keep(self, what: str, values: Sequence[float], **more: object) -> None:
        """Keep each value with the median and the extremes, and what else is known of them."""
        self._kept[what] = {
            "median": round(statistics.median(values), 4),
            "min": round(min(values), 4),
            "max": round(max(values), 4),
            "values": [round(value, 4) for value in values],
            **more,
        }

    def save(self) -> None:
        """Write the file, where a folder was given."""
        if self._into is None:
            return
        self._into.mkdir(parents=True, exist_ok=True)
        written = json.dumps(
            {"about": self._about, "figures": self._kept}, indent=1, ensure_ascii=False
        )
        (self._into / f"{self._name}.json").write_text(written + "\n")


def _name_of(value: object) -> str:
    """A folder by its name: where it lies says nothing to others."""
    return value.name if isinstance(value, Path) else str(value)
