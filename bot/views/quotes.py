"""What a rule found, quoted in its surroundings: each stretch of text once. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.passage import PassageKind, most_telling
from app.domain.segment import Role
from bot.slack import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.domain.passage import Excerpt, Passage
    from app.domain.verdict import FiredRule
    from bot.slack.text import Markup

_MOST = 3
_CONTEXT = 15
_LIMIT = 160
_WHOSE = {
    Role.TOOL: "from a tool",
    Role.ASSISTANT: "from the model",
    Role.SYSTEM: "system prompt",
    Role.USER: "added by the agent",
}
# A blank of no width lets bold begin and end within a word.
_BOUNDARY = text.ours("\u200b")


@dataclass(slots=True)
class _Line:
    """A stretch of text with the places in it that were found."""

    place: str
    whole: str
    found: list[tuple[int, int]]

    def take(self, excerpt: Excerpt) -> bool:
        """Mark an excerpt that lies in this stretch; False where it does not."""
        if excerpt.place != self.place:
            return False
        lead = excerpt.before[-_CONTEXT:]
        at = self.whole.find(lead + excerpt.words + excerpt.after[:_CONTEXT])
        if at < 0:
            return False
        start = at + len(lead)
        self.found.append((start, start + len(excerpt.words)))
        return True


def passages(fired: FiredRule, most: int) -> list[Markup]:
    """Quote the open passages of a rule, the newest typed one first, with whose words each is."""
    found = most_telling(fired.question.passages) if fired.question else []
    return [
        text.join(quote(passage, fired.excerpts), text.ours(f"  _({whose(passage)})_"))
        for passage in found[:most]
        if passage.excerpt
    ]


def quote(passage: Passage, also: Iterable[Excerpt] = ()) -> Markup:
    """Quote what was found first in a passage; empty where that is not kept.

    What is `also` found in the stretch that is shown is marked as well.
    """
    if passage.excerpt is None:
        return text.ours("")
    line = _line(passage.excerpt)
    for excerpt in also:
        line.take(excerpt)
    return _draw(line)


def whose(passage: Passage) -> str:
    if passage.kind is PassageKind.TYPED:
        return "typed"
    return _WHOSE.get(passage.role, "other text")


def quotes(fired: FiredRule) -> list[Markup]:
    """Quote what was found, three lines at most, and say how much more there is."""
    lines: list[_Line] = []
    taken = 0
    for excerpt in sorted(fired.excerpts, key=lambda e: -len(e.before + e.words + e.after)):
        if any(line.take(excerpt) for line in lines):
            taken += 1
        elif len(lines) < _MOST:
            lines.append(_line(excerpt))
            taken += 1
    drawn = [_draw(line) for line in _in_order(lines, fired.excerpts)]
    if drawn and fired.findings > taken:
        drawn[-1] = text.join(drawn[-1], text.ours(f"  _(+{fired.findings - taken} more)_"))
    return drawn


def quotes_at(fired: FiredRule, place: str) -> list[Markup]:
    """Quote what was found at one place of the request; nothing where nothing was."""
    here = tuple(excerpt for excerpt in fired.excerpts if excerpt.place == place)
    return quotes(replace(fired, excerpts=here, findings=len(here)))


def _line(excerpt: Excerpt) -> _Line:
    start = len(excerpt.before)
    whole = excerpt.before + excerpt.words + excerpt.after
    return _Line(excerpt.place, whole, [(start, start + len(excerpt.words))])


def _in_order(lines: list[_Line], excerpts: Sequence[Excerpt]) -> list[_Line]:
    """Put the lines in the order of the excerpts that they were made of."""
    wholes = [(e.place, e.before + e.words + e.after) for e in excerpts]
    return sorted(lines, key=lambda line: wholes.index((line.place, line.whole)))


def _draw(line: _Line) -> Markup:
    parts, end = [text.ours("> ")], 0
    for start, stop in _joined(line.found):
        parts += [_words(line.whole[end:start]), _gap(line.whole[:start][-1:])]
        parts += [text.bold(line.whole[start:stop], _LIMIT), _gap(line.whole[stop:][:1])]
        end = stop
    return text.join(*parts, _words(line.whole[end:]))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans that touch, so that bold never begins within bold."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def _words(part: str) -> Markup:
    return text.words(part, _LIMIT)


def _gap(beside: str) -> Markup:
    return text.ours(" ") if beside.isspace() else _BOUNDARY
