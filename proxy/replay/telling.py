"""From recorded bytes to what a page draws: read, masked by the rules of now, and drawn. Pure.

It is work for another process where it is large, so it takes and gives what can be pickled.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from app.domain.segment import Role
from app.domain.verdict import FiredRule
from app.pages import NOTHING_CLEAN, Clean
from app.pieces import Cutter
from app.replay.blocks import Block, BlockKind, answer_blocks, request_blocks
from app.replay.text_search import Content
from proxy.replay.drawing import Drawn, Findings, drawn
from proxy.replay.markup import DrawingEffort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from policies.compiled_catalog import Catalog

_Key: TypeAlias = "tuple[str, ...]"
_MOST_NAMES = 1024
"""Of tools, and places of images, that are remembered with their masks for one page."""


@dataclass(frozen=True, slots=True)
class Recorded(Content):
    """What a session says, and the rules that fired on it.

    What was read as blocks already is in `asked` and `answered`, in place of the bytes.
    """

    fired: tuple[FiredRule, ...]
    pieces: tuple[bytes, ...] = ()
    """Of the body of the request, in place of that: several sessions have the same ones."""
    asked: tuple[Block, ...] = ()
    answered: tuple[Block, ...] = ()
    clean: Clean = NOTHING_CLEAN
    cutter: Cutter | None = None
    """What names texts as `clean` does."""
    is_end: bool = False
    """Whether `answered` is only the end of the answer."""
    is_pending: bool = False
    """Whether a part of it cannot be read yet."""

    @property
    def effort(self) -> int:
        """How much there is to read: bytes, and characters of what was read as blocks already."""
        read = sum(len(block.text) for block in (*self.asked, *self.answered))
        return self.size + sum(map(len, self.pieces)) + read

    @property
    def blocks(self) -> Blocks:
        body = b"".join(self.pieces) or self.request.body
        return Blocks(
            self.asked or request_blocks(self.wire, replace(self.request, body=body)),
            self.answered or answer_blocks(self.answer, self.chunks),
        )


@dataclass(frozen=True, slots=True)
class Blocks:
    """What a session says: `Block`s on the way, `Drawn` in the end."""

    asked: tuple[Block, ...]
    answered: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class DrawnHalves:
    asked: tuple[Drawn, ...] = ()
    answered: tuple[Drawn, ...] = ()
    is_cut: bool = False
    """Whether they are only the end of what was said."""


def told(sessions: Sequence[Recorded], most: int, catalog: Catalog) -> list[DrawnHalves]:
    """Return sessions as they are drawn; of several, each with what it added to those before.

    `most` is how many characters of each half are drawn, its end; 0 for all.
    """
    halves = [one.blocks for one in sessions]
    if len(halves) > 1:
        halves = only_new(halves)
    texts = [block.text for half in halves for block in (*half.asked, *half.answered)]
    touched = set(texts) - _clean_texts(sessions, set(texts), catalog.looks)
    mask = catalog.mask_together(texts, touched)
    drawn = drawn_masked(halves, [one.fired for one in sessions], catalog, mask, most)
    return [
        replace(half, is_cut=half.is_cut or one.is_end)
        for half, one in zip(drawn, sessions, strict=True)
    ]


def masked_and_drawn(
    halves: Sequence[Blocks],
    fired: Sequence[tuple[FiredRule, ...]],
    catalog: Catalog,
    most: int = 0,
) -> list[DrawnHalves]:
    """Mask all of it together: a value that is named in one text is masked in the others.

    So all of it is looked through, and a block is masked before it is cut.
    """
    texts = [block.text for half in halves for block in (*half.asked, *half.answered)]
    return drawn_masked(halves, fired, catalog, catalog.mask_together(texts), most)


def _clean_texts(sessions: Sequence[Recorded], texts: Iterable[str], looks: str) -> set[str]:
    """Return the texts that were found clean when one of the sessions was recorded.

    The last requests of a conversation are the largest, and repeat what the first ones said.
    """
    known: dict[bytes, tuple[Cutter, set[bytes]]] = {}
    for one in sessions:
        if one.cutter is not None and one.clean.by == looks:
            _, digests = known.setdefault(one.cutter.digest(""), (one.cutter, set()))
            digests |= one.clean.digests
    return {
        text
        for cutter, digests in known.values()
        for text in texts
        if cutter.digest(text) in digests
    }


def drawn_masked(
    halves: Sequence[Blocks],
    fired: Sequence[tuple[FiredRule, ...]],
    catalog: Catalog,
    mask: Callable[[str], str],
    most: int = 0,
) -> list[DrawnHalves]:
    """Draw what `mask` leaves; `most` as for `told`."""
    masking = _Masking(mask)
    effort = DrawingEffort()

    def drawn_half(half: Blocks, rules: tuple[FiredRule, ...]) -> DrawnHalves:
        asked, is_cut = masking.end(half.asked, most)
        answered, is_also_cut = masking.end(half.answered, most)
        told_last = drawn(answered, Findings((), catalog.labels, effort))
        told_first = drawn(asked, Findings(rules, catalog.labels, effort))
        return DrawnHalves(told_first, told_last, is_cut=is_cut or is_also_cut)

    newest_first = zip(reversed(halves), reversed(fired), strict=True)
    return [drawn_half(half, rules) for half, rules in newest_first][::-1]


class _Masking:
    """Masks those blocks that are shown."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._name = lru_cache(_MOST_NAMES)(mask)

    def end(self, blocks: Sequence[Block], most: int) -> tuple[tuple[Block, ...], bool]:
        """Return the last blocks that have not more characters, masked, and whether that is a part.

        The first of them may be cut; 0 is for all of them.
        """
        if not most:
            return tuple(map(self.masked, blocks)), False
        kept: list[Block] = []
        room = most
        for block in map(self.masked, reversed(blocks)):
            text = block.text[max(len(block.text) - room, 0) :]
            kept.append(replace(block, text=text))
            room -= len(block.text)
            if room <= 0:
                break
        return tuple(reversed(kept)), room < 0 or len(kept) < len(blocks)

    def masked(self, block: Block) -> Block:
        return replace(
            block,
            text=self._mask(block.text),
            tool=self._name(block.tool) if block.tool else "",
            # The place of an image is in the address that shows it.
            is_image=block.is_image and self._name(block.place) == block.place,
        )


