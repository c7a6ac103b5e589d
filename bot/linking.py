"""Links a Slack account to a sign-in where no verified address does: by a code, used once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from app.storage.ports import Link
from policies.approval import Objection

if TYPE_CHECKING:
    from app.clock import Clock
    from app.storage.ports import LinkStore
    from bot.people import People

_LASTS = timedelta(minutes=10)
_BYTES = 12


class Linking:
    """The code goes to whoever clicked, in private; only its digest is stored."""

    def __init__(self, people: People, links: LinkStore, clock: Clock) -> None:
        self._people = people
        self._links = links
        self._clock = clock

    async def offer(self, slack_user: str) -> str:
        """Make a code for this account and say what to do with it."""
        account = await self._people.account(slack_user)
        known = await self._links.of(account.key)
        if account.email or (known is not None and known.identity_key):
            return Objection.UNVERIFIED.value
        code = secrets.token_hex(_BYTES)
        digest = hashlib.sha256(code.encode()).hexdigest()
        until = self._clock.now() + _LASTS
        await self._links.offer(Link(account.key, account.name, digest, until))
        return (
            "I cannot tell who you are: your Slack account has no address that this workspace "
            f"vouches for. To link it to your sign-in, run `abeyance link {code}` in a terminal "
            "within 10 minutes, then click again. Give the code to nobody."
        )
