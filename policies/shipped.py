"""The detectors that are part of the product, read once for a process.

To read, check and take apart some hundred patterns takes seconds, and each finds something in few
texts. So what is known of them is kept as JSON (see `matching/kept`), under a digest of their files
and of this code: a process that finds it parses a pattern when a text may have a match of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from policies.detector_files import MadeDetector, read_detectors
from policies.detectors import make_target
from policies.files.examples import ExamplesSpec
from policies.files.fields import DetectorKind
from policies.files.items import ItemReader
from policies.files.model import DetectorSpec
from policies.matching import kept
from policies.matching.matcher import Matcher
from policies.matching.target import LateTarget
from policies.patterns.charset import CharSet

if TYPE_CHECKING:
    from collections.abc import Iterable

SHIPPED = Path(__file__).parent
_MOST_KEPT = 4
_Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShippedDetectors:
    made: tuple[MadeDetector, ...]
    matchers: tuple[Matcher, ...]
    """One for each kind: whoever looks for secrets alone does not pay for personal data."""
    contents: tuple[Any, ...]
    faults: tuple[str, ...]


@cache
def shipped_detectors() -> ShippedDetectors:
    """Read what is part of the program once; each catalog that is loaded later builds on it."""
    return read_shipped(kept.KEPT)


def read_shipped(folder: Path) -> ShippedDetectors:
    """Return the detectors as they are kept in the folder, or else as they are in their files."""
    digest = _digest()
    file = folder / f"detectors-{digest}.json"
    data = kept.read(file)
    if data is None:
        reading = ItemReader(SHIPPED)
        made = read_detectors(reading, {})
        if reading.faults:
            return _together(made, (), reading.faults)
        data = _dumped(made, reading.contents)
        kept.write(file, data, _MOST_KEPT)
    found = json.loads(data)
    return _together(_restored(found, digest), found["contents"], ())


def _together(
    made: Iterable[MadeDetector], contents: Iterable[Any], faults: Iterable[str]
) -> ShippedDetectors:
    made = tuple(made)
    matchers = tuple(
        Matcher([each.detector.target for each in made if each.kind is kind])
        for kind in DetectorKind
    )
    return ShippedDetectors(made, matchers, tuple(contents), tuple(faults))


def _digest() -> str:
    digest = hashlib.sha256(kept.code_digest().encode())
    for file in sorted(SHIPPED.glob("detectors/*.yaml")):
        content = file.read_bytes()
        digest.update(b"%d %s\n" % (len(content), file.name.encode()) + content)
    return digest.hexdigest()


def _dumped(made: Iterable[MadeDetector], contents: list[Any]) -> bytes:
    sets: dict[CharSet, int] = {}

    def number(members: CharSet) -> int:
        return sets.setdefault(members, len(sets))

    detectors = [
        {
            "kind": each.kind,
            "generic": each.generic,
            "held": each.detector.target.held,
            "not_before": number(each.detector.target.not_before),
            "openings": [list(map(number, each)) for each in each.detector.target.openings],
        }
        for each in made
    ]
    known = [[members.bits, "".join(sorted(members.others))] for members in sets]
    return json.dumps({"contents": contents, "detectors": detectors, "sets": known}).encode()


def _restored(found: _Json, digest: str) -> list[MadeDetector]:
    sets = [CharSet(bits, frozenset(others)) for bits, others in found["sets"]]
    items = zip(found["contents"], found["detectors"], strict=True)
    return [_made(content, detector, sets, digest) for content, detector in items]


def _made(content: _Json, detector: _Json, sets: list[CharSet], digest: str) -> MadeDetector:
    # They were valid when they were kept, so that they need not be checked once more.
    examples = ExamplesSpec.model_construct(**content["examples"])
    spec = DetectorSpec.model_construct(**{**content, "examples": examples})
    kind = DetectorKind(detector["kind"])
    openings = tuple(tuple(sets[at] for at in opening) for opening in detector["openings"])
    target = LateTarget(
        spec.id,
        f"{digest} {spec.id}",
        partial(make_target, spec, kind, openings),
        openings=openings,
        not_before=sets[detector["not_before"]],
        held=detector["held"],
    )
    return MadeDetector.of(spec, kind, target, generic=detector["generic"])
