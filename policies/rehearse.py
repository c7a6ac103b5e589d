"""Tries a catalog before it decides about anybody: on its examples, and on what has been."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeGuard

from app.domain.identity import Identity
from app.domain.segment import Facts
from app.domain.tool_call import ToolCall
from app.domain.verdict import Action, FiredRule, Verdict
from policies.calls.examples import faults_of_calls
from policies.calls.judge import judge_call
from policies.decide import decide
from policies.matching.findings import Inspected
from policies.matching.plan import Plan
from policies.passages.names import UNKEYED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.domain.record.mark import FalsePositive
    from app.domain.record.session import Session
    from policies.compiled_catalog import Catalog
    from policies.files.examples import ExamplesSpec, RuleExamplesSpec
    from policies.matching.target import Target
    from policies.rule import Rule


def check(catalog: Catalog) -> list[str]:
    """Return one sentence for each example that does not do what it says; empty when all do."""
    return [
        *(fault for d in catalog.detectors
          for fault in _faults(f"detector {d.id}", catalog, [d.target], d.examples)),
        *(fault for rule in catalog.rules if rule.look_for and rule.examples
          for fault in _faults(f"rule {rule.id}", catalog, list(rule.look_for.targets),
                               rule.examples)),
        *(fault for rule in catalog.call_rules
          for fault in faults_of_calls(rule, catalog)),
    ]  # fmt: skip


_AHEAD = f"{'q' * 40}\n"
"""Stands before an example when it is looked for in a request: there it seldom comes first."""


def _faults(
    name: str,
    catalog: Catalog,
    targets: list[Target],
    examples: ExamplesSpec | RuleExamplesSpec,
) -> Iterator[str]:
    plan, requests = Plan(targets), catalog.finder(targets)
    for text in filter(_is_text, examples.match):
        if not plan.find(text) or not requests.find(Inspected(_AHEAD + text)):
            yield f"{name}: does not fire on its example {text!r}; change the rule or the example"
    for text in filter(_is_text, examples.skip):
        for span in plan.find(text)[:1]:
            found = text[span.start : span.end]
            yield f"{name}: fires on {found!r} in {text!r}, which it should skip"


def _is_text(example: object) -> TypeGuard[str]:
    return isinstance(example, str)


@dataclass(frozen=True, slots=True)
class PastCall:
    """A tool call of a recorded answer, with its secrets masked; `rules` fired on it then."""

    call: ToolCall
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Precedent:
    """A recorded request, with what was decided then.

    `masked` are the rules that masked something in it: the record has the mask, and nothing of
    what it covers. `calls` are the tool calls in its answer, and `called` is what the rules in
    force say of them.
    """

    session_id: str
    facts: Facts
    identity: Identity
    at: datetime
    action: Action
    masked: frozenset[str] = frozenset()
    calls: tuple[PastCall, ...] = ()
    called: Action = Action.ALLOW

    @property
    def before(self) -> Action:
        """The strictest of what was decided then."""
        return max(self.action, self.called, key=_strictness)


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """A session that the catalog would decide otherwise; `rules` are those that now ask for it."""

    session_id: str
    before: Action
    after: Action
    rules: tuple[str, ...]

    @property
    def stricter(self) -> bool:
        return self.after.strictness > self.before.strictness

    @property
    def kind(self) -> str:
        """Say in words what becomes of it: one of `KINDS`."""
        match self.after:
            case Action.DENY:
                return "newly denied"
            case Action.HOLD:
                return "newly held"
            case Action.MASK if self.stricter:
                return "newly masked"
            case _ if self.before is Action.MASK:
                return "no longer masked"
            case _:
                return "let through"


KINDS = ("newly denied", "newly held", "newly masked", "let through", "no longer masked")


@dataclass(frozen=True, slots=True)
class TriedCall:
    """What a catalog says of a tool call; `again` are rules that fire on what is masked in it."""

    call: ToolCall
    verdict: Verdict
    again: tuple[FiredRule, ...] = ()

    @property
    def asked(self) -> dict[str, Action]:
        """What each rule asks for. What the provider runs cannot be held."""
        fired = (each for each in (*self.verdict.fired, *self.again) if each.enforced)
        asked = {each.rule: each.action for each in fired}
        if self.call.by_provider:
            return {rule: action for rule, action in asked.items() if action is not Action.HOLD}
        return asked

    @property
    def action(self) -> Action:
        return max(self.asked.values(), key=_strictness, default=Action.ALLOW)

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that ask for its action."""
        return tuple(rule for rule, action in self.asked.items() if action is self.action)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a catalog says of a recorded request; `change` is None where it decides as before.

    `calls` are its verdicts on the tool calls in the answer, in their order.
    """

    verdict: Verdict
    change: DecisionChange | None
    calls: tuple[TriedCall, ...] = ()

    @property
    def called(self) -> Action:
        """The strictest of what it says of the calls."""
        return max((call.action for call in self.calls), key=_strictness, default=Action.ALLOW)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All by which people may be asked."""
        calls = (call.verdict for call in self.calls if not call.call.by_provider)
        return (self.verdict, *calls)


