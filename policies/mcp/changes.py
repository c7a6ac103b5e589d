"""The built-in rule that holds a tool whose description has changed. Pure.

A model does what the description of a tool tells it to, so a server that changes one has another
say in what the agent does. What was seen first is trusted; a change is for people to look at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.hold import Hold, HoldState
from app.domain.passage import Excerpt, Passage, PassageKind
from app.domain.segment import Role
from app.domain.verdict import Action, Approval, CoverTerms, FiredRule, Question, Risk
from policies.passages.answers import covers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.domain.server_tool import ToolVersion

CHANGED = "tool-description-changed"
_PREFERRED = "managers"
_CONTEXT = 60
_WORDS = 120
_MOST = 5
_MORE = "…"
_TOO_LONG = "What changed is too long to be shown here."


def changed(
    version: ToolVersion, before: ToolVersion | None, approver_sets: Sequence[str]
) -> FiredRule:
    """Return the rule that holds a call of a tool; it denies where nobody can be asked.

    `before` is the version that was trusted last, where it is known.
    """
    excerpts = differences(before.lines if before else (), version.lines)
    fired = FiredRule(
        rule=CHANGED,
        title=f"The description of the tool {version.tool[:80]} has changed",
        action=Action.HOLD,
        risk=Risk.HIGH,
        explain="A model does what the description of a tool says.",
        enforced=True,
        findings=len(excerpts),
        excerpts=excerpts[:_MOST],
    )
    if not approver_sets:
        return replace(
            fired,
            action=Action.DENY,
            explain="The catalog has no approvers who could be asked about it. Contact your "
            "Abeyance administrator.",
        )
    asked = _PREFERRED if _PREFERRED in approver_sets else approver_sets[0]
    passage = Passage(version.id, PassageKind.TEXT, Role.TOOL, f"tool {version.tool[:80]}")
    question = Question(version.id, Approval((asked,)), (passage,), CoverTerms())
    return replace(fired, question=question)


def refused(fired: FiredRule, by: Hold) -> FiredRule:
    """Return the rule as it is once people have denied the change."""
    names = [vote.by.name for vote in by.votes if not vote.approve]
    return replace(
        fired,
        action=Action.DENY,
        question=None,
        explain=f"{' and '.join(names)} denied the new description (request {by.id}). The tool "
        "stays refused until its server describes it as before, or in another way, or an "
        "administrator accepts it with `abeyance connection accept-tool`.",
    )


def word_on(
    version: ToolVersion, decided: Iterable[Hold], now: datetime
) -> tuple[Hold, bool] | None:
    """Return the latest hold in which people have decided on a version, and whether they accept it.

    `decided` are holds of this rule, the newest first. Those who approved one call only have not
    said anything of the version.
    """
    for hold in decided:
        laws = [
            fired.question.law
            for fired in hold.verdict.holding
            if fired.rule == CHANGED and fired.question
        ]
        if version.id not in laws:
            continue
        if hold.state is HoldState.DENIED:
            return hold, False
        if any(grant.covers.law == version.id for grant in covers_of(hold, now)):
            return hold, True
    return None


def differences(before: Sequence[str], now: Sequence[str]) -> tuple[Excerpt, ...]:
    """Return what differs between the lines of two versions: of each place its words, or its line.

    A line has its place before the first colon, as `description: Deploy to a target.`
    """
    old, new = dict(map(_placed, before)), dict(map(_placed, now))
    found: list[Excerpt] = []
    for place in dict.fromkeys([*old, *new]):
        was, is_now = old.get(place), new.get(place)
        if was == is_now:
            continue
        if was is not None and is_now is not None:
            lead = _shared(was, is_now)
            tail = _shared(was[lead:][::-1], is_now[lead:][::-1])
            if lead + tail < len(was):
                found.append(_excerpt(f"{place}, before: ", was, lead, tail))
            if lead + tail < len(is_now):
                found.append(_excerpt(f"{place}, now: ", is_now, lead, tail))
        elif was is not None:
            found.append(_excerpt(f"{place}, gone: ", was, 0, 0))
        else:
            found.append(_excerpt(f"{place}, new: ", is_now or "", 0, 0))
    return tuple(found) or (Excerpt("", _TOO_LONG, "", "tool"),)


def _shared(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _placed(line: str) -> tuple[str, str]:
    place, _, said = line.partition(": ")
    return place, said


def _excerpt(label: str, said: str, lead: int, tail: int) -> Excerpt:
    """Quote the middle of a text, between what stays at its beginning and at its end."""
    first, words, last = said[:lead], said[lead : len(said) - tail], said[len(said) - tail :]
    if len(first) > _CONTEXT:
        first = _MORE + first[-_CONTEXT:]
    if len(words) > _WORDS:
        words, last = words[:_WORDS] + _MORE, ""
    if len(last) > _CONTEXT:
        last = last[:_CONTEXT] + _MORE
    return Excerpt(label + first, words or "(nothing)", last, label)
