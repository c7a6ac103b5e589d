"""Never ask about this text again: the form behind the dots of a card, and the end of a trust."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.domain.event import Event, EventKind
from app.domain.trust import Reach, Trust
from app.errors import AbeyanceError, NotFound
from app.pages import LARGE_BYTES
from bot.decisions import NotTaken
from bot.handlers.decide import FORGED, tell, user_of, value_of
from bot.views import modals, trust_form
from bot.views.request_pages import PagePosition
from policies.approvals.votes import Word
from policies.passages.trust import ADMINISTRATORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from app.clock import Clock
    from app.domain.hold import Hold, Person
    from app.pages import Page
    from app.replay.reader import Masking, Reader
    from app.storage.ports import Ledger
    from bot.decisions import Decisions
    from bot.handlers.decide import Clicks
    from bot.handlers.home import Home
    from bot.slack.api import Slack
    from bot.slack.blocks import Block
    from bot.slack.button_signer import ButtonSigner
    from bot.trusts import Trusts

Body: TypeAlias = dict[str, Any]
_UNREADABLE = "The text can't be read right now. Please try again in a moment."
_NOT_REVOKED = "Something went wrong, so the text may still be trusted. Please try again."
_log = structlog.get_logger(__name__)


class TrustTexts:
    """Reads the text that may be trusted. Each look at it is in the ledger before it is shown."""

    def __init__(self, reader: Reader, ledger: Ledger, clock: Clock, masking: Masking) -> None:
        self._reader = reader
        self._ledger = ledger
        self._clock = clock
        self._masking = masking

    async def pages(self, hold: Hold, reader: Person, number: int) -> Sequence[Page]:
        """Return the text in pages, of which somebody looks at this one.

        Raises NotFound where there is no record of the request; StorageUnavailable.
        """
        session = await self._reader.session(hold.session_id)
        if session is None:
            raise NotFound("There is no record of this request any more.")
        await self._ledger.append(self._viewed(hold, reader, number))
        turns = await self._reader.prompt(session)
        # A value that is named anywhere in a request is masked everywhere, where that is not slow.
        small = session.request.body_bytes <= LARGE_BYTES
        texts = tuple(dict.fromkeys(turn.text for turn in turns)) if small else ()
        mask = await asyncio.to_thread(self._masking, texts)
        return await asyncio.to_thread(trust_form.pages_of, hold, turns, mask)

    def _viewed(self, hold: Hold, reader: Person, page: int) -> Event:
        data: dict[str, str | int] = {
            "hold": hold.id,
            "what": "text to trust",
            "page": page,
            "slack_user": reader.slack_user,
            "email": reader.email,
        }
        return Event(EventKind.REPLAY_SHOWN, self._clock.now(), hold.session_id, data)


class Trusting:
    def __init__(
        self,
        slack: Slack,
        decisions: Decisions,
        trusts: Trusts,
        texts: TrustTexts,
        clicks: Clicks,
        home: Home,
        signer: ButtonSigner,
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._trusts = trusts
        self._texts = texts
        self._clicks = clicks
        self._home = home
        self._signer = signer

    async def ask(self, ack: AsyncAck, body: Body, value: str) -> None:
        """Open the form; `value` is what the card carries."""
        await ack()
        opening = modals.note(trust_form.TITLE, "Reading…")
        view_id = await self._slack.open_view(body, opening)
        await self._slack.update_view(
            view_id, await self._page(PagePosition(value, 0), user_of(body))
        )

    async def turn_page(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        page = await self._page(PagePosition.read(value_of(body)), user_of(body))
        await self._slack.update_view(str(body["view"]["id"]), page)

    async def keep(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take the form; the modal closes, or says why it does not count."""
        word = Word(approve=True, trust=trust_form.read(view["state"]["values"]))
        said = (trust_form.TITLE, "Your decision is recorded.")
        await self._clicks.submitted(ack, body, view, word, said)

    async def revoke(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        """End a trust from the App Home."""
        await ack()
        if why := await self._revoke(value_of(body), user_of(body)):
            await tell(self._slack, body, respond, "Not revoked", why)
        await self._home.refresh(body)

    async def _revoke(self, value: str, user: str) -> str:
        grant_id = self._signer.read(value)
        if grant_id is None:
            return FORGED
        try:
            return await self._trusts.revoke(grant_id, user)
        except AbeyanceError as error:
            _log.warning("trust not revoked", grant=grant_id, user=user, reason=str(error))
            return str(error) if isinstance(error, NotFound) else _NOT_REVOKED

    async def _page(self, place: PagePosition, user: str) -> Block:
        hold_id = self._signer.read(place.value)
        if hold_id is None:
            return modals.note("You can't do that", FORGED)
        try:
            hold, voter = await self._decisions.look(hold_id, user, also=[ADMINISTRATORS])
            if objection := self._decisions.objection(hold, voter, _any_word(hold)):
                said = await self._clicks.sentence(NotTaken(hold, objection), user)
                return modals.note("You can't do that", said)
            pages = await self._texts.pages(hold, voter.person, place.page)
        except AbeyanceError as error:
            _log.warning("text not shown", hold=hold_id, user=user, reason=str(error))
            unread = str(error) if isinstance(error, NotFound) else _UNREADABLE
            return modals.note("You can't do that", unread)
        administrator = ADMINISTRATORS in voter.member_of
        return trust_form.form(hold, place, pages, administrator=administrator)


def _any_word(hold: Hold) -> Word:
    """Return a word that can be said where anything can, and that nobody has said before."""
    names = tuple(passage.name for passage in trust_form.offered(hold))
    return Word(approve=True, trust=Trust(names, Reach.PERSON, days=0))
