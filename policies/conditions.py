"""The conditions of a rule that are not text: one pure function for each, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from app.domain.identity import Identity
from app.domain.segment import Facts
from policies.glob import any_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.domain.identity import Provenance
    from policies.model import WhenSpec


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule is asked about: a request, who makes it, and when."""

    facts: Facts
    identity: Identity
    now: datetime


Condition: TypeAlias = "Callable[[Asked], bool]"


def _provenance(asked: Asked) -> Provenance | None:
    """Return only what the issuer vouches for: a claim of the client's own proves nothing."""
    known = asked.identity.provenance
    return known if known is not None and known.verified else None


def _repositories(asked: Asked) -> Iterable[str]:
    known = _provenance(asked)
    return [known.repository, known.repository_id] if known else []


def _refs(asked: Asked) -> Iterable[str]:
    known = _provenance(asked)
    return [known.ref] if known else []


def _workflows(asked: Asked) -> Iterable[str]:
    known = _provenance(asked)
    return [known.workflow] if known else []


NAMES: dict[str, Callable[[Asked], Iterable[str]]] = {
    "connections": lambda asked: [asked.facts.connection],
    "methods": lambda asked: [asked.facts.method],
    "paths": lambda asked: ["/" + asked.facts.path.lstrip("/")],
    "models": lambda asked: [asked.facts.prompt.model],
    "users": lambda asked: [asked.identity.email, asked.identity.subject],
    "groups": lambda asked: asked.identity.groups,
    "repositories": _repositories,
    "refs": _refs,
    "workflows": _workflows,
}
"""What each condition compares its globs with; it holds where one name fits one glob."""


def conditions(when: WhenSpec) -> tuple[Condition, ...]:
    """Return what must hold, in the order of the table, the cheapest first."""
    found: list[Condition] = []
    for name, names in NAMES.items():
        if (globs := getattr(when, name)) is not None:
            found.append(_holds(names, globs))
        if (globs := getattr(when, f"unless_{name}")) is not None:
            found.append(_fails(_holds(names, globs)))
    return tuple(found)


def _holds(names: Callable[[Asked], Iterable[str]], globs: list[str]) -> Condition:
    fits = any_of(globs)
    return lambda asked: any(fits(name) for name in names(asked) if name)


def _fails(condition: Condition) -> Condition:
    return lambda asked: not condition(asked)
