"""The catalog made ready: rules, detectors and approver sets as one value that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from app.domain.verdict import Action
from policies.claude_code import ClaudeCodePolicy
from policies.conditions import ConditionInput
from policies.files.model import RuleSide
from policies.keeping import keepings_of
from policies.matching.answer_masking import AnswerMasking, credential_lookout
from policies.matching.findings import Finder, Inspected
from policies.matching.kept import code_digest
from policies.matching.known import NOTHING_KNOWN, Known
from policies.matching.lookout import Lookout
from policies.matching.masker import Masker
from policies.matching.matcher import Matcher
from policies.matching.plan import Plan
from policies.matching.rereading import RecentDigests, Rereading
from policies.patterns.effort import TooDense
from policies.prices.table import PriceTable
from policies.request_mask import RequestMask

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.segment import Facts
    from app.domain.verdict import Verdict
    from policies.detectors import Detector
    from policies.evidence import Evidence
    from policies.matching.target import Target
    from policies.rule import Rule

__all__ = ["AnswerMasking", "ApproverSet", "Catalog"]

_MAX_PLANS = 64
_MAX_NAMES = 1024
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class ApproverSet:
    """Who may approve: members of Slack groups (by handle, without @), e-mail addresses, ..."""

    name: str
    slack_groups: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    idp_groups: tuple[str, ...] = ()
    requesters_manager: bool = False
    break_glass: bool = False
    quiet: bool = False
    """Whether its members are never mentioned, only named as a set."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a catalog has besides what decides."""

    claude_code: tuple[ClaudeCodePolicy, ...] = ()
    prices: PriceTable = field(default_factory=PriceTable)
    sources: Mapping[str, str] = field(default_factory=dict)
    """The texts of the files that it was loaded from, by their names in its folder."""


