"""Reads `detectors/*.yaml`: named kinds of secrets and of personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies.detectors import Detector, make_target
from policies.files.fields import DetectorKind
from policies.files.model import DetectorSpec
from policies.patterns.pattern import PatternError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policies.files.items import ItemReader, Location
    from policies.files.yaml_lines import Document
    from policies.matching.target import Target


@dataclass(frozen=True, slots=True)
class MadeDetector:
    """A detector, and what it was made of."""

    detector: Detector
    spec: DetectorSpec
    kind: DetectorKind
    generic: bool

    @classmethod
    def of(
        cls, spec: DetectorSpec, kind: DetectorKind, target: Target, *, generic: bool
    ) -> MadeDetector:
        return cls(Detector(spec.id, spec.title, kind, generic, target, spec), spec, kind, generic)

    def finds_as(self, spec: DetectorSpec, kind: DetectorKind, *, generic: bool) -> bool:
        """Whether it is the same but for its source, which is for people alone."""
        unsourced = [each.model_copy(update={"source": None}) for each in (self.spec, spec)]
        return unsourced[0] == unsourced[1] and (self.kind, self.generic) == (kind, generic)


def read_detectors(reading: ItemReader, shipped: Mapping[str, MadeDetector]) -> list[MadeDetector]:
    """Return the detectors of the directory, less those that are shipped ones unchanged."""
    found: dict[str, MadeDetector | None] = {}
    for name, document in reading.documents(sorted(reading.directory.glob("detectors/*.yaml"))):
        kind, generic = _header(reading, name, document)
        for place, spec in reading.items(name, document, ("detectors",), DetectorSpec):
            if not reading.unique(place, found, spec.id):
                continue
            known = shipped.get(spec.id)
            if known and known.finds_as(spec, kind, generic=generic):
                reading.contents.pop()  # it is among those that ship
                found[spec.id] = None
            else:
                found[spec.id] = _made(reading, place, spec, kind, generic=generic)
    return [made for made in found.values() if made is not None]


def _made(
    reading: ItemReader, place: Location, spec: DetectorSpec, kind: DetectorKind, *, generic: bool
) -> MadeDetector | None:
    try:
        return MadeDetector.of(spec, kind, make_target(spec, kind), generic=generic)
    except PatternError as error:
        reading.faults.append(place.fault(["pattern"], str(error)))
    except ValueError as error:
        reading.faults.append(place.fault(["checks"], str(error)))
    return None


def _header(reading: ItemReader, name: str, document: Document) -> tuple[DetectorKind, bool]:
    data = document.data if isinstance(document.data, dict) else {}
    for key in data.keys() - {"kind", "generic", "detectors"}:
        line = document.line([key])
        reading.faults.append(
            f"{name}:{line}: {key}: is not known here; use kind, generic, detectors"
        )
    if data.get("kind") not in list(DetectorKind):
        line = document.line(["kind"])
        reading.faults.append(f"{name}:{line}: kind: write `kind: secret` or `kind: personal`")
        return DetectorKind.SECRET, False
    return DetectorKind(data["kind"]), data.get("generic") is True
