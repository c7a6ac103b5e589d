"""What became of a hook's question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.hold import Hold
from app.domain.record.session import Decision, RecordedCall
from app.ids import short
from app.wire import strict_json
from proxy.record.refusing import ending

if TYPE_CHECKING:
    from app.domain.verdict import Verdict
    from app.errors import Refused
    from app.wire.base import Json


@dataclass(frozen=True, slots=True)
class Result:
    """`decision` is the record's; a hook that is not allowed to go on is told to deny."""

    allows: bool
    decision: Decision
    rules: tuple[str, ...]
    """Ids of the enforced rules that fired."""
    message: str = ""
    hold: Hold | None = None
    claimed: Hold | None = None
    """The hold of a text whose approval it has used up."""
    arguments: str | None = None
    """With which a call has to be made, as JSON, where they are others."""
    calls: tuple[RecordedCall, ...] = ()
    """The call, for the record."""

    def line(self) -> bytes:
        """Spell it for the hook."""
        said: dict[str, Json] = {
            "state": "decided",
            "decision": "allow" if self.allows else "deny",
            "message": self.message,
            "rules": list(self.rules),
            "card": short(self.hold.id) if self.hold else "",
        }
        if self.arguments is not None:
            said["arguments"] = strict_json.parse(self.arguments.encode())
        return strict_json.dump(said) + b"\n"


def rules_of(verdict: Verdict) -> tuple[str, ...]:
    return tuple(fired.rule for fired in verdict.enforced)


def refused_as(refused: Refused, hold: Hold | None) -> Result:
    """Return the denial of what is refused, and of what people have not decided yet."""
    rules = (refused.rule,) if refused.rule else ()
    decision = ending(refused) or Decision.PENDING
    return Result(allows=False, decision=decision, rules=rules, message=str(refused), hold=hold)