def only_new(found: Sequence[Blocks]) -> list[Blocks]:
    """Leave out of each what a session before it says as often: agents send the whole history.

    What the model has answered comes back as history, and is not shown again.
    """
    said, answered = Counter[_Key](), set[tuple[BlockKind, str]]()
    new: list[Blocks] = []
    for half in found:
        here = Counter[_Key]()
        asked: list[Block] = []
        for block in half.asked:
            key = _key(block)
            here[key] += 1
            if here[key] > said[key] and not _echoes(block, answered):
                asked.append(block)
        said |= here
        answered |= {_gist(block) for block in half.answered}
        new.append(replace(half, asked=tuple(_with_tools(asked, half.asked))))
    return new


def _echoes(block: Block, answered: set[tuple[BlockKind, str]]) -> bool:
    if block.role is not Role.ASSISTANT:
        return False
    # Thinking may come back shortened, or signed anew.
    return _gist(block) in answered or (block.kind is BlockKind.THINKING and bool(answered))


def _gist(block: Block) -> tuple[BlockKind, str]:
    """Return what stays the same of something said, however it is spaced."""
    return block.kind, "".join(block.text.split())


def _with_tools(asked: Iterable[Block], all_of_it: Sequence[Block]) -> Iterable[Block]:
    """Name the tool of each result, whose call is not shown beside it any more."""
    tools = {block.call_id: block.tool for block in all_of_it if block.kind is BlockKind.CALL}
    for block in asked:
        is_result = block.kind is BlockKind.RESULT and not block.tool
        yield replace(block, tool=tools.get(block.call_id, "")) if is_result else block


def _key(block: Block) -> _Key:
    return (block.role.value, block.kind.value, block.tool, block.call_id, block.text)