def backtest(precedents: Iterable[Precedent], catalog: Catalog) -> Iterator[Tried]:
    """Decide each recorded request again, as of its own time.

    One item for each precedent, as they come, so that the caller can show the progress. A rule
    that masked something then is taken to fire again, as far as the catalog has it.
    """
    for precedent in precedents:
        verdict = decide(precedent.facts, precedent.identity, catalog, precedent.at)
        calls = tuple(_tried(past, precedent, catalog) for past in precedent.calls)
        asked = {each.rule: each.action for each in verdict.fired if each.enforced}
        for call in calls:
            asked |= call.asked
        asked |= {r.id: r.then for r in catalog.rules if r.enforced and r.id in precedent.masked}
        after = max(asked.values(), key=_strictness, default=Action.ALLOW)
        if after is precedent.before:
            yield Tried(verdict, None, calls)
            continue
        rules = tuple(rule for rule, action in asked.items() if action is after)
        change = DecisionChange(precedent.session_id, precedent.before, after, rules)
        yield Tried(verdict, change, calls)


def _tried(past: PastCall, precedent: Precedent, catalog: Catalog) -> TriedCall:
    facts, who, at = precedent.facts, precedent.identity, precedent.at
    verdict = judge_call(past.call, facts, who, at, UNKEYED, catalog).verdict
    known = {each.rule for each in verdict.fired}
    again = tuple(
        rule.fired(1)
        for rule in catalog.call_rules
        if rule.id in past.rules - known and _is_masked_in(past.call, rule, catalog)
    )
    return TriedCall(past.call, verdict, again)


def _is_masked_in(call: ToolCall, rule: Rule, catalog: Catalog) -> bool:
    """Whether something that the rule looks for stands masked in the arguments."""
    targets = rule.look_for.targets if rule.look_for else ()
    return any(catalog.label(target) in call.arguments for target in targets)


def _strictness(action: Action) -> int:
    return action.strictness


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """How a rule has done: in how many sessions it fired, and in how many it should not have."""

    rule: str
    enforced: int
    shadow: int
    on_answers: int
    on_calls: int
    false_positives: int

    @property
    def fired(self) -> int:
        return self.enforced + self.shadow + self.on_answers + self.on_calls

    @property
    def precision(self) -> float | None:
        """Which part was right, as far as anybody said otherwise; None where it never fired."""
        return 1 - self.false_positives / self.fired if self.fired else None


def records(sessions: Iterable[Session], marks: Iterable[FalsePositive]) -> list[RuleRecord]:
    """Return the record of each rule that fired, the one that fired most often first.

    What fired on the answer of a session and on its request as well counts once; so does what fired
    on several of its tool calls.
    """
    enforced, shadow, answers = Counter[str](), Counter[str](), Counter[str]()
    on_calls = Counter[str]()
    for session in sessions:
        asked = {fired.rule: fired.enforced for fired in session.verdict.fired}
        enforced.update(rule for rule, acted in asked.items() if acted)
        shadow.update(rule for rule, acted in asked.items() if not acted)
        on_answer = session.answer.rules if session.answer else ()
        answers.update(set(on_answer) - asked.keys())
        called = session.answer.calls if session.answer else ()
        on_call = {rule for call in called for rule in call.rules}
        on_calls.update(on_call - asked.keys() - set(on_answer))
    wrong = Counter(mark.rule for mark in marks)
    return sorted(
        (
            RuleRecord(
                rule, enforced[rule], shadow[rule], answers[rule], on_calls[rule], wrong[rule]
            )
            for rule in {*enforced, *shadow, *answers, *on_calls}
        ),
        key=lambda record: (-record.fired, record.rule),
    )
