"""The App Home: what a manager can decide, oldest first, and what became of one's requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from app.domain.hold import Hold
from app.domain.session import Session
from app.search import SessionFilter
from bot import blocks, cards, directs, phrases, text
from bot.blocks import Button
from bot.people import AUDITORS
from bot.quotes import quotes
from policies.approval import is_requester, may_decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.async_app import AsyncAck

    from app.clock import Clock
    from app.storage.ports import HoldStore, SessionStore
    from bot.blocks import Block
    from bot.grants import Grants
    from bot.people import People
    from bot.seal import Seal
    from bot.slack import Slack
    from bot.text import Markup
    from policies.approval import Voter

Body: TypeAlias = dict[str, Any]
_MOST_HOLDS = 15
_MOST_SESSIONS = 10
_MOST_GRANTS = 15
_LINE = blocks.divider()
SEARCH = "home_search"
QUEUE = "queue"


class Home:
    """Published when its owner opens it, and after they decided there."""

    def __init__(  # noqa: PLR0913 - the composition root names each of them
        self,
        slack: Slack,
        people: People,
        grants: Grants,
        holds: HoldStore,
        sessions: SessionStore,
        seal: Seal,
        *,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._slack = slack
        self._people = people
        self._grants = grants
        self._holds = holds
        self._sessions = sessions
        self._seal = seal
        self._clock = clock
        self._mask = mask

    async def opened(self, event: Body) -> None:
        if event.get("tab") == "home":
            await self.publish(str(event["user"]))

    async def publish(self, user: str) -> None:
        """Show the tab as things stand now."""
        await self._slack.publish_home(user, home(await self._shown(user)))

    async def open_queue(self, ack: AsyncAck, body: Body) -> None:
        """Open the queue, for whoever has no time to wait for its cards."""
        await ack()
        # The trigger is short-lived: the modal comes first, and then what stands in it.
        view_id = await self._slack.open_view(body, queue(None))
        await self.update_queue(view_id, str(body["user"]["id"]))

    async def update_queue(self, view_id: str, user: str) -> None:
        await self._slack.update_view(view_id, queue(await self._shown(user)))

    async def _shown(self, user: str) -> Shown:
        pending = await self._holds.pending()
        voter = await self._people.all_sets(user, pending)
        now = self._clock.now()
        theirs = [
            hold
            for hold in pending
            if may_decide(hold, voter, now) and not is_requester(hold.requester, voter)
        ]
        own = [hold for hold in pending if is_requester(hold.requester, voter)]
        waiting = {hold.session_id for hold in own}
        mine: tuple[Session, ...] = ()
        if voter.person.email:
            wanted = SessionFilter(user=voter.person.email.lower())
            mine = await self._sessions.search(wanted, limit=_MOST_SESSIONS)
        return Shown(
            queue=tuple(
                (self._masked(hold), self._seal.stamp(hold)) for hold in theirs[:_MOST_HOLDS]
            ),
            waiting=len(theirs),
            grants=tuple(
                (hold, self._seal.stamp(hold))
                for hold, _ in (await self._grants.concerning(voter))[:_MOST_GRANTS]
            ),
            own=tuple((self._masked(hold), self._seal.stamp(hold)) for hold in own[:_MOST_HOLDS]),
            mine=tuple(session for session in mine if session.id not in waiting),
            auditor=AUDITORS in voter.member_of,
            glass=voter.may_break_glass,
            approver=_decides(voter),
            known=bool(voter.person.email),
        )

    def _masked(self, hold: Hold) -> Hold:
        return replace(hold, reason=self._mask(hold.reason), model=self._mask(hold.model))


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on somebody's tab; each hold comes with the value of its buttons."""

    queue: tuple[tuple[Hold, str], ...] = ()
    waiting: int = 0
    grants: tuple[tuple[Hold, str], ...] = ()
    own: tuple[tuple[Hold, str], ...] = ()
    """Their own requests that wait."""
    mine: tuple[Session, ...] = ()
    """Their other requests, the latest first."""
    auditor: bool = False
    glass: bool = False
    approver: bool = True
    """Whether they may ever decide; who may not reads nothing of a queue."""
    known: bool = True
    """Whether it is known which requests are theirs."""


def home(shown: Shown) -> Block:
    """Draw the tab. Pure."""
    parts = []
    if shown.approver or shown.queue:
        parts.append([blocks.header("Waiting for your decision"), *_queue(shown)])
    if shown.grants:
        granted = [_grant(hold, value) for hold, value in shown.grants]
        parts.append([blocks.header("Grants"), *granted])
    if shown.auditor:
        parts.append([blocks.header("Find a session"), *_search()])
    mine = [_own(hold, value) for hold, value in shown.own]
    mine += [_session(session) for session in shown.mine]
    parts.append([blocks.header("Your requests"), *(mine or [_none_of_mine(shown)])])
    first, *others = parts
    return {"type": "home", "blocks": [*first, *(b for p in others for b in (_LINE, *p))]}


