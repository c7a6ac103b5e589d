"""The parts that issued credentials need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.clock import SystemClock
from proxy.keys.admission import Admission
from proxy.keys.credentials import Credentials
from proxy.keys.issuing import Issuing
from proxy.keys.minting import Secrets
from proxy.keys.register import Register
from proxy.keys.sign_ins import SignIns

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from app.settings import Settings
    from app.storage.ports import Ledger
    from app.storage.store import MongoStorage
    from proxy.callers import Callers
    from proxy.oidc.verify import TokenVerifier


class IssuedParts:
    def __init__(
        self,
        settings: Settings,
        storage: MongoStorage,
        verifier: TokenVerifier,
        callers: Callers,
        ledger: Ledger,
        http: httpx.AsyncClient,
        mask: Callable[[str], str],
    ) -> None:
        self.clock = clock = SystemClock()
        self.store = storage.issued
        self.secrets = Secrets(settings.vault_key.get_secret_value())
        self.sign_ins = SignIns(settings, verifier, callers, http)
        self.register = Register(self.store, ledger, clock)
        self.credentials = Credentials(
            self.store, self.secrets, self.sign_ins, self.register, clock
        )
        self.issuing = Issuing(
            self.store,
            storage.connections,
            self.secrets,
            self.sign_ins,
            self.register,
            clock,
            mask,
        )
        self.admission = Admission(callers, self.credentials)
