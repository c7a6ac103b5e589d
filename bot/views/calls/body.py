"""A held tool call on its card and in View full: all that it would do, and what led to it. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bot.slack import blocks, preformatted, text
from bot.slack.preformatted import Revealed, folded, revealed
from bot.views.calls.words import shown
from policies.calls.arguments import is_shortened
from policies.calls.reading import CallView, read_call

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.tool_call import HeldCall
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

ROWS = 12
_LIST_ROWS = 5
_MOST_BEFORE = 5
_MOST_BESIDE = 8
_PIECE = 2_500
_PAGE = 12_000
_ENOUGH = 2_000
_HIDDEN = text.ours(
    "⚠️ Some characters of it would not show. Here they stand as their code points: ⟨U+200B⟩."
)

_LEFT_OUT = text.ours(
    "⚠️ This call is too long to be shown whole, here or in *View full*. What is left out runs too."
)


def call_blocks(call: HeldCall, *, rows: int = ROWS) -> list[Block]:
    """Show what a call would do, folded where it is long."""
    return _drawn(call.arguments, rows)


def lines(call: HeldCall) -> list[Markup]:
    """Show the beginning of it in a list, a line each."""
    part = folded(_told(call.arguments).text, _LIST_ROWS)
    told = [text.code(line, 300) for line in part.text.split("\n")]
    return [*told, text.ours(f"… and {part.left}")] if part.left else told


def changed_blocks(hold: Hold, *, rows: int = ROWS) -> list[Block]:
    """Show what it does by the change of an approver; nothing where nobody made one."""
    if not hold.change:
        return []
    lead = blocks.context(text.ours("✏️ *Changed by the approver.* What runs is this:"))
    return [lead, *_drawn(hold.change, rows)]


def is_folded(call: HeldCall) -> bool:
    """Whether a card shows only the beginning of it."""
    return bool(folded(_told(call.arguments).text, ROWS).left)


def facts(call: HeldCall) -> Markup:
    """Tell the tool, the folder, and the ask that led to the call."""
    named = text.join(text.ours("*Tool:* "), text.code(shown(call.tool), 80))
    if call.folder:
        named = text.join(named, text.ours(" in "), text.code(shown(call.folder), 200))
    lines = [named]
    if call.ask:
        lines.append(text.join(text.ours("*Asked:* "), text.words(call.ask[:_ENOUGH], 400)))
    return text.join(*lines, by="\n")


def before(call: HeldCall) -> list[Markup]:
    """Tell what ran before it, the latest last."""
    ran = call.before[-_MOST_BEFORE:]
    lines = [text.code(shown(line), 160) for line in ran]
    return [text.join(text.ours("Before: "), *lines, by="\n")] if lines else []


def pages(hold: Hold) -> tuple[list[Block], ...]:
    """Return the whole call, in pages for a modal; none where what waits is no call."""
    if hold.tool is None:
        return ()
    told = revealed(_whole(hold.tool.arguments))
    warned = [blocks.context(_HIDDEN)] if told.hidden else []
    return tuple(
        [*warned, *(preformatted.block(piece) for piece in preformatted.pieces(page, _PIECE))]
        for page in preformatted.pieces(told.text, _PAGE)
    )


def said_blocks(arguments: str) -> list[Block]:
    """Show a call that a model made, with all its arguments.

    It is cut where it would take much more room than its text has, since code points stand in it
    for what would not show: a view takes a hundred blocks.
    """
    told, room = revealed(_whole(arguments)).text, max(_PIECE, 2 * len(arguments))
    if left := len(told[room:]):
        told = f"{told[:room]}… and {left:,} more characters"
    return [preformatted.block(piece) for piece in preformatted.pieces(told, _PIECE)]


def _whole(arguments: str) -> str:
    reading = read_call(arguments)
    return "\n".join((reading.text, *(f"{name}: {value}" for name, value in reading.beside)))


@lru_cache(maxsize=16)
def _told(arguments: str) -> Revealed:
    return revealed(read_call(arguments).text)


def _drawn(arguments: str, rows: int) -> list[Block]:
    reading, told = read_call(arguments), _told(arguments)
    part = folded(told.text, rows)
    drawn = [preformatted.block(part.text)]
    is_cut = is_shortened(arguments)
    more = "more" if is_cut else "all"
    notes = [text.ours(f"… and {part.left}: *View full* shows {more} of it")] if part.left else []
    notes += [_LEFT_OUT] if is_cut else []
    notes += [_HIDDEN] if told.hidden or _hides(reading) else []
    notes += [text.join(*beside, by=" · ")] if (beside := _beside(reading)) else []
    return [*drawn, blocks.context(text.join(*notes, by="\n"))] if notes else drawn


def _hides(reading: CallView) -> bool:
    return any(revealed(part).hidden for argument in reading.beside for part in argument)


def _beside(reading: CallView) -> list[Markup]:
    told = [
        text.code(f"{shown(name)}: {shown(value)}", 200)
        for name, value in reading.beside[:_MOST_BESIDE]
    ]
    more = len(reading.beside) - _MOST_BESIDE
    return [*told, text.ours(f"and {more} more arguments")] if more > 0 else told
