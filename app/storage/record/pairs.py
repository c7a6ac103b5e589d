"""Pairs of what a session is found by, one of them rare.

Theory of operation. A search by several filters follows one of them in the index, and looks at
every session that this finds, however few meet the others. Something rare about a session, such as
a denial, is therefore stored with each other thing that people search by:

    decision denied, terms user:alice and model:gpt-5    pairs = decision:denied user:alice,
                                                                 decision:denied model:gpt-5

Most sessions have nothing rare and so no pairs, since each entry of an index costs at every write.
A pair may be out of date, as after another decision: a search looks at the session itself, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.session import Decision
from app.storage.record.terms import (
    COSTLY,
    OFTEN,
    indexed,
    later_terms,
    leaves_few,
    session_terms,
    terms_sought,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.record.session import Session
    from app.storage.documents import Document

_RARE = {each.value for each in Decision} - {*OFTEN, Decision.PENDING.value}
"""How few sessions end, or few tool calls; hardly any session is pending."""
_OTHERS = ("user", "repo", "rule", "connection", "model", "client", "hook")
"""Fields of the terms that are stored with something rare."""


def session_pairs(session: Session) -> list[str]:
    rare = _rare(later_terms(session), session.decision.value)
    return sorted(map(" ".join, _pairs(rare, session_terms(session)))) if rare else []


def conditions(query: Document) -> list[Document]:
    """Return the conditions of a query that have an index, those first that few sessions meet.

    What a pair says as well, and more, is left out; so is what many sessions meet beside a pair.
    """
    alone, terms = indexed(query), terms_sought(query)
    pairs = _pairs(_rare(terms, query.get("decision", "")), terms)
    if not pairs or len(alone) == 1:
        return alone
    said = {one for pair in pairs for one in pair}
    rarer = [one for one in alone if leaves_few(one) and _name(one) not in said]
    return [*({"pairs": " ".join(pair)} for pair in sorted(pairs)), *rarer]


def _pairs(rare: Iterable[str], terms: Iterable[str]) -> set[tuple[str, str]]:
    others = [term for term in terms if term.partition(":")[0] in _OTHERS]
    return {(name, other) for name in rare for other in others}


def _rare(terms: Iterable[str], decision: str) -> set[str]:
    """Return what is rare about a session, of its terms and its decision, without the details."""
    found = {_decided(decision)} if decision in _RARE else set[str]()
    for term in terms:
        field, _, value = term.partition(":")
        called = value.rpartition("call:")[2]
        if field == "cost" and int(value) >= COSTLY:
            found.add(f"cost:{COSTLY}")
        elif field == "call" and called in _RARE:
            found.add(f"call:call:{called}")
    return found


def _name(condition: Document) -> str:
    term: str = condition.get("terms", "")
    return term or _decided(condition["decision"])


def _decided(decision: str) -> str:
    return f"decision:{decision}"
