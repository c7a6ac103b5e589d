"""What is looked for: one pattern made ready for texts that are whole, and for those in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.patterns.automaton import Automaton
from policies.patterns.beginnings import beginning
from policies.patterns.charset import ANY, Lookup
from policies.patterns.normalise import TRANSPARENT
from policies.patterns.openings import Opening, beyond, check, openings
from policies.patterns.pattern import Chars, PatternError, Repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policies.patterns.automaton import State
    from policies.patterns.charset import CharSet
    from policies.patterns.pattern import Node, Pattern


_MAX_WALKS = 1000


class Value:
    """The part of a target that is masked.

    `beyond` follows a token behind the bound of its pattern (see `shape.beyond`).
    """

    __slots__ = ("beyond", "bound", "closes", "ends_with_text", "guarded", "secret", "tail")

    def __init__(self, pattern: Pattern) -> None:
        self.secret = Automaton(pattern.node)
        self.guarded = pattern.guarded
        self.closes = Lookup(pattern.closing())
        self.ends_with_text = len(pattern.followed_by) == 0
        self.tail, self.bound = beyond(pattern)
        self.beyond = Automaton(Repeat(Chars(self.tail), 1, None)) if len(self.tail) else None

    def takes(self, ch: str, length: int) -> bool:
        """Whether a token of so many characters, whose pattern ends, goes on with this one."""
        return self.beyond is not None and length >= self.bound and not self.beyond.start[ch].dead


class Target:
    """One pattern made ready. With a context, only what follows the context is the match.

    `valid` sees the text of a match, folded and without invisible characters, and may refuse it;
    so does `harmless`, which is given the characters in front of the match first (`ends.BESIDE`).
    `words` are what the pattern was made of, if it was made of words. `quoted` are the patterns
    that take the place of the pattern where the context ends with these quotes. One that is `exact`
    is a value that is known; it is a match within an opaque run as well (see `runs`).
    `source` names all that it was made of, where that is known.
    Raises PatternError where the pattern could not be followed in a stream.
    """

    __slots__ = (
        "_walks",
        "checked",
        "context",
        "exact",
        "followed_by",
        "harmless",
        "held",
        "id",
        "nodes",
        "not_after",
        "not_before",
        "openings",
        "quoted",
        "source",
        "valid",
        "value",
        "words",
    )

    def __init__(  # noqa: PLR0913 - each is a part of a detector
        self,
        id: str,  # noqa: A002 - it is the word that the catalog uses
        pattern: Pattern,
        *,
        context: Pattern | None = None,
        valid: Callable[[str], bool] | None = None,
        harmless: Callable[[str, str], bool] | None = None,
        words: str = "",
        quoted: Mapping[str, Pattern] | None = None,
        known: tuple[Opening, ...] | None = None,
    ) -> None:
        """`known` are its openings where they were found before: to find them takes longest."""
        for each in (pattern, *(quoted or {}).values()):
            check(each, whole=valid is not None or harmless is not None)
        first = pattern if context is None else context
        if context is not None:
            if len(context.not_after) > 0:
                raise PatternError(r"a context cannot end in \b; the pattern follows at once")
            check(context, whole=True)
        self.id = id
        self.words = words
        self.exact = False
        self.source = ""
        self.valid = valid
        self.harmless = harmless
        self.checked = valid is not None or harmless is not None
        self.held = context is None
        self.nodes = (pattern.node,) if context is None else (context.node, pattern.node)
        self.openings: tuple[Opening, ...] = openings(first) if known is None else known
        self.not_before = first.not_before
        self.not_after = pattern.not_after
        self.followed_by = pattern.followed_by
        self.value = Value(pattern)
        self.quoted = {quote: Value(each) for quote, each in (quoted or {}).items()}
        self.context = Automaton(context.node) if context is not None else None
        self._walks: dict[str, State] = {}

    @property
    def beginning(self) -> Node:
        """What begins each match; see `beginnings`."""
        # What stands in quotes is another pattern than what does not.
        nodes = (self.nodes[0], Chars(ANY)) if self.quoted else self.nodes
        return beginning(nodes, self.openings)

    def counts(self, text: str, before: str) -> bool:
        """Whether a match is what it looks like; `before` is what it has in front of it."""
        if self.valid is not None and not self.valid(text):
            return False
        return self.harmless is None or not self.harmless(before, text)

    def walked(self, opening: str) -> State:
        """Return where its opening leads; the first state on the way in which no match goes on."""
        reached = self._walks.get(opening)
        if reached is None:
            state = (self.context or self.value.secret).start
            for ch in opening:
                state = state if ch == TRANSPARENT else state[ch]
                if not state.passing:
                    break
            if len(self._walks) >= _MAX_WALKS:
                self._walks.clear()
            reached = self._walks[opening] = state
        return reached

    def value_after(self, before: str) -> Value:
        """Return what the value is like behind a context that ends with these two characters."""
        return self.quoted.get(before) or self.quoted.get(before[-1:]) or self.value


def exact_target(id: str, pattern: Pattern) -> Target:  # noqa: A002 - as above
    """Return a target for a value that is known."""
    target = Target(id, pattern)
    target.exact = True
    return target


class LateTarget(Target):
    """A target that is known to be good, and made of its pattern when a text may have a match."""

    __slots__ = ("_make",)

    def __init__(
        self,
        id: str,  # noqa: A002 - it is the word that the catalog uses
        source: str,
        make: Callable[[], Target],
        *,
        openings: tuple[Opening, ...],
        not_before: CharSet,
        held: bool,
    ) -> None:
        """What is given besides is what finds such texts."""
        self.id = id
        self.source = source
        self.words = ""
        self.exact = False
        self.openings = openings
        self.not_before = not_before
        self.held = held
        self._make = make

    def __getattr__(self, name: str) -> object:
        """Make the rest, of which this is the first that is asked for."""
        if name not in Target.__slots__:
            raise AttributeError(name)
        made = self._make()
        for slot in Target.__slots__:
            if slot != "source":
                setattr(self, slot, getattr(made, slot))
        return getattr(self, name)
