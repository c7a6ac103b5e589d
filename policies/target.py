"""What is looked for: one pattern made ready for texts that are whole, and for those in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.automaton import Automaton
from policies.charset import Lookup
from policies.pattern import Chars, PatternError, Repeat
from policies.shape import Opening, beyond, check, openings

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.pattern import Pattern


class Target:
    """One pattern made ready. With a context, only what follows the context is the match.

    `valid` sees the text of a match, folded and without invisible characters, and may refuse it.
    `words` are what the pattern was made of, if it was made of words.
    Raises PatternError where the pattern could not be followed in a stream.
    """

    __slots__ = (
        "beyond",
        "bound",
        "closes",
        "context",
        "guarded",
        "held",
        "id",
        "nodes",
        "not_after",
        "not_before",
        "openings",
        "secret",
        "tail",
        "valid",
        "words",
    )

    def __init__(
        self,
        id: str,  # noqa: A002 - it is the word that the catalog uses
        pattern: Pattern,
        *,
        context: Pattern | None = None,
        valid: Callable[[str], bool] | None = None,
        words: str = "",
    ) -> None:
        check(pattern, whole=valid is not None)
        first = pattern if context is None else context
        if context is not None:
            if len(context.not_after) > 0:
                raise PatternError(r"a context cannot end in \b; the pattern follows at once")
            check(context, whole=True)
        self.id = id
        self.words = words
        self.valid = valid
        self.held = context is None
        self.nodes = (pattern.node,) if context is None else (context.node, pattern.node)
        self.openings: tuple[Opening, ...] = openings(first)
        self.not_before = first.not_before
        self.not_after = pattern.not_after
        self.guarded = len(pattern.not_after) > 0
        self.closes = Lookup(pattern.not_after.edge())
        self.secret = Automaton(pattern.node)
        self.tail, self.bound = beyond(pattern)
        self.beyond = Automaton(Repeat(Chars(self.tail), 1, None)) if len(self.tail) else None
        self.context = Automaton(context.node) if context is not None else None
