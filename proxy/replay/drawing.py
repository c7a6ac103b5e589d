"""Blocks of a session as the page draws them: results below their calls, long ones folded."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from app.domain.segment import Role
from app.domain.verdict import FiredRule
from app.replay.blocks import Block, BlockKind
from app.wire.reading import loosely
from policies.calls.reading import PATHS, CallKind, read_call
from proxy.replay.markup import (
    MASKED_MARK,
    DrawingEffort,
    Marks,
    code,
    language_of,
    markdown,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.wire.base import Json

_SUMMARY = 110
_OPEN_CHARACTERS = 1_500
"""A result that is longer is folded; so is what thinking there was."""
_CONTENTS = ("content", "contents", "file_text")
_WHO = {
    Role.USER: ("user", "User"),
    Role.ASSISTANT: ("agent", "Agent"),
    Role.TOOL: ("tool", "Tool"),
    Role.SYSTEM: ("setup", "System"),
    Role.OTHER: ("other", "Request"),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One entry of the page. `within` are the results of a call, or the parts of a set-up."""

    who: str
    name: str
    body: Markup
    tool: str = ""
    summary: str = ""
    is_folded: bool = False
    is_withheld: bool = False
    begun_ms: int | None = None
    rules: tuple[str, ...] = ()
    """Which rules found something in it."""
    within: tuple[Drawn, ...] = ()
    image: str = ""
    """The place of an image that can be shown in it."""

    @property
    def masked(self) -> int:
        """How many places in it are masked."""
        return self.body.count(MASKED_MARK) + sum(part.masked for part in self.within)


@dataclass(frozen=True, slots=True)
class Findings:
    """What rules found in a session, by its place, and how masked places look."""

    fired: tuple[FiredRule, ...] = ()
    labels: frozenset[str] = frozenset()
    effort: DrawingEffort = field(default_factory=DrawingEffort)

    def of(self, block: Block) -> tuple[Marks, tuple[str, ...]]:
        """Return what to mark in a block, and the rules that found it."""
        if not block.place:
            return Marks(self.labels, (), self.effort), ()
        hits = [
            (fired.rule, excerpt.words)
            for fired in self.fired
            for excerpt in fired.excerpts
            if excerpt.place == block.place or excerpt.place.startswith(f"{block.place}/")
        ]
        words = tuple(dict.fromkeys(words for _, words in hits))
        return Marks(self.labels, words, self.effort), tuple(
            dict.fromkeys(rule for rule, _ in hits)
        )


@dataclass(slots=True)
class _Open:
    """A call, and the results that were found for it."""

    block: Block
    results: list[Block] = field(default_factory=list)


def drawn(blocks: Sequence[Block], findings: Findings) -> tuple[Drawn, ...]:
    """Draw blocks, the last ones with the most care, and the set-up with what is left of it."""
    setup = [block for block in blocks if block.kind is BlockKind.SETUP]
    entries = _paired([block for block in blocks if block.kind is not BlockKind.SETUP])
    shown = [_entry(entry.block, entry.results, findings) for entry in reversed(entries)]
    shown += [_setup(setup, findings)] if setup else []
    return tuple(reversed(shown))


def _paired(blocks: Iterable[Block]) -> list[_Open]:
    """Put each result below its call: by its id, else below the first of its tool without one."""
    entries: list[_Open] = []
    by_id: dict[str, _Open] = {}
    by_tool: defaultdict[str, deque[_Open]] = defaultdict(deque)
    for block in blocks:
        if block.kind is BlockKind.RESULT:
            found = by_id.get(block.call_id) if block.call_id else _first_open(by_tool[block.tool])
            if found is not None:
                found.results.append(replace(block, tool=block.tool or found.block.tool))
                continue
        entry = _Open(block)
        entries.append(entry)
        if block.kind is BlockKind.CALL:
            by_id[block.call_id] = entry
            by_tool[block.tool].append(entry)
    return entries


def _first_open(calls: deque[_Open]) -> _Open | None:
    """Return the first call that has no result; those before it are taken out."""
    while calls and calls[0].results:
        calls.popleft()
    return calls[0] if calls else None


