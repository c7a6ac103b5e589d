"""Detectors made ready: named kinds of secrets and of personal data."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policies.checks.harmless import harmless, not_personal
from policies.checks.validators import build
from policies.files.fields import GROUPS, DetectorKind
from policies.files.model import DetectorSpec
from policies.glob import any_of
from policies.matching.target import Target
from policies.patterns.charset import NOTHING
from policies.patterns.openings import MAX_REACH, longest
from policies.patterns.pattern import Pattern, parse, parse_class
from policies.patterns.quotes import bare_pattern, quoted_patterns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.files.examples import ExamplesSpec
    from policies.patterns.openings import Opening


_QUOTE = r"""\\{0,3}["'`]"""
_OPERATOR = (
    r"(?:=>|:{1,3}=|[?|+.!]{0,2}={1,3}|<-|\|\||\?\?|\?:|[:,>|(\t#]| is| was| to| no\."
    r"|: ?[&\w.<>|\[\]]{1,24} ?=| -{1,2} )"
)
_GAP = (
    r"(?:\s{0,3}|\s?[|>][+-]?\n[ \t]{1,12}|\n[ \t]{4,16})"
    r"(?:\[\s{0,8}|[!&][\w-]{1,16} |(?:Some|(?:\w{1,16}::)?(?:from|new))\()?"
)
"""What stands behind the operator: a block of YAML, a list, a tag, what Rust wraps it in."""
_ELSEWHERE = (
    r"""\\?["'] {1,3}(?:value|content)=\\?["']"""  # an attribute beside the one with the name
    r"""|["']?,\s{0,16}["']?\w{0,12}value["']? ?: ?["']"""  # the member after the one with the name
    r"""|["'] ?/>\s{1,12}<value[=>]["']?"""
    r"""|\\?["']?:?(?:[\s>#+|]|\\n){1,24}value: ?\\?["']?"""  # names and values in YAML
    r"""|["']?\s?[:=]\s?\{\s{0,8}["']?(?:value|default)["']?\s?[:=]\s?["']"""
    r"""|["'`]?\s{0,3}</\w{1,12}>\s{0,12}<\w{1,12}>"""  # the next cell or element
    r"""|["'] translatable=["']\w{4,5}["']>"""  # Android
    r"""|["']>\s{0,8}<\w{1,16}:\w{1,24}>"""  # the element in the one with the name
    r"""|["'`]?\) ?values ?\(["']"""  # SQL
    r"""| {1,2}(?:--(?:body|value|data)|-b)[ =]["']?"""
    r"""|` ?(?:par|como|den Wert|auf|to|con(?: el valor)?|com o valor|por|"""  # a sentence
    r"""(?:设|設)[^ -~]{1,3}|を|に) ?`"""
    r"""| As \w{1,16} = ["']"""  # Basic
    r"""| \{ ?get; ?(?:set|init); ?\} = \\?["']"""
    r"""| {0,2}:?= ?[\w.:]{1,40}\([^()\n]{0,40}\) ?(?:\?\?|\?:|\|\||or) ?["']"""  # or else
    r"""|\n["']"""  # what an interactive shell answers
    r"""| {0,2}=>? ?\\\n[ \t]{0,24}["']"""  # a line that goes on in the next
)
_TERRAFORM = r"""[\w-]{0,24}["'] \{[^}]{0,120}default\s{0,4}=\s{0,3}\\?["']"""  # a variable of it
_REST = r"(?:d|[\w .\[\]-]{0,22}(?:[A-CE-Za-ce-z0-9_ .\[\]-]|[A-HJ-Za-hj-z0-9_ .\[\]-]d))?"
"""What a name has behind the word that gives it away. With `id` at its end it names no secret."""
_NAME_ENDS = rf"{_REST}(?:{_QUOTE}|\*\*)?[\])]?"
_ASSIGNS = (
    rf"{_NAME_ENDS}\s{{0,3}}{_OPERATOR}{_GAP}(?:\*\* ?)?(?:[rbufN@]?{_QUOTE}){{0,3}}"
    r"(?:Bearer |Token |Basic )?"
    rf"|{_NAME_ENDS}(?:{_ELSEWHERE})"
    rf"|[_-][\w-]{{2,24}} {{1,3}}(?:{_QUOTE})?"
    rf"|{_TERRAFORM}"
)
"""What stands between a name and its value in code, JSON, YAML, tables, headers, commands."""

_BESIDE = (
    r"[^0-9\n]{0,32}"
    r"(?:(?:\n[^0-9\n]{0,18})?[^0-9A-Za-z\n]"
    r"|\n(?:[0-9]{1,6}[,;\t|] ?)?[\"']?"  # the head of a column
    r"|VALUES ?\([0-9]{1,6}, ?[\"']?"
    r"|\n\[?[0-9]{1,2}:[0-9]{2}\]? [^0-9\n]{1,24}[ :,])"  # what somebody answers
)
"""What stands between a name and a number of a person, which its check digit tells from others:
people say `the customer with BSN 111222333`."""

_QUOTES = (
    rf"[\w.\[\]-]{{0,24}}(?:{_QUOTE}|\*\*)?[\])]?"
    rf"(?:(?:\s{{0,3}}| {{4,16}}){_OPERATOR}{_GAP}(?:\*\* ?)?[rbufN@]?| {{1,2}}){_QUOTE}"
    rf"|[\w.-]{{0,24}}(?:{_ELSEWHERE})"
    rf"|{_TERRAFORM}"
)
"""As `_ASSIGNS`, where the value stands in quotes."""

_HARMLESS = {DetectorKind.SECRET: harmless, DetectorKind.PERSONAL: not_personal}


@dataclass(frozen=True, slots=True)
class Detector:
    """`generic` ones give way to all others where both match at one place."""

    id: str
    title: str
    kind: DetectorKind
    generic: bool
    target: Target
    spec: DetectorSpec

    @property
    def examples(self) -> ExamplesSpec:
        return self.spec.examples

    @property
    def label(self) -> str:
        return f"[{self.id}]"

    @property
    def rank(self) -> tuple[bool, bool]:
        """Sort by it: what is recognised by its own form goes before what its context tells."""
        return (self.generic, self.spec.in_context)


def make_target(
    spec: DetectorSpec, kind: DetectorKind, known: tuple[Opening, ...] | None = None
) -> Target:
    """Return the target of a detector; its openings are `known` where it was made before.

    Raises PatternError or ValueError with what is wrong in the pattern or its checks.
    """
    pattern = _guarded(parse(spec.pattern), spec)
    context = None
    if spec.in_context:
        context = parse(_context(spec, kind))
        context = replace(context, not_before=context.not_before | pattern.not_before)
    quoted = quoted_patterns(pattern) if spec.quoted else None
    if quoted:
        pattern = bare_pattern(pattern)
    valid = build(spec.checks)
    bounded = longest(pattern.node) <= MAX_REACH
    told_beside = bounded and (valid is not None or context is not None)
    return Target(
        spec.id,
        pattern,
        context=context,
        valid=valid,
        harmless=_HARMLESS[kind] if told_beside else None,
        quoted=quoted,
        known=known,
    )


def _guarded(pattern: Pattern, spec: DetectorSpec) -> Pattern:
    if spec.not_before is not None:
        pattern = replace(pattern, not_before=parse_class(spec.not_before))
    if spec.not_after is not None:
        pattern = replace(pattern, not_after=parse_class(spec.not_after))
    if spec.followed_by is not None:
        pattern = replace(pattern, not_after=NOTHING, followed_by=parse_class(spec.followed_by))
    return pattern


def _context(spec: DetectorSpec, kind: DetectorKind) -> str:
    if spec.context is not None and not spec.keywords:
        return spec.context
    names = "|".join(_spellings(name) for name in spec.keywords)
    usual = _QUOTES if spec.quoted else _ASSIGNS if kind is DetectorKind.SECRET else _BESIDE
    between = usual if spec.context is None else spec.context
    return f"(?i)(?:{names})(?:{between})"


def _spellings(name: str) -> str:
    """Return a pattern for `api_key`, `api-key`, `api key`, `apiKey` alike."""
    return "[ ._-]?".join(re.escape(part) for part in re.split(r"[ _-]+", name) if part)


def select(detectors: Sequence[Detector], wanted: str) -> tuple[Detector, ...]:
    """Return the detectors that an id, a glob or the name of a group stands for."""
    if wanted in GROUPS:
        return tuple(d for d in detectors if d.kind is GROUPS[wanted])
    fits = any_of([wanted])
    return tuple(d for d in detectors if fits(d.id))
