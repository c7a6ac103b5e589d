"""Several threads look at texts at once: large requests, and the warming of a reload."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, TypeAlias

import pytest
import yaml

from policies.detectors import make_target
from policies.files.fields import DetectorKind
from policies.files.model import DetectorSpec
from policies.loader import SHIPPED, load_catalog
from policies.matching.findings import Finder, Inspected
from policies.matching.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.compiled_catalog import Catalog

THREADS = 4
_Seen: TypeAlias = "tuple[list[tuple[str, int, int]], str]"


@pytest.fixture
def impatient() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def _cold() -> tuple[Finder, list[str]]:
    """Return a finder of which nothing is made yet, and texts with something for it to find."""
    document = yaml.safe_load((SHIPPED / "detectors" / "cloud.yaml").read_text(encoding="utf-8"))
    specs = [DetectorSpec.model_validate(item) for item in document["detectors"]]
    targets = [make_target(spec, DetectorKind.SECRET) for spec in specs]
    examples = [text for spec in specs for text in spec.examples.match]
    texts = ["\n".join(examples[at::THREADS]) * 3 for at in range(THREADS)]
    return Finder([Matcher(targets)], targets), texts


def _seen(finder: Finder, text: str) -> _Seen:
    found = [(f.target.id, f.start, f.end) for f in finder.find(Inspected(text))]
    return found, finder.mask(text, lambda target: f"[{target.id}]")


@pytest.mark.usefixtures("impatient")
def test_four_threads_that_scan_at_once_find_what_one_finds() -> None:
    finder, texts = _cold()
    together = Barrier(THREADS)

    def scan(turn: int) -> dict[str, _Seen]:
        together.wait(60)
        return {text: _seen(finder, text) for text in texts[turn:] + texts[:turn]}

    with ThreadPoolExecutor(THREADS) as pool:
        seen = list(pool.map(scan, range(THREADS)))
    alone, _ = _cold()
    assert seen == [{text: _seen(alone, text) for text in texts}] * THREADS
    assert all(found for found, _ in seen[0].values())


@pytest.mark.usefixtures("impatient")
def test_a_catalog_is_warmed_beside_requests_of_another(shipped: Catalog) -> None:
    text = "deploy to production with AKIAIOSFODNN7EXAMPLE"
    expected = _seen(shipped.requests, text)
    fresh = load_catalog(SHIPPED)
    with ThreadPoolExecutor(1) as beside:
        warming = beside.submit(fresh.warm)
        seen = [_seen(shipped.requests, text)]
        while not warming.done():
            seen.append(_seen(shipped.requests, text))
        warming.result()
    assert all(one == expected for one in seen)
