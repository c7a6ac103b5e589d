"""A hold in one line: who asks which model for what, or calls which tool, and how it ended. Pure.

The line is composed of words from outside, so they may hold none of the signs that give it its
structure: a person called "✅ Approved: Eve" is shown as "Approved Eve".
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.identity import IdentityKind
from app.domain.passage import most_telling
from bot.slack import text
from bot.views.calls import words
from policies.approvals.endings import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.passage import Excerpt
    from app.domain.verdict import FiredRule

LIMIT = 150
"""What Slack takes as a header."""
_WHO, _TARGET, _WORDS = 40, 32, 24
_STRANGE = "□"
"""Stands in a command for a sign that could be taken for one of ours."""
_MOST_WORDS = 3
_MASKED = re.compile(r"\[[^\]]*\]")
_KEPT = frozenset("-_.,'’@/+&()#")
# Letters that look like a colon.
_COLONS = frozenset("\u02d0\u02d1\ua789")
_ENDS = {
    HoldState.PENDING: "",
    HoldState.APPROVED: "✅ Approved: ",
    HoldState.RELEASED: "✅ Approved: ",
    **{state: f"{told.mark} {told.title}: " for state, told in ENDINGS.items()},
}


def headline(hold: Hold) -> str:
    """Return the line, still to be escaped, of at most LIMIT characters once it is."""
    lead = f"{_end(hold)}{subject(hold)}: "
    return text.shortened(lead + _what(hold), LIMIT)


def subject(hold: Hold) -> str:
    """Say who calls which tool; or who asks which model, or connection where no model is named."""
    # Models and tools have no blanks in their names: what has is no name, but words of somebody.
    name = hold.tool.tool if hold.tool else hold.model
    target = "_".join(_inert(name).split()) or _inert(hold.connection)
    return f"{text.shortened(_who(hold.requester), _WHO)} → {text.shortened(target, _TARGET)}"


def _end(hold: Hold) -> str:
    if any(vote.broke_glass for vote in hold.votes):
        return "🚨 Break-glass: "
    if hold.change:
        return _ENDS[hold.state].replace("Approved", "Approved with a change")
    return _ENDS[hold.state]


def _who(identity: Identity) -> str:
    if identity.kind is IdentityKind.PERSON:
        names = map(_inert, (identity.name, identity.email, identity.subject))
        return next(filter(None, names), "Somebody")
    vouched = identity.proven.repository if identity.proven else ""
    return f"CI job {_inert(vouched or identity.name)}"


def _what(hold: Hold) -> str:
    """Return the words that were found, or the title of the rule where there are none to show."""
    if hold.tool:
        return "".join(map(_unlike_ours, words.lead(hold.tool)))
    decisive = hold.verdict.decisive
    if decisive is None:
        return "no rule is named"
    found: dict[str, str] = {}
    for excerpt in _excerpts(decisive):
        # A secret has its label in its place, which says nothing that the title does not.
        said = "" if _MASKED.search(excerpt.words) else _inert(excerpt.words)
        if said:
            found.setdefault(said.casefold(), text.shortened(said, _WORDS))
    wholes = [told for key, told in found.items() if not _is_part(key, found)]
    return ", ".join(wholes[:_MOST_WORDS]) or _inert(decisive.title) or _inert(decisive.rule)


def _unlike_ours(char: str) -> str:
    """Keep all signs of a command that keyboards have: each may matter."""
    return char if char.isascii() or _is_inert(char) or char in "⟨⟩…" else _STRANGE


def _excerpts(fired: FiredRule) -> list[Excerpt]:
    """Return what was found in what people decide on, the newest words first."""
    if fired.question is None or not fired.question.passages:
        return list(fired.excerpts)
    shown = [passage.excerpt for passage in most_telling(fired.question.passages)]
    places = {excerpt.place for excerpt in shown if excerpt}
    beside = [excerpt for excerpt in fired.excerpts if excerpt.place in places]
    return [*filter(None, shown), *beside]


def _is_part(words: str, found: Iterable[str]) -> bool:
    return any(words in other and words != other for other in found)


def _inert(words: str) -> str:
    """Return words from outside without any sign of our own, on one line."""
    return text.one_line("".join(char if _is_inert(char) else " " for char in words))


def _is_inert(char: str) -> bool:
    return (unicodedata.category(char)[0] in "LMN" and char not in _COLONS) or char in _KEPT
