"""What the catalog of today would say of a recorded request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.connection import Connection, CredentialScheme
from app.domain.verdict import Action
from app.errors import AbeyanceError
from policies.rehearse import Precedent, backtest
from proxy.evaluate.inquiry import recorded_inquiry
from proxy.facts import read_inquiry

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from policies.compiled_catalog import Catalog
    from proxy.facts import Inquiry


@dataclass(frozen=True, slots=True)
class Today:
    """`rules` are those that ask for `after`; `fired` are all that fire, also in shadow."""

    revision: str
    before: Action
    after: Action
    rules: tuple[str, ...] = ()
    fired: tuple[str, ...] = ()
    unreadable: str = ""
    """Why the request cannot be read again; empty where it can."""


def today(session: Session, body: bytes, catalog: Catalog) -> Today:
    """Decide a request again, as of its own time. Tool calls in its answer are left out."""
    before = session.verdict.action
    try:
        inquiry = recorded_as_asked(session, body)
    except AbeyanceError as error:
        return Today(catalog.revision, before, before, unreadable=str(error))
    [tried] = backtest([precedent_of(session, inquiry)], catalog)
    fired = tuple(fired.rule for fired in tried.verdict.fired)
    if tried.change is None:
        return Today(catalog.revision, before, before, fired=fired)
    return Today(catalog.revision, before, tried.change.after, tried.change.rules, fired)


def recorded_as_asked(session: Session, body: bytes) -> Inquiry:
    """Return what was asked. Raises AbeyanceError where the request cannot be read."""
    if session.hook is not None:
        return recorded_inquiry(session, body)
    connection = Connection(session.connection, "", CredentialScheme.BEARER, b"", session.wire)
    asked = session.request
    return read_inquiry(connection, asked.method, asked.path, asked.query, asked.headers, body)


def precedent_of(session: Session, inquiry: Inquiry) -> Precedent:
    fired = session.verdict.fired
    masked = frozenset(f.rule for f in fired if f.enforced and f.action is Action.MASK)
    return Precedent(
        session.id,
        inquiry.facts,
        session.identity,
        session.started_at,
        session.verdict.action,
        masked,
    )