def _none_of_mine(shown: Shown) -> Block:
    if shown.known:
        return blocks.section(
            text.ours(
                "None yet. What you send to a model through the gateway stands here, with what "
                "became of it; what waits for an approval can be withdrawn."
            )
        )
    return blocks.section(
        text.ours(
            "I can't tell which requests are yours: this workspace vouches for no address of "
            "your account. Confirm your e-mail address in Slack's settings."
        )
    )


def _decides(voter: Voter) -> bool:
    return bool(voter.member_of - {AUDITORS} or voter.manages or voter.may_break_glass)


def queue(shown: Shown | None) -> Block:
    """Draw the queue in a modal; None as long as it is being read. Pure."""
    drawn = _queue(shown) if shown else [blocks.section(text.ours("Reading…"))]
    return blocks.modal("The queue", drawn, callback_id=QUEUE)


def _queue(shown: Shown) -> list[Block]:
    drawn = []
    for hold, value in shown.queue:
        drawn += _hold(hold, value, glass=shown.glass)
    if not shown.queue:
        drawn.append(blocks.section(text.ours("Nothing waits for you. 🌿")))
    if shown.waiting > len(shown.queue):
        drawn.append(blocks.context(text.ours(f"… and {shown.waiting - len(shown.queue)} more")))
    return drawn


def _search() -> list[Block]:
    example = "user:alice since:1d decision:denied"
    how = text.ours("Press Enter to search. Each look at a session is recorded.")
    return [blocks.search("search", SEARCH, "Filter or session id", example), blocks.context(how)]


def _grant(hold: Hold, value: str) -> Block:
    if hold.granted is None:
        return blocks.section(text.ours("–"))
    line = text.join(
        text.bold(hold.requester.name, 80),
        text.ours(" → "),
        text.code(hold.connection, 80),
        text.ours(" past "),
        text.words(", ".join(fired.rule for fired in hold.verdict.holding), 160),
        text.ours("\n"),
        phrases.grant(hold.granted),
    )
    return blocks.section(line, button=cards.revoke(hold, value))


def _hold(hold: Hold, value: str, *, glass: bool) -> list[Block]:
    line = text.join(
        text.ours(f"{phrases.risk(hold)} · *{phrases.name(hold)}* · "),
        phrases.who(hold.requester, ""),
        text.ours(" → "),
        text.words(hold.model or hold.connection, 80),
        text.ours(" · "),
        text.code(phrases.rule_name(hold), 80),
        text.ours(" · expires "),
        text.moment(hold.deadline),
    )
    lines = [line, phrases.origin(hold.requester.provenance), *_first_quote(hold)]
    if hold.reason:
        lines.append(text.join(text.ours("*Their reason:* "), text.words(hold.reason, 200)))
    if hold.votes or phrases.several(hold):
        lines.append(phrases.progress(hold))
    if not hold.attached:
        lines.append(phrases.DISCONNECTED)
    buttons = cards.buttons(hold, value, glass=glass)
    return [
        blocks.section(text.join(*(line for line in lines if line), by="\n")),
        blocks.actions(f"home:{hold.id}", buttons),
    ]


def _first_quote(hold: Hold) -> list[Markup]:
    decisive = hold.verdict.decisive
    return quotes(decisive)[:1] if decisive else []


def _own(hold: Hold, value: str) -> Block:
    line = text.join(
        text.moment(hold.created_at, day=True),
        text.ours(" → "),
        text.words(hold.model or hold.connection, 80),
        text.ours(f" · *{phrases.name(hold)} waits for an approval* · "),
        text.code(phrases.rule_name(hold), 80),
        text.ours(" · expires "),
        text.moment(hold.deadline),
    )
    lines = (line, *_first_quote(hold), text.code(hold.session_id, 60))
    return blocks.section(
        text.join(*lines, by="\n"), button=Button("Withdraw", directs.WITHDRAW, value)
    )


def _session(session: Session) -> Block:
    parts = [
        text.join(
            text.moment(session.started_at, day=True),
            text.ours(" → "),
            text.words(session.model or session.connection, 80),
        ),
        text.ours(f"*{session.decision.value}*"),
    ]
    if decisive := session.verdict.decisive:
        parts.append(text.code(decisive.rule, 80))
    return blocks.section(text.join(*parts, text.code(session.id, 60), by=" · "))
