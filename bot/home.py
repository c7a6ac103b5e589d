"""The App Home: what a manager can decide, oldest first, and what became of one's requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

Body: TypeAlias = dict[str, Any]
_MOST_HOLDS = 15
_MOST_SESSIONS = 10
_MOST_GRANTS = 15
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
        view_id = await self._slack.open_view(str(body["trigger_id"]), queue(None))
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
            mine=mine,
            held={hold.session_id: self._seal.stamp(hold) for hold in pending},
            auditor=AUDITORS in voter.member_of,
            glass=voter.may_break_glass,
        )

    def _masked(self, hold: Hold) -> Hold:
        return replace(hold, reason=self._mask(hold.reason), model=self._mask(hold.model))


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on somebody's tab; each hold comes with the value of its buttons."""

    queue: tuple[tuple[Hold, str], ...] = ()
    waiting: int = 0
    grants: tuple[tuple[Hold, str], ...] = ()
    mine: tuple[Session, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    """By session id, the value of the buttons of what waits."""
    auditor: bool = False
    glass: bool = False


def home(shown: Shown) -> Block:
    """Draw the tab. Pure."""
    drawn = [blocks.header("Waiting for your decision"), *_queue(shown)]
    if shown.grants:
        drawn += [blocks.divider(), blocks.header("Grants")]
        drawn += [_grant(hold, value) for hold, value in shown.grants]
    drawn += [blocks.divider(), blocks.header("Your requests")]
    drawn += [_session(session, shown.held) for session in shown.mine]
    if not shown.mine:
        drawn.append(blocks.section(text.ours("No request of yours went through the gateway yet.")))
    if shown.auditor:
        drawn += [blocks.divider(), blocks.header("Find a session"), *_search()]
    return {"type": "home", "blocks": drawn}


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
    examples = text.ours("For example `user:alice since:1d decision:denied`, or a session id.")
    return [blocks.search("search", SEARCH, "Filter or session id"), blocks.context(examples)]


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
        text.ours(f"{phrases.risk(hold)} · "),
        text.bold(hold.requester.name, 80),
        text.ours(" → "),
        text.words(hold.model or hold.connection, 80),
        text.ours(" · "),
        text.code(phrases.rule_name(hold), 80),
        text.ours(" · expires "),
        text.moment(hold.deadline),
    )
    lines = [line, *(quotes(decisive)[:1] if (decisive := hold.verdict.decisive) else [])]
    if hold.reason:
        lines.append(text.join(text.ours("*Their reason:* "), text.words(hold.reason, 200)))
    buttons = cards.buttons(hold, value, glass=glass)
    return [
        blocks.section(text.join(*lines, by="\n")),
        blocks.actions(f"home:{hold.id}", buttons),
    ]


def _session(session: Session, held: Mapping[str, str]) -> Block:
    value = held.get(session.id, "")
    state = "waits for an approval" if value else session.decision.value
    line = text.join(
        text.moment(session.started_at, day=True),
        text.ours(" → "),
        text.words(session.model or session.connection, 80),
        text.ours(f" · *{state}* · "),
        text.code(session.id, 60),
    )
    withdraw = Button("Withdraw", directs.WITHDRAW, value) if value else None
    return blocks.section(line, button=withdraw)
