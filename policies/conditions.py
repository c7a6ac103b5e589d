"""The conditions of a rule that are not text: one pure function for each, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from policies.cel.expression import TOOL, ConditionInput, expression
from policies.cel.names import roots
from policies.files.when import Day
from policies.glob import any_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.identity import Provenance
    from policies.files.when import TimesSpec, WhenSpec

__all__ = ["NAMES", "OTHERS", "Condition", "ConditionInput", "characters", "conditions"]


@dataclass(frozen=True, slots=True)
class Condition:
    """`says` is the line of the rule that it comes from, for whoever asks why."""

    says: str
    holds: Callable[[ConditionInput], bool]
    of_tool: bool = False
    """Whether it is about a tool call, and cannot be told before there is one."""
    of_tool_alone: bool = False
    """Whether nothing else decides it."""


def _provenance(asked: ConditionInput) -> Provenance | None:
    """Return only what the issuer vouches for: a claim of the client's own proves nothing."""
    return asked.identity.proven


def _repositories(asked: ConditionInput) -> Iterable[str]:
    known = _provenance(asked)
    return [known.repository, known.repository_id] if known else []


def _refs(asked: ConditionInput) -> Iterable[str]:
    known = _provenance(asked)
    return [known.ref] if known else []


def _workflows(asked: ConditionInput) -> Iterable[str]:
    known = _provenance(asked)
    return [known.workflow] if known else []


Names: TypeAlias = "Callable[[ConditionInput], Iterable[str]]"

NAMES: dict[str, Names] = {
    "connections": lambda asked: [asked.facts.connection],
    "methods": lambda asked: [asked.facts.method],
    "paths": lambda asked: ["/" + asked.facts.path.lstrip("/"), asked.facts.path.lstrip("/")],
    "models": lambda asked: [asked.facts.prompt.model],
    "users": lambda asked: [asked.identity.email, asked.identity.subject],
    "groups": lambda asked: asked.identity.groups,
    "repositories": _repositories,
    "refs": _refs,
    "workflows": _workflows,
}
"""What each condition compares its globs with; it holds where one name fits one glob."""


def conditions(when: WhenSpec) -> tuple[Condition, ...]:
    """Return what must hold, in the order of the tables, the cheapest first.

    Raises ValueError for an expression that cannot be used.
    """
    found: list[Condition] = []
    for name, names in NAMES.items():
        if (globs := getattr(when, name)) is not None:
            found.append(_condition(name, globs, _any_fits(names, globs)))
        if (globs := getattr(when, f"unless_{name}")) is not None:
            found.append(_condition(f"unless_{name}", globs, _none_fits(names, globs)))
    for name, make in OTHERS.items():
        if (wanted := getattr(when, name)) is not None:
            found.append(_condition(name, wanted, make(wanted)))
    return tuple(found)


def _condition(name: str, wanted: object, holds: Callable[[ConditionInput], bool]) -> Condition:
    shown = wanted.model_dump_json(exclude_unset=True) if isinstance(wanted, BaseModel) else wanted
    named = roots(wanted) if name == "condition" and isinstance(wanted, str) else set()
    return Condition(f"{name}: {shown}", holds, TOOL in named, named == {TOOL})


def _any_fits(names: Names, globs: list[str]) -> Callable[[ConditionInput], bool]:
    fits = any_of(globs)
    return lambda asked: any(fits(name) for name in names(asked) if name)


def _none_fits(names: Names, globs: list[str]) -> Callable[[ConditionInput], bool]:
    one_fits = _any_fits(names, globs)
    return lambda asked: not one_fits(asked)


def characters(asked: ConditionInput) -> int:
    return asked.facts.prompt.outline.characters


_CHARACTERS_A_TOKEN = 4
"""Near enough for English and code with the tokenisers of today."""


def _over_characters(most: int) -> Callable[[ConditionInput], bool]:
    return lambda asked: characters(asked) > most


def _over_tokens(most: int) -> Callable[[ConditionInput], bool]:
    return lambda asked: characters(asked) / _CHARACTERS_A_TOKEN > most


def _uninspected(wanted: bool) -> Callable[[ConditionInput], bool]:  # noqa: FBT001 - a value, not a switch
    return lambda asked: bool(asked.facts.prompt.uninspected) == wanted


def _times(spec: TimesSpec) -> Callable[[ConditionInput], bool]:
    zone = ZoneInfo(spec.zone)
    days = {list(Day).index(day) for day in spec.days}

    def holds(asked: ConditionInput) -> bool:
        local = asked.now.astimezone(zone)
        clock = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        today, yesterday = local.weekday() in days, (local.weekday() - 1) % 7 in days
        if spec.start < spec.end:
            return today and spec.start <= clock < spec.end
        return (today and clock >= spec.start) or (yesterday and clock < spec.end)

    return holds


def _unless_times(spec: TimesSpec) -> Callable[[ConditionInput], bool]:
    within = _times(spec)
    return lambda asked: not within(asked)


OTHERS: dict[str, Callable[[Any], Callable[[ConditionInput], bool]]] = {
    "times": _times,
    "unless_times": _unless_times,
    "uninspected": _uninspected,
    "over_characters": _over_characters,
    "over_tokens": _over_tokens,
    "condition": expression,
}
"""What makes the test of each condition that does not compare names."""
