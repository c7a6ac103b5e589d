"""What the gateway serves under `/-/` beside its health: one blueprint for each matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.clock import Clock
from app.settings import Settings
from app.storage.store import MongoStorage
from proxy.app_login.parts import AppLogin
from proxy.browser.link_pages import LinkPages
from proxy.browser.link_routes import link_routes
from proxy.browser.linking import Linking
from proxy.browser.visits import Visits
from proxy.callers import Callers
from proxy.connections import Connections
from proxy.cursor.parts import CloudParts
from proxy.http.asked import headers_asked
from proxy.keys.pages import KeyPages
from proxy.keys.parts import IssuedParts
from proxy.keys.routes import key_routes
from proxy.replay.originals import Originals
from proxy.replay.pages import ReplayPages
from proxy.replay.viewers import Viewers
from proxy.terminal.deciding import Deciding
from proxy.terminal.originals import original_pages
from proxy.terminal.pages import hold_pages
from proxy.terminal.sessions import session_pages
from proxy.workstation.connections import connection_pages
from proxy.workstation.opencode import opencode_pages
from proxy.workstation.resource import resource_pages
from proxy.workstation.waiting import waiting_pages
from proxy.workstation.whoami import whoami_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quart import Blueprint

    from app.domain.identity import Identity
    from proxy.keys.admission import Caller


@dataclass(frozen=True, slots=True)
class OurPages:
    settings: Settings
    callers: Callers
    linking: Linking
    visits: Visits | None
    """None where no browser is expected."""
    deciding: Deciding
    storage: MongoStorage
    clock: Clock
    connections: Connections
    issued: IssuedParts
    app_login: AppLogin | None
    cloud: CloudParts
    replay: ReplayPages | None
    """None where no browser is expected."""
    originals: Originals
    viewers: Viewers

    def blueprints(self) -> Iterator[Blueprint]:
        """Yield each matter's routes."""
        link_pages: LinkPages | None = None
        key_pages: KeyPages | None = None
        if self.visits is not None:
            yield self.visits.routes()
            link_pages = LinkPages(self.linking, self.visits, self.settings.public_url)
            yield link_pages.routes()
            key_pages = KeyPages(
                self.issued.issuing,
                self.visits,
                self.settings.login_client_id,
                self.settings.public_url,
                self.issued.clock,
            )
            yield key_pages.routes()
        yield key_routes(
            self.issued.issuing,
            key_pages,
            self._caller,
            self._signed_in,
            self.issued.clock,
            self.settings.public_url,
        )
        if self.app_login is not None:
            yield from self.app_login.blueprints()
        yield link_routes(self.linking, link_pages, self._caller)
        if self.replay is not None:
            yield self.replay.routes()
        yield resource_pages(self.settings)
        yield whoami_pages(self._sender)
        yield hold_pages(self.deciding, self._signed_in)
        yield session_pages(self.storage, self._sender)
        yield original_pages(self.originals, self.viewers, self._signed_in)
        yield connection_pages(self.connections, self._admitted, self.settings.public_url)
        yield opencode_pages(self.connections, self._admitted, self.settings.public_url)
        yield from self.cloud.blueprints()
        yield waiting_pages(self.storage.holds, self.clock, self._sender)

    async def _caller(self) -> Identity:
        return await self.callers.identify(headers_asked())

    async def _admitted(self) -> Caller:
        """Return who asks, with a gateway key too; it is for some connections, perhaps."""
        return await self.issued.admission.caller(headers_asked())

    async def _sender(self) -> Identity:
        return (await self._admitted()).identity

    async def _signed_in(self) -> Identity:
        return await self.callers.signed_in_lately(headers_asked())
