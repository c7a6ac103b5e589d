"""`abeyance session hold`, `unhold` and `holds`: what is not to be purged or erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.clock import SystemClock
from app.domain.record.legal_hold import HoldScope, legal_hold_id
from app.errors import BadRequest, NotFound
from app.retention.legal_holds import LegalHolds
from app.search import SessionFilter
from cli.sessions.looking import find
from cli.storing import who, with_storage, writing_ledger

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

_Session = Annotated[
    str, typer.Option("--session", help="A session: its id, or its last six characters.")
]
_Person = Annotated[str, typer.Option("--person", help="A person: their e-mail address.")]
_Conversation = Annotated[
    str, typer.Option("--conversation", help="A conversation, as `conversation:` finds it.")
]
_Reason = Annotated[str, typer.Option("--reason", help="Why; it stays in the ledger.")]


def hold(
    *,
    reason: _Reason,
    session: _Session = "",
    person: _Person = "",
    conversation: _Conversation = "",
) -> None:
    """Place a legal hold: what it covers is not purged and not erased, however old it is."""

    async def place(storage: MongoStorage) -> None:
        targets = await _targets(storage, session, person, conversation)
        async with writing_ledger(storage) as ledger:
            holds = LegalHolds(storage.legal_holds, ledger, SystemClock())
            for scope, target in targets:
                await holds.place(scope, target, reason, who())
                _say(f"Held: {scope.value} {target}.")

    with_storage(place)


def unhold(
    *,
    reason: _Reason,
    session: _Session = "",
    person: _Person = "",
    conversation: _Conversation = "",
) -> None:
    """Lift a legal hold."""

    async def lift(storage: MongoStorage) -> None:
        known = {placed.id for placed in await storage.legal_holds.all()}
        targets = await _targets(storage, session, person, conversation)
        if not known & {legal_hold_id(*target) for target in targets}:
            raise NotFound("There is no such legal hold: see `abeyance session holds`.")
        async with writing_ledger(storage) as ledger:
            holds = LegalHolds(storage.legal_holds, ledger, SystemClock())
            for scope, target in targets:
                await holds.lift(scope, target, reason, who())
                _say(f"No longer held: {scope.value} {target}.")

    with_storage(lift)


def holds() -> None:
    """List the legal holds."""

    async def show(storage: MongoStorage) -> None:
        known = await storage.legal_holds.all()
        if not known:
            _say("There are no legal holds.")
            return
        table = Table("holds", "what", "since", "by", "reason")
        for placed in known:
            since = f"{placed.at:%Y-%m-%d}"
            row = (placed.scope.value, placed.target, since, placed.by, placed.reason)
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)

    with_storage(show)


async def _targets(
    storage: MongoStorage, session: str, person: str, conversation: str
) -> list[tuple[HoldScope, str]]:
    """Return what is named. Raises BadRequest, NotFound."""
    if len([given for given in (session, person, conversation) if given]) != 1:
        raise BadRequest("Give one of --session, --person and --conversation.")
    if person:
        people = await storage.people.by_email(person)
        found = [(HoldScope.PERSON, known.key) for known in people]
    elif session:
        found = [(HoldScope.SESSION, (await find(storage, session.lower())).id)]
    else:
        wanted = SessionFilter(conversation=conversation.lower())
        sessions = await storage.sessions.search(wanted, limit=1000)
        ids = dict.fromkeys(s.conversation.id for s in sessions if s.conversation)
        found = [(HoldScope.CONVERSATION, told) for told in ids]
    if not found:
        raise NotFound(f"Nothing is recorded of {session or person or conversation}.")
    return found


def _say(sentence: str) -> None:
    Console(highlight=False, soft_wrap=True).print(sentence, markup=False)
