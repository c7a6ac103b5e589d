"""What happens on a click: acknowledge within three seconds, decide, tell who clicked.

Slack may deliver a click twice or late, and what it carries may be forged: so each handler
checks everything again, and the database decides.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.errors import AbeyanceError, NotFound
from app.ids import short
from bot.decisions import NotTaken
from bot.people.linking import Offer
from bot.slack import text
from bot.views import approval_forms, modals, phrases
from policies.approvals.approval import Objection, concerned
from policies.approvals.votes import Word, too_late

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from slack_bolt.async_app import AsyncAck, AsyncRespond

    from app.clock import Clock
    from app.domain.hold import Hold
    from bot.decisions import Decisions, Taken
    from bot.grants import Grants
    from bot.handlers.home import Home
    from bot.people.linking import Linking
    from bot.slack.api import Slack
    from bot.slack.blocks import Block
    from bot.slack.button_signer import ButtonSigner

Body: TypeAlias = dict[str, Any]
_IN_TIME_SECONDS = 2.0
_SAME_CLICK = timedelta(seconds=10)
FORGED = "This button is no longer valid. Use the latest card."
FAILED = (
    "Something went wrong, so your decision may not count. Look at the card: if it still has "
    "its buttons, please try again."
)
_log = structlog.get_logger(__name__)


class Clicks:
    """The buttons that decide, and the forms behind some of them."""

    def __init__(
        self,
        slack: Slack,
        decisions: Decisions,
        grants: Grants,
        linking: Linking,
        signer: ButtonSigner,
        clock: Clock,
        home: Home,
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._grants = grants
        self._linking = linking
        self._signer = signer
        self._clock = clock
        self._home = home

    async def approve(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        """Take an approval; the card tells that it counts, a private note why it does not."""
        await self._say(ack, body, respond, Word(approve=True))

    async def grant(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        """Take an approval that lets the same pass for a while."""
        await self._say(ack, body, respond, Word(approve=True, grant=True))

    async def approve_task(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        """Take an approval of a tool call, and of others like it in its conversation."""
        await self._say(ack, body, respond, Word(approve=True, for_task=True))

    async def approve_once(
        self, ack: AsyncAck, body: Body, respond: AsyncRespond, value: str
    ) -> None:
        """Take an approval of this request only; `value` is what the card carries."""
        await self._say(ack, body, respond, Word(approve=True, once=True), value)

    async def _say(
        self, ack: AsyncAck, body: Body, respond: AsyncRespond, word: Word, value: str = ""
    ) -> None:
        await ack()
        user = user_of(body)
        if objection := await self.vote(value or value_of(body), user, word):
            await tell(self._slack, body, respond, "Not approved", objection)
        await self._home.refresh(body)

    async def revoke(self, ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        """End a grant; the card tells that it is over."""
        await ack()
        user = user_of(body)
        if why := await self._revoke(value_of(body), user):
            await tell(self._slack, body, respond, "Not revoked", why)
        await self._home.refresh(body)

    async def _revoke(self, value: str, user: str) -> str:
        hold_id = self._signer.read(value)
        if hold_id is None:
            return FORGED
        try:
            hold, voter = await self._decisions.look(hold_id, user)
            return await self._grants.revoke(hold, voter)
        except AbeyanceError as error:
            _log.warning("grant not revoked", hold=hold_id, user=user, reason=str(error))
            return str(error) if isinstance(error, NotFound) else FAILED

    async def ask_glass(self, ack: AsyncAck, body: Body, value: str) -> None:
        """Open the form behind Break glass; `value` is what the card carries."""
        await ack()
        form = modals.glass_form(value, short(self._signer.read(value) or ""))
        await self._form(body, value, form, Word(approve=True, break_glass=True, reason="-"))

    async def break_glass(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Release a request alone; the modal closes, or says why not."""
        reason = modals.read_reason(view["state"]["values"])
        word = Word(approve=True, break_glass=True, reason=reason)
        await self.submitted(ack, body, view, word, ("Break glass", "The request is released."))

    async def ask_reason(self, ack: AsyncAck, body: Body) -> None:
        """Open the form behind Deny."""
        await ack()
        value = value_of(body)
        form = modals.deny_form(value, short(self._signer.read(value) or ""))
        await self._form(body, value, form, Word(approve=False))

    async def ask_call_reason(self, ack: AsyncAck, body: Body) -> None:
        """Open the form behind Deny of a tool call."""
        await ack()
        value = value_of(body)
        form = modals.deny_form(value, short(self._signer.read(value) or ""), call=True)
        await self._form(body, value, form, Word(approve=False))

    async def ask_note(self, ack: AsyncAck, body: Body, value: str) -> None:
        """Open the form behind Approve with a note; `value` is what the card carries."""
        await ack()
        form = approval_forms.note_form(value, short(self._signer.read(value) or ""))
        await self._form(body, value, form, Word(approve=True))

    async def ask_length(self, ack: AsyncAck, body: Body, value: str) -> None:
        """Open the form behind Approve for; which lengths there are depends on the hold."""
        await ack()
        view_id = await self._slack.open_view(body, modals.note("Approve for…", "Reading…"))
        hold, objection = await self.looked(value, user_of(body), Word(approve=True, grant=True))
        if hold is None or objection:
            form = modals.note("You can't do that", objection)
        else:
            form = approval_forms.length_form(value, hold)
        await self._slack.update_view(view_id, form)

    async def approve_noted(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take an approval with a note; the modal closes, or says why it does not count."""
        word = approval_forms.read_note(view["state"]["values"])
        await self.submitted(ack, body, view, word, ("Approve", "The request is approved."))

    async def approve_for(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take an approval for a chosen time; the modal closes, or says why it does not count."""
        word = approval_forms.read_length(view["state"]["values"])
        await self.submitted(ack, body, view, word, ("Approve", "The request is approved."))

    async def _form(self, body: Body, value: str, form: Block, word: Word) -> None:
        """Open a form first, for the trigger is short-lived; then see whether they may."""
        view_id = await self._slack.open_view(body, form)
        _, sentence = await self.looked(value, user_of(body), word)
        if sentence:
            await self._slack.update_view(view_id, modals.note("You can't do that", sentence))

    async def deny(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take a denial; the modal closes, or says why it does not count."""
        word = modals.read_denial(view["state"]["values"])
        await self.submitted(ack, body, view, word, ("Deny", "The request is denied."))

    async def submitted(
        self, ack: AsyncAck, body: Body, view: Body, word: Word, said: tuple[str, str]
    ) -> None:
        """Take the vote of a form that is about a hold; see `in_time`."""
        vote = self.vote(str(view["private_metadata"]), user_of(body), word)
        await in_time(self._slack, ack, view, vote, said)
        if below := view.get("previous_view_id"):
            await self._home.update_queue(str(below), user_of(body))
        else:
            await self._home.publish(user_of(body))

    async def open_link(self, ack: AsyncAck) -> None:
        """Hear of a button that has opened a page: Slack wants an answer all the same."""
        await ack()

    async def vote(self, value: str, user: str, word: Word) -> str | Offer:
        """Return why the vote does not count, as a sentence; empty where it does."""
        hold_id = self._signer.read(value)
        if hold_id is None:
            return FORGED
        try:
            result = await self._decisions.vote(hold_id, user, word)
        except AbeyanceError as error:
            _log.warning("vote not taken", hold=hold_id, user=user, reason=str(error))
            return str(error) if isinstance(error, NotFound) else FAILED
        if self._again(result, user, word):
            return ""
        return await self.sentence(result, user) if isinstance(result, NotTaken) else ""

    async def is_covered(self, value: str) -> bool:
        """Whether a hold was let go on without a vote, by what was approved of another."""
        hold_id = self._signer.read(value)
        try:
            return hold_id is not None and (await self._decisions.find(hold_id)).covered
        except AbeyanceError:
            return False

    async def sentence(self, result: NotTaken, user: str) -> str | Offer:
        """Say why a vote is not taken, or how to become known."""
        if result.objection is Objection.UNVERIFIED:
            return await self._linking.offer(user)
        return sentence_of(result.hold, result.objection)

    def _again(self, result: Taken | NotTaken, user: str, word: Word) -> bool:
        """Whether this is the same click once more, as Slack delivers some twice."""
        since = self._clock.now() - _SAME_CLICK
        said = result.hold.trusting if word.trust else result.hold.votes
        return any(
            vote.by.slack_user == user
            and (vote.approve, vote.trust, vote.change, vote.for_task)
            == (word.approve, word.trust, word.change, word.for_task)
            and vote.at >= since
            for vote in said
        )

    async def looked(self, value: str, user: str, word: Word) -> tuple[Hold | None, str | Offer]:
        """Return the hold, if there is one, and what stands against saying that of it."""
        hold_id = self._signer.read(value)
        if hold_id is None:
            return None, FORGED
        try:
            hold, voter = await self._decisions.look(hold_id, user)
            objection = self._decisions.objection(hold, voter, word)
            said = await self.sentence(NotTaken(hold, objection), user) if objection else ""
        except AbeyanceError as error:
            return None, str(error) if isinstance(error, NotFound) else FAILED
        return hold, said


def sentence_of(hold: Hold, objection: Objection) -> str:
    """Say why not; where somebody was faster, who."""
    name = phrases.name(hold)
    if objection is Objection.NOT_AN_APPROVER:
        sets = ", ".join(concerned(hold)) or "none"
        return (
            f"{name}: {objection.value} Approvers: {sets}. If you should be one, contact your "
            "Abeyance administrator. /abeyance whoami shows your approver groups."
        )
    return too_late(hold, name) if objection is Objection.OVER else f"{name}: {objection.value}"


async def in_time(
    slack: Slack,
    ack: AsyncAck,
    view: Body,
    work: Coroutine[Any, Any, str | Offer],
    said: tuple[str, str],
) -> None:
    """Do what a submitted form asks for; the modal closes, or says why it does not count.

    `work` returns why not; `said` is the title and what is said where it takes so long that
    Slack would tell them that the app failed.
    """
    title, done_words = said
    async with asyncio.TaskGroup() as tasks:
        deciding = tasks.create_task(work)
        done, _ = await asyncio.wait({deciding}, timeout=_IN_TIME_SECONDS)
        if not done:
            await ack(response_action="update", view=modals.note(title, "Recording…"))
        objection = await deciding
        if not done:
            await slack.update_view(str(view["id"]), modals.note(title, objection or done_words))
        elif objection:
            await ack(response_action="update", view=modals.note("Not recorded", objection))
        else:
            await ack()


async def tell(
    slack: Slack, body: Body, respond: AsyncRespond, title: str, said: str | Offer
) -> None:
    """Tell one thing to whoever clicked: privately beside the message, else in a modal."""
    if not body.get("response_url"):
        await slack.open_view(body, modals.note(title, said))
        return
    words = text.words(said.sentence if isinstance(said, Offer) else said, 1000)
    drawn = [*said.blocks()] if isinstance(said, Offer) else None
    await respond(text=words, blocks=drawn, response_type="ephemeral", replace_original=False)


def value_of(body: Body) -> str:
    return str(body["actions"][0].get("value", ""))


def user_of(body: Body) -> str:
    return str(body["user"]["id"])