class Catalog:
    """Shared by all requests; to change it, load another and swap."""

    def __init__(
        self,
        revision: str,
        rules: Iterable[Rule],
        detectors: Iterable[Detector],
        approvers: Mapping[str, ApproverSet],
        shipped: Sequence[Matcher],
        beside: Beside | None = None,
    ) -> None:
        """`shipped` are the matchers of the detectors that all catalogs have, made only once."""
        self.revision = revision
        self.rules = tuple(rules)
        self.detectors = tuple(sorted(detectors, key=lambda d: d.rank))
        self.approvers = approvers
        beside = beside or Beside()
        self.claude_code = beside.claude_code
        self.prices = beside.prices
        self.sources = beside.sources
        self._order = {d.id: at for at, d in enumerate(self.detectors)}
        self._labels = {d.id: d.label for d in self.detectors}
        for rule in self.rules:
            self._labels |= rule.look_for.labels if rule.look_for else {}
        self._plan = lru_cache(_MAX_PLANS)(Plan)
        self._lookouts: dict[tuple[str, ...], Lookout] = {}
        self._credential = lru_cache(_MAX_PLANS)(credential_lookout)
        masking = _targets(rule for rule in self.rules if rule.then is Action.MASK)
        self.masking = frozenset(masking)
        """What rules mask, in requests or answers."""
        everywhere = [detector.target for detector in self.detectors]
        known = {target for matcher in shipped for target in matcher.targets}
        own = [target for target in [*_targets(self.rules), *everywhere] if target not in known]
        self.call_rules = tuple(rule for rule in self.rules if rule.call)
        of_calls = set(_targets(self.call_rules))
        # Apart, so that no other text is looked at for what only tool calls are.
        parts = ([t for t in own if t not in of_calls], [t for t in own if t in of_calls])
        self._matchers = (*(Matcher(tuple(dict.fromkeys(part))) for part in parts), *shipped)
        self.everything = self.finder([*masking, *everywhere])
        self.calls = self.finder(_targets(self.call_rules))
        self._mask_short = lru_cache(_MAX_NAMES)(self.mask)
        self.requests = self.finder(
            _targets(rule for rule in self.rules if rule.sees(RuleSide.REQUEST))
        )
        self.request_texts = Rereading(self.requests)
        self.call_texts = Rereading(self.calls)
        self.showable = RecentDigests()
        """Of texts of tool calls in which `mask` changes nothing, as `call_texts` makes them."""

    def mask(self, text: str) -> str:
        """Return the text with every secret and all personal data masked, for logs and cards."""
        return self.mask_together((text,))(text)

    def mask_name(self, text: str) -> str:
        """As `mask`, for the short texts that come again with each request of a program."""
        return self._mask_short(text) if len(text) <= _LONGEST_NAME else self.mask(text)

    def mask_together(
        self, texts: Sequence[str], touched: Container[str] | None = None
    ) -> RequestMask:
        """Return what masks texts that belong together, as `mask` does one.

        `touched` are those that have to be looked through, where others are known to be clean.
        """
        return RequestMask(self.everything, self.label, texts, touched)

    def touched(self, texts: Sequence[str]) -> frozenset[str]:
        """Return those of the texts in which `mask` finds something."""
        try:
            redactions = self.everything.redactions(Inspected(*texts))
        except TooDense:
            return frozenset(texts)
        return frozenset(text for text, found in zip(texts, redactions, strict=True) if found)

    @property
    def looks(self) -> str:
        """A name for what `touched` finds: another catalog or other code may find more."""
        return f"{self.revision} {code_digest()[:12]}"

    def warm(self) -> None:
        """Read the compiled patterns now, for which the first request would wait."""
        for matcher in self._matchers:
            matcher.warm()

    def warm_answers(self) -> None:
        """Prepare to mask streams; it may run beside requests, of this catalog or another."""
        plan = self._lookout(rule for rule in self.rules if rule.sees(RuleSide.RESPONSE)).plan
        plan.beginnings  # noqa: B018 - which makes it
        masker = Masker(plan, lambda _: "")
        for rule in self.rules:
            masker.feed(f"{rule.title}\n{rule.explain}\n")

    @property
    def labels(self) -> frozenset[str]:
        """All that stands in a text where something was masked."""
        return frozenset(self._labels.values())

    def label(self, target: Target) -> str:
        return self._labels[target.id]

    def request_mask(
        self,
        verdict: Verdict,
        facts: Facts | None = None,
        evidence: Evidence | None = None,
    ) -> RequestMask:
        """Return what masks the texts of a request as the rules that fired ask for.

        `evidence` is what was found in them before, if they were looked through.
        """
        fired = {f.rule for f in verdict.fired if f.enforced and f.action is Action.MASK}
        rules = [rule for rule in self.rules if rule.id in fired]
        targets, keepings = _targets(rules), keepings_of(rules)
        texts = dict.fromkeys(s.text for s in facts.prompt.segments) if facts else {}
        finder = self.finder(targets)
        if evidence is None:
            return RequestMask(finder, self.label, tuple(texts), keepings=keepings)
        touched = evidence.touched(set(targets))
        return RequestMask(finder, self.label, tuple(texts), touched, evidence.inspected, keepings)

    def mask_of(self, targets: Iterable[Target], texts: Sequence[str]) -> RequestMask:
        """Return what masks some targets in texts that belong together."""
        return RequestMask(self.finder(targets), self.label, texts)

    def answer_masking(
        self,
        facts: Facts,
        identity: Identity,
        credential: str,
        now: datetime,
        known: Known = NOTHING_KNOWN,
    ) -> AnswerMasking:
        """Return the masking of one answer: the rules that apply to who asked for what.

        `known` are the values that were masked in the request.
        """
        asked = ConditionInput(facts, identity, now)
        rules = [r for r in self.rules if r.sees(RuleSide.RESPONSE) and r.applies(asked)]
        return AnswerMasking(
            self._lookout(rules),
            self._credential(credential),
            known,
            secret=credential,
        )

    def _lookout(self, rules: Iterable[Rule]) -> Lookout:
        chosen = tuple(rule for rule in rules if rule.look_for)
        names = tuple(rule.id for rule in chosen)
        lookout = self._lookouts.get(names)
        if lookout is None:
            if len(self._lookouts) >= _MAX_PLANS:
                self._lookouts.clear()
            lookout = self._lookouts[names] = self._made_lookout(chosen)
        return lookout

    def _made_lookout(self, rules: Sequence[Rule]) -> Lookout:
        enforced = set(_targets(rule for rule in rules if rule.enforced))
        targets = self._ordered(_targets(rules))
        quiet = frozenset(at for at, target in enumerate(targets) if target not in enforced)
        plan = self._plan(targets, quiet)
        owners = [
            tuple(
                rule.fired(1) for rule in rules if rule.look_for and target in rule.look_for.targets
            )
            for target in plan.targets
        ]
        labels = tuple(self.label(target) for target in plan.targets)
        kept = keepings_of(rule for rule in rules if rule.enforced)
        keepings = tuple(kept.get(target, ()) for target in plan.targets) if kept else ()
        return Lookout(plan, tuple(owners), labels, self.finder(plan.targets), keepings)

    def _ordered(self, targets: Iterable[Target]) -> tuple[Target, ...]:
        """Return each once, in the order in which they name a match: rules' own patterns first."""
        unique = {target.id: target for target in targets}.values()
        return tuple(sorted(unique, key=lambda target: self._order.get(target.id, -1)))

    def finder(self, targets: Iterable[Target]) -> Finder:
        """Return what looks for some targets of this catalog in whole texts."""
        return Finder(self._matchers, self._ordered(targets))


def _targets(rules: Iterable[Rule]) -> list[Target]:
    return [target for rule in rules if rule.look_for for target in rule.look_for.targets]
