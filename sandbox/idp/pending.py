"""What waits between two steps of a sign-in: authorization codes and device requests."""

import time
from dataclasses import dataclass, field

from sandbox.people import Person

CODE_LIFETIME_S = 60


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code and what it stands for; the getters are those that Authlib asks for."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    person: Person
    code_challenge: str
    code_challenge_method: str
    nonce: str | None
    audience: str = ""
    issued: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.issued)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None

    def is_expired(self) -> bool:
        return time.time() >= self.issued + CODE_LIFETIME_S


@dataclass(slots=True)
class DeviceRequest:
    """A device that waits for its person (RFC 8628). `approved` is None until they decide."""

    client_id: str
    scope: str | None
    device_code: str
    user_code: str
    expires_at: float
    interval: float
    polled_at: float | None = None
    person: Person | None = None
    approved: bool | None = None
    decided_at: int = 0

    def get_client_id(self) -> str:
        return self.client_id

    def get_scope(self) -> str | None:
        return self.scope

    def get_user_code(self) -> str:
        return self.user_code

    def is_expired(self) -> bool:
        return time.time() >= self.expires_at

    def polls_too_fast(self) -> bool:
        """Note a poll; one that comes too soon lengthens the interval by 5 s (section 3.5)."""
        now = time.monotonic()
        too_fast = self.polled_at is not None and now - self.polled_at < self.interval
        self.polled_at = now
        if too_fast:
            self.interval += 5
        return too_fast


class Pending:
    """Both kinds, in memory: a restart of the sandbox forgets half-done sign-ins."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._devices: dict[str, DeviceRequest] = {}

    def add_code(self, code: Code) -> None:
        self._codes[code.code] = code

    def find_code(self, code: str, client_id: str) -> Code | None:
        found = self._codes.get(code)
        if found is None or found.client_id != client_id or found.is_expired():
            return None
        return found

    def drop_code(self, code: str) -> None:
        self._codes.pop(code, None)

    def add_device(self, device: DeviceRequest) -> None:
        self._devices[device.device_code] = device

    def find_device(self, device_code: str) -> DeviceRequest | None:
        return self._devices.get(device_code)

    def find_device_by_user_code(self, typed: str) -> DeviceRequest | None:
        """Find by what a person typed: case, blanks and dashes do not matter (section 6.1)."""
        wanted = _letters(typed)
        waiting = (each for each in self._devices.values() if not each.is_expired())
        return next((each for each in waiting if _letters(each.user_code) == wanted), None)

    def drop_device(self, device_code: str) -> None:
        self._devices.pop(device_code, None)


def _letters(user_code: str) -> str:
    return "".join(each for each in user_code.upper() if each.isalnum())
