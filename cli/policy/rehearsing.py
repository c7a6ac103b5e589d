"""`abeyance policy backtest` and `stats`: what recorded sessions say of a catalog."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Column, Table
from rich.text import Text

from app.clock import SystemClock
from app.domain.verdict import Action
from app.errors import AbeyanceError
from app.ids import short
from app.replay.reader import Reader
from app.search import SessionFilter, parse_filter
from app.settings import require
from app.storage.store import MongoStorage
from cli.here import settings_here
from cli.policy.folders import catalog_in
from cli.policy.recorded_calls import recorded_calls
from cli.policy.rehearsed_calls import RehearsedCalls
from cli.storing import keys_of
from policies.approvals.habits import ADVICE, ENOUGH, always_approved
from policies.card_count import PastRequest, count_cards
from policies.rehearse import KINDS, DecisionChange, records
from policies.rehearse import backtest as decided_again
from proxy.replay.today import precedent_of, recorded_as_asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from datetime import datetime

    from app.domain.record.session import Chunk, Session
    from policies.compiled_catalog import Catalog
    from policies.rehearse import RuleRecord

_PAGE = 100
_ROWS = 50
_WEEK = timedelta(weeks=1)
Since = Annotated[str, typer.Option(help="How far back: 12h, 7d, 4w, or a date.")]
Json = Annotated[bool, typer.Option("--json", help="For a machine.")]


def backtest(
    catalog: Annotated[Path, typer.Argument(help="The folder of the changed policies.")],
    since: Since = "7d",
    *,
    as_json: Json = False,
) -> None:
    """Decide recorded sessions again under a changed catalog, and tell what would differ."""
    changed, in_force = catalog_in(catalog), catalog_in(None)
    moment, now = _moment(since)

    async def work(storage: MongoStorage) -> RehearsalOutcome:
        outcome = RehearsalOutcome(moment, now, in_force, changed)
        reader = Reader(storage.sessions, storage.pieces, storage.pages)
        with _progress() as progress:
            task = progress.add_task("sessions", total=(now - moment).total_seconds())
            async for session in _sessions(storage, moment):
                chunks = await storage.sessions.chunks(session.id) if outcome.of_calls else ()
                outcome.add(session, await reader.body(session), chunks)
                done = (now - session.started_at).total_seconds()
                progress.update(task, completed=done)
            progress.update(task, completed=(now - moment).total_seconds())
        return outcome

    outcome = _with_storage(work)
    if as_json:
        _print_json(outcome.data())
    else:
        outcome.show(Console(highlight=False))


def stats(since: Since = "30d", *, as_json: Json = False) -> None:
    """Say of each rule how often it fired, and how often it should not have."""
    moment, _ = _moment(since)

    async def work(storage: MongoStorage) -> tuple[list[RuleRecord], set[str]]:
        sessions = [session async for session in _sessions(storage, moment)]
        found = records(sessions, await storage.marks.since(moment))
        judged = {one.rule: await storage.holds.judged(one.rule, ENOUGH) for one in found}
        return found, {rule for rule, holds in judged.items() if always_approved(holds)}

    found, always = _with_storage(work)
    if as_json:
        _print_json([_row(record) | {"always_approved": record.rule in always} for record in found])
        return
    counts = ("fired", "enforced", "shadow", "on answers", "on calls", "false positives")
    table = Table(_names("rule"), *(_counts(name) for name in (*counts, "precision")))
    for record in found:
        row = _row(record)
        share = "–" if record.precision is None else f"{record.precision:.0%}"
        table.add_row(record.rule, *(str(row[name.replace(" ", "_")]) for name in counts), share)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "Approvers mark false alarms on the card, auditors in /replay; what is not counts as right."
    )
    for rule in sorted(always):
        console.print(f"{rule}: {ADVICE}", markup=False)


def _names(title: str) -> Column:
    """Return a column whose words are broken where there is no room, never cut."""
    return Column(title, overflow="fold")


def _counts(title: str) -> Column:
    return Column(title, justify="right", width=max(map(len, title.split())))


class RehearsalOutcome:
    """What became of the sessions so far."""

    def __init__(self, since: datetime, now: datetime, in_force: Catalog, changed: Catalog) -> None:
        self._since = since
        self._weeks = (now - since) / _WEEK
        self._in_force = in_force
        self._changed = changed
        self._sessions = 0
        self._unread = 0
        self._changes: list[tuple[Session, DecisionChange]] = []
        self._calls = RehearsedCalls()
        self._held_before: list[PastRequest] = []
        self._held_after: list[PastRequest] = []

    @property
    def of_calls(self) -> bool:
        """Whether answers have to be read, for the tool calls in them."""
        return bool(self._in_force.call_rules or self._changed.call_rules)

    def add(self, session: Session, body: bytes, chunks: Sequence[Chunk] = ()) -> None:
        self._sessions += 1
        try:
            inquiry = recorded_as_asked(session, body)
            recorded = recorded_calls(inquiry.wire, session.answer, chunks)
        except AbeyanceError:
            self._unread += 1
            return
        precedent = replace(precedent_of(session, inquiry), calls=recorded.calls)
        [before] = decided_again([precedent], self._in_force)
        [after] = decided_again([replace(precedent, called=before.called)], self._changed)
        if after.change is not None:
            self._changes.append((session, after.change))
        self._calls.add(session, before.calls, after.calls, recorded.unread)
        for tried, held in ((before, self._held_before), (after, self._held_after)):
            for verdict in tried.verdicts:
                if verdict.action is Action.HOLD and not inquiry.only_counts:
                    who, call = session.identity, inquiry.call
                    held.append(
                        PastRequest(session.started_at, who, session.connection, call, verdict)
                    )

    def _cards(self) -> tuple[int, int]:
        return count_cards(self._held_before), count_cards(self._held_after)

    @property
    def _kinds(self) -> Counter[str]:
        return Counter(change.kind for _, change in self._changes)

    def data(self) -> dict[str, Any]:
        return {
            "since": self._since.isoformat(),
            "sessions": self._sessions,
            "unread": self._unread,
            **{kind: self._kinds[kind] for kind in KINDS},
            "calls": self._calls.data(),
            "cards": {
                name: {"total": cards, "a_week": round(cards / self._weeks, 1)}
                for name, cards in zip(("before", "after"), self._cards(), strict=True)
            },
            "changes": [
                {
                    "session": session.id,
                    "at": session.started_at.isoformat(),
                    "who": session.identity.email or session.identity.name,
                    "before": change.before.value,
                    "after": change.after.value,
                    "kind": change.kind,
                    "rules": list(change.rules),
                }
                for session, change in self._changes
            ],
        }

    def show(self, console: Console) -> None:
        table = Table("session", "when", _names("who"), "was", "would be", _names("rules"))
        for session, change in self._changes[:_ROWS]:
            table.add_row(
                short(session.id),
                session.started_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                Text(session.identity.name),
                change.before.value,
                f"[{'red' if change.stricter else 'green'}]{change.after.value}[/]",
                ", ".join(change.rules) or "–",
            )
        if self._changes:
            console.print(table)
        if len(self._changes) > _ROWS:
            console.print(f"… and {len(self._changes) - _ROWS} more; --json has all.")
        counts = [f"{self._kinds[kind]} {kind}" for kind in KINDS if self._kinds[kind]]
        if self._unread:
            counts.append(f"{self._unread} that could not be read")
        told = ", ".join(counts) or "nothing would change"
        console.print(f"{self._sessions} sessions since {self._since:%Y-%m-%d %H:%M} UTC: {told}.")
        self._calls.show(console)
        before, after = (f"{cards / self._weeks:.1f}" for cards in self._cards())
        console.print(
            f"Cards a week, if each is approved at once: {before} under the policies in force, "
            f"{after} under these."
        )


def _row(record: RuleRecord) -> dict[str, Any]:
    return {
        "rule": record.rule,
        "fired": record.fired,
        "enforced": record.enforced,
        "shadow": record.shadow,
        "on_answers": record.on_answers,
        "on_calls": record.on_calls,
        "false_positives": record.false_positives,
        "precision": record.precision,
    }


def _moment(since: str) -> tuple[datetime, datetime]:
    """Return the moment that is meant, and now. Raises BadRequest."""
    now = SystemClock().now()
    wanted = parse_filter(f"since:{since}", now).since
    return wanted or now, now


async def _sessions(storage: MongoStorage, since: datetime) -> AsyncIterator[Session]:
    """Yield the sessions, newest first."""
    before = ""
    while page := await storage.sessions.search(
        SessionFilter(since=since), limit=_PAGE, before=before
    ):
        for session in page:
            yield session
        before = page[-1].id


def _progress() -> Progress:
    columns = (TextColumn("deciding again"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print_json(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def _with_storage(work: Callable[[MongoStorage], Coroutine[None, None, Any]]) -> Any:  # noqa: ANN401 - what the work gives
    settings = settings_here()
    require(settings, "mongodb")

    async def run() -> object:
        uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
        storage = MongoStorage.connect(uri, database, keys_of(settings))
        try:
            return await work(storage)
        finally:
            storage.close()

    return asyncio.run(run())
