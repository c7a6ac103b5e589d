"""False alarms, from the card: whoever may decide says that a rule should not have fired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from app.errors import AbeyanceError, NotFound
from app.ids import short
from bot.handlers.decide import FORGED, in_time, user_of
from bot.views import modals
from policies.approvals.approval import Objection, judge_mark
from policies.approvals.membership import AUDITORS

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.domain.hold import Hold, Person
    from app.marking import Marking
    from app.storage.record.session_store import SessionStore
    from bot.decisions import Decisions
    from bot.people.linking import Linking, Offer
    from bot.slack.api import Slack
    from bot.slack.blocks import Block
    from bot.slack.button_signer import ButtonSigner

Body: TypeAlias = dict[str, Any]
_TITLE = "False alarm"
_FAILED = "Something went wrong, so perhaps nothing is noted. Please try again in a moment."
_log = structlog.get_logger(__name__)


class FalseAlarms:
    """The form behind the three dots of a card."""

    def __init__(
        self,
        slack: Slack,
        decisions: Decisions,
        linking: Linking,
        sessions: SessionStore,
        marking: Marking,
        signer: ButtonSigner,
        clock: Clock,
    ) -> None:
        self._slack = slack
        self._decisions = decisions
        self._linking = linking
        self._sessions = sessions
        self._marking = marking
        self._signer = signer
        self._clock = clock

    async def ask(self, ack: AsyncAck, body: Body, value: str) -> None:
        """Open the form; `value` is what the card carries."""
        await ack()
        opening = modals.note(_TITLE, "Reading…")
        view_id = await self._slack.open_view(body, opening)
        await self._slack.update_view(view_id, await self._form(value, user_of(body)))

    async def keep(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """Take the form: what is ticked is marked, what is not any more is taken back."""
        said = modals.read_alarm(view["state"]["values"])
        work = self._keep(str(view["private_metadata"]), user_of(body), said)
        await in_time(self._slack, ack, view, work, (_TITLE, "It is noted."))

    async def _form(self, value: str, user: str) -> Block:
        try:
            hold, _ = await self._allowed(value, user)
            marks = await self._marking.of(hold.session_id)
        except _NotAllowed as why:
            return modals.note("You can't do that", why.said)
        except AbeyanceError as error:
            _log.warning("false alarms not shown", user=user, reason=str(error))
            return modals.note("You can't do that", _spoken(error))
        return modals.alarm_form(value, short(hold.id), hold, marks)

    async def _keep(self, value: str, user: str, said: modals.Alarm) -> str | Offer:
        """Return why it is not kept, as a sentence; empty where it is."""
        try:
            hold, who = await self._allowed(value, user)
            session = await self._sessions.get(hold.session_id)
            if session is None:
                return "There is no record of this request any more."
            marks = await self._marking.of(session.id)
            if not said.rules and not marks:
                return "No rule is ticked, so nothing is marked."
            for at, fired in enumerate(modals.markable(hold)):
                if (wrong := at in said.rules) is not (fired.rule in marks):
                    await self._marking.say(session, fired.rule, who, wrong=wrong, note=said.note)
        except _NotAllowed as why:
            return why.said
        except AbeyanceError as error:
            _log.warning("false alarm not kept", user=user, reason=str(error))
            return _spoken(error)
        return ""

    async def _allowed(self, value: str, user: str) -> tuple[Hold, Person]:
        """Return the hold, and who they are, if they may mark its rules. Raises _NotAllowed."""
        hold_id = self._signer.read(value)
        if hold_id is None:
            raise _NotAllowed(FORGED)
        hold, voter = await self._decisions.look(hold_id, user, also=[AUDITORS])
        auditor = AUDITORS in voter.member_of
        objection = judge_mark(hold, voter, auditor=auditor, now=self._clock.now())
        if objection is Objection.UNVERIFIED:
            raise _NotAllowed(await self._linking.offer(user))
        if objection:
            raise _NotAllowed(objection.value)
        return hold, voter.person


class _NotAllowed(Exception):
    """`said` is why somebody may not mark rules, for them to read."""

    def __init__(self, said: str | Offer) -> None:
        super().__init__(said)
        self.said = said


def _spoken(error: AbeyanceError) -> str:
    return str(error) if isinstance(error, NotFound) else _FAILED
