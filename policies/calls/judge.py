"""What the rules say of a tool call, before any client can run it. Pure.

The arguments are decoded and looked through as the texts of a prompt are, for all rules about
calls at once. A call is one passage: people decide on its name and its arguments as they would go
on, so an approval never covers other arguments.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING

from app.domain.passage import Excerpt, Passage, PassageKind
from app.domain.segment import Facts, Prompt, Role, Segment
from app.domain.verdict import Action, FiredRule, Question, Risk, Verdict
from policies.approvals.terms import with_terms
from policies.calls.arguments import Arguments, TooDeep, above, whole_characters
from policies.conditions import ConditionInput
from policies.evidence import Evidence, apart
from policies.excerpts import MOST, MOST_WORDS, visible
from policies.matching.findings import Inspected
from policies.patterns.effort import TooDense
from policies.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.tool_call import ToolCall
    from policies.compiled_catalog import Catalog
    from policies.evidence import Hit
    from policies.matching.target import Target
    from policies.passages.names import PassageNames
    from policies.request_mask import RequestMask

_ALL = "the whole call"
_NAME = re.compile(r"[\w.:@/-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallRules:
    """The rules that may look at tool calls in the answer to one request."""

    rules: tuple[Rule, ...]

    def wants(self, tool: str) -> bool:
        """Whether any rule, enforced or in shadow, looks at calls of this tool."""
        return any(rule.call is not None and rule.call.takes(tool) for rule in self.rules)

    @property
    def together(self) -> bool:
        """Whether a rule that is enforced wants the calls of one answer released together."""
        enforced = (rule.call for rule in self.rules if rule.enforced)
        return any(call is not None and call.together for call in enforced)


def watch(catalog: Catalog, facts: Facts, identity: Identity, now: datetime) -> CallRules | None:
    """Return the rules about tool calls that apply to this request; None where there are none."""
    if not catalog.call_rules:
        return None
    asked = ConditionInput(facts, identity, now)
    rules = tuple(rule for rule in catalog.call_rules if rule.may_apply(asked))
    return CallRules(rules) if rules else None


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """What becomes of a call; everything here is safe to show and to keep, but for `changed`."""

    verdict: Verdict
    shown: str
    """Its arguments with the keys in order, secrets masked."""
    is_masked: bool
    """Whether `shown` differs from what was written for a secret in it."""
    changed: str | None = None
    """The arguments as rules mask them; None where they change nothing."""


def judge_call(
    call: ToolCall,
    facts: Facts,
    identity: Identity,
    now: datetime,
    names: PassageNames,
    catalog: Catalog,
    *,
    over_mcp: bool = False,
) -> JudgedCall:
    """Return what the catalog says of a call in the answer to a request, or in one `over_mcp`.

    What takes too much to look through is denied. `names` names the passage that people decide on.
    """
    rules = [r for r in catalog.call_rules if r.call and r.call.takes(call.tool, over_mcp=over_mcp)]
    try:
        looked = LookedAt(call, ConditionInput(facts, identity, now), catalog, rules)
    except (TooDense, TooDeep):
        shown = safe(call.arguments, catalog)
        verdict = Verdict(Action.DENY, (UNCHECKABLE,), catalog.revision)
        return JudgedCall(verdict, shown, is_masked=shown != call.arguments)
    return looked.judged(names)


UNCHECKABLE = FiredRule(
    rule="too-dense-to-check",
    title="The arguments of a tool call are too deep or repetitive to be checked",
    action=Action.DENY,
    risk=Risk.HIGH,
    explain="Split the call into smaller ones, or leave the repetitions out.",
    enforced=True,
    findings=0,
    excerpts=(),
)
"""Built in: no catalog can do without it."""

UNMASKABLE = replace(
    UNCHECKABLE,
    rule="cannot-be-masked",
    title="What a rule masks stands in a tool call where it cannot be replaced",
    explain="Write it into one text of the call's arguments, or leave it out.",
)
"""Built in: a name, a number or a text in pieces cannot be masked without changing more."""


class LookedAt:
    """A call that was looked through for some rules. Raises TooDense, or TooDeep."""

    def __init__(
        self, call: ToolCall, asked: ConditionInput, catalog: Catalog, rules: Sequence[Rule]
    ) -> None:
        self._catalog = catalog
        self._tool = call.tool
        self._arguments = Arguments(call.arguments)
        self._leaves = self._arguments.leaves
        self.asked = replace(asked, tool=self._told(rules))
        self._evidence: Evidence | None = None
        self._texts = (*(leaf.text for leaf in self._leaves), self._arguments.canonical)
        if any(rule.look_for for rule in rules):
            self._evidence = Evidence(self._facts, catalog, catalog.call_texts, seams=False)
        self._fired: list[tuple[Rule, FiredRule]] = []
        for rule in rules:
            if rule.applies(self.asked):
                hits = self.hits(rule)
                if hits or rule.look_for is None:
                    self._fired.append((rule, rule.fired(len(hits), self.excerpts(hits))))

    def _told(self, rules: Sequence[Rule]) -> dict[str, object]:
        """Return what a condition may name; not the arguments where readers differ on them."""
        if not any(condition.of_tool for rule in rules for condition in rule.conditions):
            return {}
        told: dict[str, object] = {"name": self._tool}
        if not self._arguments.is_ambiguous:
            told["arguments"] = self._arguments.plain
        return told

    @property
    def _facts(self) -> Facts:
        """The call as if it were a prompt; last the whole of it, for what has to be masked."""
        places = (*(leaf.place for leaf in self._leaves), _ALL)
        spoken = map(Segment, self._texts, repeat(Role.ASSISTANT), places)
        return Facts("", "", "", "", Prompt(tuple(spoken)), 0)

    def hits(self, rule: Rule) -> list[Hit]:
        """Return what was found for a rule; what shows in several forms of a text counts once."""
        if self._evidence is None:
            return []
        last = len(self._leaves)
        found = [hit for hit in self._evidence.all_of(rule) if hit.segment < last]
        if not found:
            return []
        written = apart(hit for hit in found if not self._leaves[hit.segment].is_derived)
        derived: dict[int, list[Hit]] = {}
        for hit in apart(hit for hit in found if self._leaves[hit.segment].is_derived):
            derived.setdefault(hit.segment, []).append(hit)
        counts = _Counts()
        for hit in written:
            counts.add(self._leaves[hit.segment].place, 1)
        for at, others in derived.items():
            place = self._leaves[at].place
            surplus = others[counts.around(place) :]
            counts.add(place, len(surplus))
            written += surplus
        return written

    def excerpts(self, hits: Sequence[Hit]) -> tuple[Excerpt, ...]:
        return tuple(self._excerpt(hit) for hit in hits[:MOST])

    def _excerpt(self, hit: Hit) -> Excerpt:
        if self._evidence is None:
            raise RuntimeError("there are no findings without evidence")
        excerpt = self._evidence.excerpt(hit)
        return replace(excerpt, place=f"{self._place}, {excerpt.place}")

    @cached_property
    def _place(self) -> str:
        tool = self._tool
        shown = tool if _NAME.fullmatch(tool) else safe(tool, self._catalog)[:MOST_WORDS]
        return f"tool call {shown}"

    def judged(self, names: PassageNames) -> JudgedCall:
        catalog = self._catalog
        changed, fired = self._changed(), self._fired
        told = [each for _, each in fired]
        if self._cannot_mask:
            told.append(UNMASKABLE)
        enforced = [each.action for each in told if each.enforced]
        action = max(enforced, key=_strictness, default=Action.ALLOW)
        verdict = Verdict(action, tuple(told), catalog.revision)
        shown = self.shown
        if action is Action.HOLD:
            passage = self._passage(names, changed)
            asking = tuple(self._asking(rule, each, passage) for rule, each in fired)
            verdict = with_terms(replace(verdict, fired=asking))
        return JudgedCall(verdict, shown, self.is_masked, changed)

    @cached_property
    def shown(self) -> str:
        """The arguments in one spelling, safe to show."""
        if self._is_showable():
            return whole_characters(self._arguments.canonical)
        mask = self._catalog.mask_together(self._texts)
        masked = Arguments(self._arguments.rewritten(lambda _place, text: mask(text)))
        return whole_characters(mask(masked.canonical))

    @property
    def is_masked(self) -> bool:
        """Whether `shown` differs from what was written for a secret in it."""
        return self.shown != self._arguments.canonical

    def _is_showable(self) -> bool:
        """Whether nothing in the texts has to be masked, as far as that can be told."""
        catalog = self._catalog
        known = self._evidence.digests if self._evidence else {}
        digests = {text: known.get(text) or catalog.call_texts.digest(text) for text in self._texts}
        news = [text for text in self._texts if digests[text] not in catalog.showable]
        if not news:
            return True
        inspect = self._evidence.inspected if self._evidence else Inspected
        try:
            redactions = catalog.everything.redactions(inspect(*news))
        except TooDense:
            return False
        for text, redacted in zip(news, redactions, strict=True):
            if not redacted:
                catalog.showable.add(digests[text])
        return not any(redactions)

    def _passage(self, names: PassageNames, changed: str | None) -> Passage:
        forwarded = self._arguments if changed is None else Arguments(changed)
        name = call_name(names, self._tool, forwarded)
        return Passage(name, PassageKind.CALL, Role.ASSISTANT, self._place)

    def _asking(self, rule: Rule, told: FiredRule, passage: Passage) -> FiredRule:
        """Add to a rule that holds what it asks people about."""
        if rule.approval is None:
            return told
        excerpt = told.excerpts[0] if told.excerpts else self._first_line
        passages = (replace(passage, excerpt=excerpt),)
        return replace(told, question=Question(rule.law, rule.approval, passages, rule.cover))

    @cached_property
    def _first_line(self) -> Excerpt:
        line = self.shown.partition("\n")[0]
        more = "…" if len(line) > MOST_WORDS else ""
        return Excerpt("", visible(line[:MOST_WORDS]) + more, "", self._place)

    @cached_property
    def _masking(self) -> list[Rule]:
        fired = (rule for rule, _ in self._fired)
        return [rule for rule in fired if rule.enforced and rule.then is Action.MASK]

    @cached_property
    def _cannot_mask(self) -> bool:
        hits = (hit for rule in self._masking for hit in self.hits(rule))
        return any(not self._leaves[hit.segment].can_mask for hit in hits)

    def _changed(self) -> str | None:
        """Return the arguments as rules mask them; None where nothing changes."""
        if not self._masking:
            return None
        masks: dict[frozenset[Target], RequestMask] = {}
        texts = [leaf.text for leaf in self._leaves if leaf.can_mask]

        def put(place: str, text: str) -> str:
            looking = (rule.look_for for rule in self._masking if rule.look_for)
            targets = frozenset(
                target
                for look in looking
                if look.at is None or look.at(place)
                for target in look.targets
            )
            if not targets:
                return text
            if targets not in masks:
                masks[targets] = self._catalog.mask_of(targets, texts)
            return masks[targets](text)

        changed = self._arguments.rewritten(put)
        return changed if Arguments(changed).canonical != self._arguments.canonical else None


class _Counts:
    """How much was found at places, and below them."""

    def __init__(self) -> None:
        self._at: Counter[str] = Counter()
        self._within: Counter[str] = Counter()

    def add(self, place: str, found: int) -> None:
        self._at[place] += found
        for outer in above(place):
            self._within[outer] += found

    def around(self, place: str) -> int:
        """Return how much was found at a place, below it, and where it is below itself."""
        return self._within[place] + sum(self._at[outer] for outer in above(place)[:-1])


def call_name(names: PassageNames, tool: str, arguments: Arguments) -> str:
    """Return the name of the passage that a call is."""
    return names.of(PassageKind.CALL, Role.ASSISTANT, (tool, arguments.canonical))


def safe(text: str, catalog: Catalog) -> str:
    """Return a text with all secrets masked, whole characters only."""
    return whole_characters(catalog.mask(text))


def _strictness(action: Action) -> int:
    return action.strictness
