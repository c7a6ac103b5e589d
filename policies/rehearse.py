"""Tries a catalog on the examples that stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.scanner import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.compiled import Catalog
    from policies.model import ExamplesSpec
    from policies.scanner import Target


def check(catalog: Catalog) -> list[str]:
    """Return one sentence for each example that does not do what it says; empty when all do."""
    return [
        *(fault for detector in catalog.detectors
          for fault in _faults(f"detector {detector.id}", [detector.target], detector.examples)),
        *(fault for rule in catalog.rules if rule.look_for and rule.examples
          for fault in _faults(f"rule {rule.id}", list(rule.look_for.targets), rule.examples)),
    ]  # fmt: skip


def _faults(name: str, targets: list[Target], examples: ExamplesSpec) -> Iterator[str]:
    plan = Plan(targets)
    for text in examples.match:
        if not plan.find(text):
            yield f"{name}: does not fire on its example {text!r}; change the rule or the example"
    for text in examples.skip:
        for span in plan.find(text)[:1]:
            found = text[span.start : span.end]
            yield f"{name}: fires on {found!r} in {text!r}, which it should skip"
