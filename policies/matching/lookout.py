"""What is looked for in answers, and in a whole text only as much of it as is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.record.original import Keeping
from app.domain.verdict import Action, FiredRule
from policies.matching.findings import Finder
from policies.matching.plan import Joint, Plan
from policies.matching.rereading import CleanTexts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policies.matching.matcher import Scannable


_MOST_CLEAN = 4096
_MOST_PARTS = 64


@dataclass(frozen=True, slots=True)
class Lookout:
    """A plan, and for each of its targets the rules that look for it and what replaces it.

    The owners are enforced rules and shadow rules; targets that only shadow rules look for are the
    plan's quiet ones. `finder` looks for the same targets in the same order. `keepings` say of each
    target which rules keep what they mask; empty where none does.
    """

    plan: Plan
    owners: tuple[tuple[FiredRule, ...], ...]
    labels: tuple[str, ...]
    finder: Finder
    keepings: tuple[tuple[Keeping, ...], ...] = ()
    stops: frozenset[int] = field(init=False)
    """Which targets forbid an answer."""
    noted: frozenset[int] = field(init=False)
    """Which targets shadow rules look for."""
    clean: CleanTexts = field(default_factory=lambda: CleanTexts(_MOST_CLEAN), compare=False)
    """Short texts that seem to begin a match and have none: names of members, mostly."""
    _parts: dict[tuple[int, ...], Lookout] = field(default_factory=dict, compare=False)
    _joints: dict[Plan, Joint] = field(default_factory=dict, compare=False)
    """With what stands before it, each remembered by its very plan: of a credential, say."""

    def __post_init__(self) -> None:
        stops = (at for at, owners in enumerate(self.owners) if denying(owners) is not None)
        object.__setattr__(self, "stops", frozenset(stops))
        noted = (at for at, owners in enumerate(self.owners) if not all(o.enforced for o in owners))
        object.__setattr__(self, "noted", frozenset(noted))

    def behind(self, first: Lookout) -> Joint:
        """Return a plan for both, made once; the other's targets stand before its own."""
        joint = self._joints.get(first.plan)
        if joint is None:
            if len(self._joints) >= _MOST_PARTS:
                self._joints.clear()
            joint = self._joints[first.plan] = Joint(first.plan, self.plan)
        return joint

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
            Plan(
                [self.plan.targets[at] for at in kept],
                frozenset(at for at, before in enumerate(kept) if before in self.plan.quiet),
            ),
            tuple(self.owners[at] for at in kept),
            tuple(self.labels[at] for at in kept),
            self.finder,
            tuple(self.keepings[at] for at in kept) if self.keepings else (),
        )


def denying(owners: tuple[FiredRule, ...]) -> FiredRule | None:
    """Return the enforced rule that forbids what it finds, if one of them does."""
    forbids = (owner for owner in owners if owner.enforced and owner.action is Action.DENY)
    return next(forbids, None)
