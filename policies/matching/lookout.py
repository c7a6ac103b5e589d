"""What is looked for in answers, and in a whole text only as much of it as is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.record.original import Keeping
from app.domain.verdict import Action, FiredRule
from policies.matching.findings import Finder
from policies.matching.plan import Plan
from policies.matching.rereading import CleanTexts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policies.matching.matcher import Scannable


_MOST_CLEAN = 4096
_MOST_PARTS = 64


@dataclass(frozen=True, slots=True)
class Lookout:
    """A plan, and for each of its targets the rules that look for it and what replaces it.

    `finder` looks for the same targets in the same order. `keepings` say of each target which rules
    keep what they mask; empty where none does.
    """

    plan: Plan
    owners: tuple[tuple[FiredRule, ...], ...]
    labels: tuple[str, ...]
    finder: Finder
    keepings: tuple[tuple[Keeping, ...], ...] = ()
    stops: frozenset[int] = field(init=False)
    """Which targets forbid an answer."""
    clean: CleanTexts = field(default_factory=lambda: CleanTexts(_MOST_CLEAN), compare=False)
    """Short texts that seem to begin a match and have none: names of members, mostly."""
    _parts: dict[tuple[int, ...], Lookout] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        stops = (at for at, owners in enumerate(self.owners) if denying(owners) is not None)
        object.__setattr__(self, "stops", frozenset(stops))

    def within(self, text: Scannable) -> Lookout:
        """Return a lookout for those of the targets that match somewhere in a whole text.

        Hyperscan tells them in a small part of the time that it takes to follow the text for all.
        """
        present = self.finder.present(text)
        part = self._parts.get(present)
        if part is None:
            if len(self._parts) >= _MOST_PARTS:
                self._parts.clear()
            part = self._parts[present] = self._only(present)
        return part

    def _only(self, chosen: Iterable[int]) -> Lookout:
        kept = tuple(chosen)
        return Lookout(
            Plan([self.plan.targets[at] for at in kept]),
            tuple(self.owners[at] for at in kept),
            tuple(self.labels[at] for at in kept),
            self.finder,
            tuple(self.keepings[at] for at in kept) if self.keepings else (),
        )


def denying(owners: tuple[FiredRule, ...]) -> FiredRule | None:
    return next((owner for owner in owners if owner.action is Action.DENY), None)
