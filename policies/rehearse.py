"""Tries a catalog before it decides about anybody: on its examples, and on what has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.identity import Identity
from app.domain.segment import Facts
from app.domain.verdict import Action
from policies.decide import decide
from policies.scanner import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


@dataclass(frozen=True, slots=True)
class Precedent:
    """A recorded request, with what was decided then."""

    session_id: str
    facts: Facts
    identity: Identity
    at: datetime
    action: Action


@dataclass(frozen=True, slots=True)
class Change:
    """A session that the catalog would decide otherwise; `rules` are those that now ask for it."""

    session_id: str
    before: Action
    after: Action
    rules: tuple[str, ...]

    @property
    def stricter(self) -> bool:
        return self.after.strictness > self.before.strictness


def backtest(precedents: Iterable[Precedent], catalog: Catalog) -> Iterator[Change | None]:
    """Decide each recorded request again, as of its own time; yield None where nothing changes.

    One item for each precedent, as they come, so that whoever asks can show how far it is.
    """
    for precedent in precedents:
        verdict = decide(precedent.facts, precedent.identity, catalog, precedent.at)
        if verdict.action is precedent.action:
            yield None
            continue
        rules = tuple(f.rule for f in verdict.fired if f.enforced and f.action is verdict.action)
        yield Change(precedent.session_id, precedent.action, verdict.action, rules)
