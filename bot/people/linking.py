"""Links a Slack account to a sign-in where no verified address does: by a link, used once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.storage.links import Link
from bot.slack import blocks, text
from bot.slack.blocks import Button
from bot.views.phrases import ONLY_OURS
from policies.approvals.approval import Objection

if TYPE_CHECKING:
    from app.clock import Clock
    from app.storage.links import LinkStore
    from bot.people.people import People
    from bot.slack.blocks import Block

OPEN_LINK = "open_link"
_LASTS = timedelta(minutes=10)
_BYTES = 12
_LABEL = 80
_UNKNOWN = (
    "I cannot tell who you are: your Slack account has no address that this workspace vouches for."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What is said to whom nobody vouches for, and the page that links their account."""

    sentence: str
    url: str

    def blocks(self) -> tuple[Block, ...]:
        button = Button("Link my Slack account", OPEN_LINK, "link", "primary", url=self.url)
        return blocks.plain_section(self.sentence), blocks.actions("link", [button])


class Linking:
    """The code goes to whoever clicked, in private; only its digest is stored."""

    def __init__(self, people: People, links: LinkStore, clock: Clock, public_url: str) -> None:
        """`public_url` is where browsers reach the gateway; empty: people use the terminal."""
        self._people = people
        self._links = links
        self._clock = clock
        self._url = public_url

    async def offer(self, slack_user: str) -> str | Offer:
        """Make a code for this account and say what to do with it."""
        account = await self._people.account(slack_user)
        if not account.ours:
            return ONLY_OURS
        known = await self._links.of(account.key)
        if account.email or (known is not None and known.identity_key):
            return Objection.UNVERIFIED.value
        code = secrets.token_hex(_BYTES)
        digest = hashlib.sha256(code.encode()).hexdigest()
        until = self._clock.now() + _LASTS
        # They choose the name themselves: it must not turn or hide the words of a page.
        label = text.one_line(account.name)[:_LABEL]
        await self._links.offer(Link(account.key, label, digest, until))
        if self._url:
            return Offer(
                f"{_UNKNOWN} Link it to your sign-in within 10 minutes, then click again here. "
                "Don't share this link.",
                f"{self._url}/-/link/{code}",
            )
        return (
            f"{_UNKNOWN} To link it to your sign-in, run `abeyance link {code}` in a terminal "
            "within 10 minutes, then click again. Don't share this code."
        )
