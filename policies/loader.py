"""Reads a catalog from its directory; every fault is told at once, with file, line and field.

`catalog/*.yaml` are lists of rules, `detectors/*.yaml` are detectors by kind, `approvers.yaml` is
a list of approver sets, and, where there are such files, `claude-code.yaml` is one of policies and
`prices.yaml` one of prices. The detectors that ship with the product are always there, each unless
the directory has one of the same id; approver sets too, unless the directory has its own.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from app.domain.record.original import Keeping
from app.domain.verdict import Action, Approval, CoverTerms, Risk
from app.errors import BadCatalog
from policies.calls.places import under
from policies.calls.tools import MCP, fits, members
from policies.claude_code import ClaudeCodePolicy
from policies.compiled_catalog import ApproverSet, Beside, Catalog
from policies.conditions import conditions
from policies.detector_files import read_detectors
from policies.detectors import Detector, select
from policies.files.contradictions import contradictions
from policies.files.fields import Known
from policies.files.items import ItemReader
from policies.files.model import (
    ApproverSetSpec,
    ClaudeCodeSpec,
    Decides,
    RuleSide,
    RuleSpec,
    Work,
)
from policies.files.when import ArgumentsSpec, TextSpec
from policies.matching.target import Target
from policies.patterns.pattern import parse
from policies.patterns.words import camel_patterns, word_pattern
from policies.prices.reading import read_prices
from policies.rule import CallTerms, LookFor, Rule
from policies.shipped import SHIPPED, shipped_detectors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic.main import IncEx

    from policies.files.model import ApprovalSpec
    from policies.files.when import LookSpec, ToolCallSpec

__all__ = ["SHIPPED", "load_catalog"]


def load_catalog(directory: Path) -> Catalog:
    """Read, check and make ready the catalog in `directory`.

    Raises BadCatalog with all faults.
    """
    reading = ItemReader(directory)
    rule_files = sorted(directory.glob("catalog/*.yaml"))
    if not rule_files:
        reading.faults.append(
            f"{directory}/catalog:1: file: there are no rules; put at least one *.yaml file there"
        )
    for ignored in sorted([*directory.glob("catalog/*.yml"), *directory.glob("detectors/*.yml")]):
        name = ignored.relative_to(directory)
        reading.faults.append(f"{name}:1: file: only *.yaml is read; rename it to {name.stem}.yaml")
    detectors = _detectors(reading)
    approvers = _approvers(reading)
    rules = _rules(reading, rule_files, detectors, approvers)
    claude_code = _claude_code(reading)
    prices, faults = read_prices(directory)
    reading.faults += faults
    if reading.faults:
        raise BadCatalog(reading.faults)
    canonical = json.dumps(reading.contents, sort_keys=True, ensure_ascii=False)
    revision = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    matchers = shipped_detectors().matchers
    beside = Beside(claude_code, prices, reading.sources)
    return Catalog(revision, rules, detectors, approvers, matchers, beside)


def _detectors(reading: ItemReader) -> list[Detector]:
    """Return the shipped detectors, then those of the directory."""
    shipped = shipped_detectors()
    reading.contents += shipped.contents
    reading.faults += shipped.faults
    found = {made.detector.id: made.detector for made in shipped.made}
    if reading.directory.resolve() != SHIPPED.resolve():
        known = {made.detector.id: made for made in shipped.made}
        found |= {made.detector.id: made.detector for made in read_detectors(reading, known)}
    return list(found.values())


def _approvers(reading: ItemReader) -> dict[str, ApproverSet]:
    own = reading.directory / "approvers.yaml"
    file = own if own.exists() else SHIPPED / "approvers.yaml"
    found: dict[str, ApproverSet] = {}
    for name, document in reading.documents([file]):
        for place, spec in reading.items(name, document, (), ApproverSetSpec):
            if not (spec.slack_groups or spec.emails or spec.idp_groups or spec.requesters_manager):
                what = "is empty; give slack_groups, emails, idp_groups or requesters_manager"
                reading.faults.append(place.fault([], what))
            if reading.unique(place, found, spec.name, "name"):
                found[spec.name] = ApproverSet(
                    name=spec.name,
                    slack_groups=tuple(spec.slack_groups),
                    emails=tuple(spec.emails),
                    idp_groups=tuple(spec.idp_groups),
                    requesters_manager=spec.requesters_manager,
                    break_glass=spec.break_glass,
                    quiet=spec.quiet,
                )
    return found


def _claude_code(reading: ItemReader) -> tuple[ClaudeCodePolicy, ...]:
    file = reading.directory / "claude-code.yaml"
    return tuple(
        ClaudeCodePolicy(frozenset(spec.groups), spec.hooks, spec.settings)
        for name, document in reading.documents([file] if file.exists() else [])
        for _, spec in reading.items(name, document, (), ClaudeCodeSpec)
    )


def _rules(
    reading: ItemReader,
    files: Sequence[Path],
    detectors: Sequence[Detector],
    approvers: dict[str, ApproverSet],
) -> list[Rule]:
    found: dict[str, Rule] = {}
    known = Known(approvers, lambda wanted: bool(select(detectors, wanted)), reading.named)
    taken: dict[str, Any] = {detector.id: detector for detector in detectors}
    for name, document in reading.documents(files):
        for place, spec in reading.items(name, document, (), RuleSpec, known, contradictions):
            if what := _unknown_here(spec, approvers):
                reading.faults.append(place.fault(["keep_original", "sealed_for"], what))
            if reading.unique(place, taken | found, spec.id):
                found[spec.id] = _rule(spec, detectors)
    return list(found.values())


def _rule(spec: RuleSpec, detectors: Sequence[Detector]) -> Rule:
    text = spec.looks_for(RuleSide.REQUEST if spec.on is RuleSide.REQUEST else RuleSide.RESPONSE)
    return Rule(
        id=spec.id,
        title=spec.title,
        on=spec.on,
        then=spec.then,
        mode=spec.mode,
        risk=spec.risk,
        explain=spec.explain,
        retention_days=spec.retention.days if spec.retention else 0,
        keeping=_keeping(spec),
        approval=_approval(spec.approval),
        conditions=conditions(spec.when),
        look_for=_look_for(spec.id, text, detectors) if text else None,
        examples=spec.examples,
        law=_law(spec, detectors) if spec.then is Action.HOLD else "",
        cover=_cover(spec),
        work_by_text=spec.work is Work.TEXT,
        call=_call(spec.when.tool_call, together=spec.together),
    )


def _unknown_here(spec: RuleSpec, approvers: dict[str, ApproverSet]) -> str:
    """Say which set could never open an original: the gateway does not know who is in it."""
    named = spec.keep_original.sealed_for if spec.keep_original else []
    sets = (approvers[name] for name in named if name in approvers)
    if unknown := [each.name for each in sets if not (each.emails or each.idp_groups)]:
        return f"give {unknown[0]} `emails` or `idp_groups`: the gateway knows no other members"
    return ""


def _keeping(spec: RuleSpec) -> Keeping | None:
    kept = spec.keep_original
    return Keeping(spec.id, tuple(kept.sealed_for)) if kept else None


def _call(spec: ToolCallSpec | None, *, together: bool) -> CallTerms | None:
    if spec is None:
        return None
    names = spec.name or ["*"]
    return CallTerms(f"tool_call.name: {names}", fits(spec.name), MCP in names, together=together)


_ONLY_TOLD = dict.fromkeys(
    ("title", "explain", "examples", "mode", "risk", "retention", "keep_original"), True
)
_BEFORE_CALLS = {**_ONLY_TOLD, "together": True, "when": {"tool_call": True}}
"""What a rule about no call had no word for: what was approved under it stays so."""


def _law(spec: RuleSpec, detectors: Sequence[Detector]) -> str:
    """Name all that decides in a rule: not its words for people, its mode or its examples."""
    text = spec.looks_for(RuleSide.REQUEST)
    call = spec.when.tool_call
    deciding = spec.model_dump_json(exclude=cast("IncEx", _ONLY_TOLD if call else _BEFORE_CALLS))
    chosen = [
        detector.spec.model_dump_json(exclude={"title", "source", "examples"})
        for wanted in (text.detectors if text else ())
        for detector in select(detectors, wanted)
    ]
    if call and call.name:
        chosen += members(call.name)
    return hashlib.sha256(json.dumps([deciding, chosen]).encode()).hexdigest()[:16]


def _cover(spec: RuleSpec) -> CoverTerms | None:
    text = spec.looks_for(RuleSide.REQUEST)
    by_passages = spec.decides is Decides.PASSAGES or (
        spec.decides is None and spec.risk is not Risk.CRITICAL
    )
    has_passages = text is not None or spec.when.tool_call is not None
    if spec.then is not Action.HOLD or not has_passages or not by_passages:
        return None
    return CoverTerms(spec.covers.idle, spec.covers.most) if spec.covers else CoverTerms()


def _approval(terms: ApprovalSpec | None) -> Approval | None:
    if terms is None:
        return None
    return Approval(
        approvers=tuple(terms.approvers),
        quorum=terms.quorum,
        each_of=tuple(terms.each_of),
        majority_denies=terms.majority_denies,
        expires=terms.expires,
        keep=terms.keep,
        grant_up_to=terms.grant_up_to,
        remind_after=terms.remind_after,
        escalate_after=terms.escalate.after if terms.escalate else None,
        escalate_to=tuple(terms.escalate.to) if terms.escalate else (),
        reason_required=terms.reason_required,
        channel=terms.channel,
        denied_for=terms.denied_for,
    )


def _look_for(rule: str, text: LookSpec, detectors: Sequence[Detector]) -> LookFor:
    own = [
        *(
            Target(f"{rule}#words{at}", word_pattern(words), words=words)
            for at, words in enumerate(text.words)
        ),
        *(
            Target(f"{rule}#words{at}.camel{number}", pattern)
            for at, words in enumerate(text.words)
            for number, pattern in enumerate(camel_patterns(words))
        ),
        *(Target(f"{rule}#regex{at}", parse(source)) for at, source in enumerate(text.regex)),
    ]
    chosen = [each.target for wanted in text.detectors for each in select(detectors, wanted)]
    labels = {target.id: f"[{rule}]" for target in own}
    roles = frozenset(text.roles if isinstance(text, TextSpec) else ())
    at = under(text.paths) if isinstance(text, ArgumentsSpec) and text.paths else None
    return LookFor(tuple(dict.fromkeys([*own, *chosen])), labels, roles, at)
