r"""Values in quotes, as languages write them: which characters belong to one, and where it ends.

A backslash keeps a quote inside (`"a\"b"`), YAML and SQL write it twice (`'it''s'`), a shell leaves
the quotes for it (`'it'"'"'s'`), and in a string within JSON all of it has one backslash more
(`\"a\\\"b\"`).
"""

from __future__ import annotations

from dataclasses import replace

from policies.patterns.pattern import Alt, Chars, Node, Pattern, Repeat, Seq, parse, parse_class

_INSIDE = r"[A-Za-z0-9!#$%*@^_~]"
"""What follows a quote that is part of the value though nothing marks it so."""
_UNITS = {
    '"': rf'[^"\n]|\\"|""[^"\s]|"{_INSIDE}',
    "'": rf"""[^'\n]|\\'|''|'"'"'|'\\''|'{_INSIDE}""",
    "`": r"[^`\n]|\\`",
    '\\"': r'[^"\\\n]|\\[^"\n]|\\\\\\"',
    "\\'": r"[^'\\\n]|\\[^'\n]|\\\\\\'",
}
_NOT_AFTER = {
    quote: parse_class(rf"[^{quote[0]}]" if quote[0] != "\\" else r"[^\\]") for quote in _UNITS
}


def quoted_patterns(pattern: Pattern) -> dict[str, Pattern]:
    """Return a pattern as it is inside of each kind of quotes: there, `.` is one character."""
    return {
        quote: Pattern(
            _inside(pattern.node, parse(f"(?:{unit})").node), not_after=_NOT_AFTER[quote]
        )
        for quote, unit in _UNITS.items()
    }


def bare_pattern(pattern: Pattern) -> Pattern:
    """Return a pattern as it is where no quote stands before the value."""
    return replace(pattern, node=_inside(pattern.node, Chars(_BARE)))


_ANY = parse(".").node
_BARE = parse_class(r"""[^\s"'`\\<]""")


def _inside(node: Node, unit: Node) -> Node:
    match node:
        case Chars() if node == _ANY:
            return unit
        case Repeat(item, low, high):
            return Repeat(_inside(item, unit), low, high)
        case Seq(items):
            return Seq(tuple(_inside(item, unit) for item in items))
        case Alt(options):
            return Alt(tuple(_inside(option, unit) for option in options))
        case _:
            return node
