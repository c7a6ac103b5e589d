"""The parts of the replay pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.marking import Marking
from app.replay.reader import Reader
from app.replay.text_search import TextSearch
from app.retention.legal_holds import LegalHolds
from proxy.replay.access import Access
from proxy.replay.acting import Acting
from proxy.replay.dashboard.gathering import Dashboard
from proxy.replay.listing import Lists, Searches
from proxy.replay.live import Tails
from proxy.replay.originals import Originals
from proxy.replay.pages import ReplayPages
from proxy.replay.reading import PageReader
from proxy.replay.viewers import Viewers
from proxy.terminal.voters import Voters

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.settings import Settings
    from app.storage.ports import Ledger
    from app.storage.store import MongoStorage
    from policies.compiled_catalog import Catalog
    from proxy.browser.visits import Visits
    from proxy.process.draining import Drain
    from proxy.work.pool import Pool


def replay_pages(
    settings: Settings,
    storage: MongoStorage,
    visits: Visits,
    ledger: Ledger,
    catalog: Callable[[], Catalog],
    pool: Pool,
    drain: Drain,
) -> ReplayPages:
    """Build the pages; `catalog` returns the one that is in force at the moment."""
    reader = Reader(storage.sessions, storage.pieces, storage.pages, tries=1)
    reading = PageReader(reader, storage.sessions, storage.data_keys, catalog, pool)
    viewers = Viewers(
        Voters(storage.people, lambda: catalog().approvers), lambda: catalog().approvers
    )
    clock = SystemClock()
    access = Access(storage, viewers, visits, ledger, clock, catalog, settings.public_url)
    search = TextSearch(storage.sessions, reader, reading.saying)
    return ReplayPages(
        access,
        Lists(access, Searches(search)),
        reading,
        Tails(storage, reading, catalog, drain),
        Dashboard(storage, clock, lambda: catalog().labels),
        Acting(
            access,
            LegalHolds(storage.legal_holds, ledger, clock),
            Marking(storage.marks, storage.holds, ledger, clock, lambda text: catalog().mask(text)),
        ),
        Originals(storage.originals, ledger, clock),
    )
