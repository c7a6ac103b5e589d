"""The sign-in of programs, put together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from quart import request

from app.clock import SystemClock
from proxy.app_login.device_login import DeviceLogin
from proxy.app_login.device_pages import DevicePages
from proxy.app_login.fixed_paths import FixedPaths
from proxy.app_login.routes import LoginRoutes
from proxy.app_login.sessions import Sessions
from proxy.app_login.tokens import Chain
from proxy.http.asked import headers_asked
from proxy.http.peer import Addresses
from workstation.hook.documents import hooks_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quart import Blueprint

    from app.settings import Settings
    from app.storage.store import MongoStorage
    from policies.reload import CatalogKeeper
    from proxy.browser.visits import Visits
    from proxy.connections import Connections
    from proxy.keys.parts import IssuedParts


class AppLogin:
    def __init__(
        self,
        settings: Settings,
        storage: MongoStorage,
        visits: Visits,
        issued: IssuedParts,
        connections: Connections,
        catalogs: CatalogKeeper,
    ) -> None:
        clock = SystemClock()
        sessions = Sessions(
            issued,
            Chain(settings.vault_key.get_secret_value()),
            clock,
            timedelta(seconds=settings.access_seconds),
        )
        login = DeviceLogin(storage.devices, sessions, issued.secrets, clock)

        addresses = Addresses(settings.proxies, settings.trusted_proxies)

        def address() -> str:
            return addresses.of(request.remote_addr or "", headers_asked())

        url = settings.public_url
        self._routes = LoginRoutes(login, sessions, connections, clock, url, address)
        self._pages = DevicePages(login, visits, clock, address, settings)
        hooks = hooks_for("claude", "fleet")
        self.fixed_paths = FixedPaths(connections, issued.admission, catalogs, url, hooks)

    def blueprints(self) -> Iterator[Blueprint]:
        yield self._routes.routes()
        yield self._pages.routes()
