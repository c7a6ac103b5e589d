"""What a changed catalog would say of the tool calls in recorded answers, for `backtest`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Column, Table
from rich.text import Text

from app.domain.record.session import Session
from app.domain.verdict import Action
from app.ids import short
from policies.excerpts import visible
from policies.rehearse import TriedCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console


_ROWS = 50
_SHOWN = 100
_WORDS = {
    Action.ALLOW: "allowed",
    Action.MASK: "masked",
    Action.HOLD: "held",
    Action.DENY: "denied",
}


@dataclass(frozen=True, slots=True)
class _Pair:
    """One call, under the rules in force and under the changed ones."""

    session: Session
    before: TriedCall
    after: TriedCall

    @property
    def differs(self) -> bool:
        return self.before.action is not self.after.action

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that now ask for it."""
        return self.after.rules


class RehearsedCalls:
    """The calls of the sessions so far."""

    def __init__(self) -> None:
        self._pairs: list[_Pair] = []
        self._unread = 0

    def add(
        self,
        session: Session,
        before: Sequence[TriedCall],
        after: Sequence[TriedCall],
        unread: int,
    ) -> None:
        """Add those of a session; of `unread` not all arguments were kept."""
        for was, would_be in zip(before, after, strict=True):
            self._pairs.append(_Pair(session, was, would_be))
        self._unread += unread

    def data(self) -> dict[str, Any]:
        return {
            "total": len(self._pairs) + self._unread,
            "unread": self._unread,
            "before": _counted(pair.before.action for pair in self._pairs),
            "after": _counted(pair.after.action for pair in self._pairs),
            "changes": [
                {
                    "session": pair.session.id,
                    "tool": pair.after.call.tool,
                    "arguments": pair.after.call.arguments,
                    "before": pair.before.action.value,
                    "after": pair.after.action.value,
                    "rules": list(pair.rules),
                }
                for pair in self._differing
            ],
        }

    def show(self, console: Console) -> None:
        """Print the calls that are decided otherwise, then how many are decided how."""
        if not self._pairs and not self._unread:
            return
        call, rules = Column("call", overflow="fold"), Column("rules", overflow="fold")
        table = Table("session", "tool", call, "was", "would be", rules)
        for pair in self._differing[:_ROWS]:
            stricter = pair.after.action.strictness > pair.before.action.strictness
            table.add_row(
                short(pair.session.id),
                Text(_line(pair.after.call.tool)),
                Text(_line(pair.after.call.arguments)),
                pair.before.action.value,
                Text(pair.after.action.value, style="red" if stricter else "green"),
                ", ".join(pair.rules) or "–",
            )
        if self._differing:
            console.print(table)
        if len(self._differing) > _ROWS:
            console.print(f"… and {len(self._differing) - _ROWS} more calls; --json has all.")
        data = self.data()
        told = [f"{count} {name}" for name, count in data["after"].items() if count]
        if self._unread:
            told.append(f"{self._unread} that could not be read")
        console.print(f"{data['total']} tool calls, under these policies: {', '.join(told)}.")

    @property
    def _differing(self) -> list[_Pair]:
        return [pair for pair in self._pairs if pair.differs]


def _counted(actions: Iterable[Action]) -> dict[str, int]:
    counts = Counter(actions)
    return {name: counts[action] for action, name in _WORDS.items()}


def _line(text: str) -> str:
    line = visible(text[:_SHOWN])
    return line if len(text) <= _SHOWN else f"{line}…"
