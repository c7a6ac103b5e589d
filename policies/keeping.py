"""Which rules keep what they mask, and what no rule keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.matching.answer_masking import spellings
from policies.matching.credential_parts import CredentialParts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.record.original import Keeping, Original
    from policies.matching.target import Target
    from policies.rule import Rule


def keepings_of(rules: Iterable[Rule]) -> dict[Target, tuple[Keeping, ...]]:
    """Return which of the rules keep what they mask, by what they look for."""
    found: dict[Target, tuple[Keeping, ...]] = {}
    for rule in rules:
        if rule.keeping is None or rule.look_for is None:
            continue
        for target in rule.look_for.targets:
            found[target] = (*found.get(target, ()), rule.keeping)
    return found


def without(credential: str, originals: Iterable[Original]) -> tuple[Original, ...]:
    """Return the originals in which no part of a credential is found (`CredentialParts`)."""
    parts = CredentialParts(spellings(credential))
    return tuple(one for one in originals if not parts.are_in(one.value))