def _entry(block: Block, results: Iterable[Block], findings: Findings) -> Drawn:
    marks, rules = findings.of(block)
    who, name = _WHO[block.role]
    entry = Drawn(
        who,
        name,
        Markup(),
        block.tool,
        is_withheld=block.withheld,
        begun_ms=block.begun_ms,
        rules=rules,
        within=tuple(_entry(result, (), findings) for result in results),
    )
    text = block.text
    match block.kind:
        case BlockKind.CALL:
            about, body = call_summary(text), call_body(text, marks)
            return replace(entry, who="call", name="Tool call", body=body, summary=about)
        case BlockKind.RESULT:
            body = Markup('<pre class="plain">{}</pre>').format(plain(text, marks))
            long = len(text) > _OPEN_CHARACTERS or text.count("\n") > 12
            return replace(
                entry, who="result", name="Result", body=body, summary=_line(text), is_folded=long
            )
        case BlockKind.THINKING:
            return replace(
                entry,
                who="thinking",
                name="Thinking",
                body=markdown(text, marks),
                summary=_line(text),
                is_folded=True,
            )
        case BlockKind.MEDIA:
            note = Markup("<p>Not text, and not read by any rule: {}</p>").format(text[:200])
            return replace(entry, body=note, image=block.place if block.is_image else "")
        case BlockKind.ERROR:
            return replace(entry, who="error", name="Error", body=markdown(text, marks))
        case BlockKind.TEXT | BlockKind.SETUP:
            return replace(entry, body=markdown(text, marks))


def _setup(blocks: Sequence[Block], findings: Findings) -> Drawn:
    """Put the system prompt and the tools below one folded entry."""
    parts = []
    for block in blocks:
        marks, rules = findings.of(block)
        parts.append(
            Drawn(
                "setup",
                "Tool" if block.tool else "System prompt",
                markdown(block.text, marks),
                block.tool,
                _line(block.text),
                is_folded=True,
                rules=rules,
            )
        )
    tools = sum(1 for block in blocks if block.tool)
    counted = [
        *(["system prompt"] if tools < len(blocks) else []),
        *([f"{tools} tool{'' if tools == 1 else 's'}"] if tools else []),
    ]
    rules = tuple(dict.fromkeys(rule for part in parts for rule in part.rules))
    return Drawn(
        "setup",
        "Set-up",
        Markup(),
        summary=", ".join(counted),
        is_folded=True,
        rules=rules,
        within=tuple(parts),
    )


def call_summary(arguments: str) -> str:
    """Return the file that a call is about; empty where it is about none."""
    view = read_call(arguments)
    given = loosely(arguments)
    path = _path_of(given) if isinstance(given, dict) else ""
    return _line(view.lead if view.kind is CallKind.EDIT else path)


def call_body(arguments: str, marks: Marks) -> Markup:
    """Show an edit as a diff, a command and a file as code, and what is left as JSON."""
    given = loosely(arguments)
    if not isinstance(given, dict):
        is_patch = arguments.lstrip().startswith(("*** ", "--- ", "diff "))
        return code(arguments, "diff" if is_patch else "", marks) if arguments else Markup()
    path = _path_of(given)
    rest = {name: value for name, value in given.items() if not (path and value == path)}
    parts = []
    if isinstance(said := rest.get("description"), str) and len(rest) > 1:
        parts.append(Markup("<p>{}</p>").format(plain(said, marks)))
        del rest["description"]
    view = read_call(arguments)
    if view.kind is CallKind.EDIT and not view.told & {*_CONTENTS}:
        parts.append(code(view.text.removeprefix(f"{view.lead}\n"), "diff", marks))
        rest = {name: value for name, value in rest.items() if name not in view.told}
    files = ((name, language_of(path)) for name in _CONTENTS)
    for name, language in (("command", "bash"), ("cmd", "bash"), *files):
        if isinstance(text := rest.get(name), str):
            parts.append(code(text, language, marks))
            del rest[name]
    if rest:
        spelt = json.dumps(rest, ensure_ascii=False, indent=2)
        parts.append(code(spelt, "json", marks))
    return Markup().join(parts)


def _path_of(given: dict[str, Json]) -> str:
    return next((path for name in PATHS if isinstance(path := given.get(name), str)), "")


def _line(text: str) -> str:
    line = " ".join(text[: 4 * _SUMMARY].split())
    return line if len(line) <= _SUMMARY else f"{line[: _SUMMARY - 1]}…"
