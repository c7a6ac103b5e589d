"""Makes text from outside inert, and short enough, before Slack sees it.

Slack reads three kinds of text here. `plain` is shown as it is (a plain_text object). `Markup`
is mrkdwn: only this file makes it, so a prompt can't smuggle a mention, a link or bold words
into a card. All lengths are counted after escaping and in UTF-16 units, the strictest way that
Slack could count.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from datetime import datetime

Markup = NewType("Markup", str)

_ELLIPSIS = "…"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Characters that look the same and mean nothing to Slack.
_LOOKALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
# Outside text may carry neither lone surrogates (no JSON), nor what hides or reorders words:
# control, format (bidi, zero width), private and unassigned characters.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# These draw nothing although Unicode calls them letters, marks or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_EMOJI_NAME = re.compile(r":(?=[\w+'-]+:)")
_QUOTE = re.compile(r"^>")
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """Return what can be seen of a text; line feeds stay, everything that hides words goes."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(_visible(char) for char in unified)


def one_line(text: str) -> str:
    return _SPACES.sub(" ", clean(text)).strip()


def plain(text: str, limit: int) -> str:
    """Return text for a plain_text object of at most `limit` characters."""
    return _fit(clean(text), limit, _ENTITIES)


def plain_line(text: str, limit: int) -> str:
    return _fit(one_line(text), limit, _ENTITIES)


def shortened(text: str, limit: int) -> str:
    """Return outside text on one line, still to be escaped; once it is, it has at most `limit`."""
    line = one_line(text)
    if sum(map(weight, line)) <= limit:
        return line
    room, kept = limit - _units(_ELLIPSIS), 0
    while room >= weight(line[kept]):
        room -= weight(line[kept])
        kept += 1
    return line[:kept].rstrip() + _ELLIPSIS


def words(text: str, limit: int) -> Markup:
    """Return outside text on one line, for the middle of a mrkdwn object."""
    unquoted = _QUOTE.sub("›", one_line(text))
    no_emoji = _EMOJI_NAME.sub("∶", unquoted)
    return Markup(_fit(no_emoji, limit, _ENTITIES | _LOOKALIKES))


def code(text: str, limit: int) -> Markup:
    """Return outside text on one line, as inline code; a dash where there is nothing to show."""
    inner = _fit(one_line(text), limit - 2, _ENTITIES | {"`": _LOOKALIKES["`"]})
    return Markup(f"`{inner}`") if inner else Markup("–")


def bold(text: str, limit: int) -> Markup:
    inner = words(text, limit - 2)
    return Markup(f"*{inner}*") if inner else Markup("")


def ours(text: str) -> Markup:
    """Pass a literal of our own; never a value that came from outside."""
    return Markup(text)


def join(*parts: Markup, by: str = "") -> Markup:
    return Markup(by.join(parts))


def is_user(slack_id: str) -> bool:
    return re.fullmatch(r"[UW][A-Z0-9]{1,30}", slack_id) is not None


def mention(slack_user: str) -> Markup:
    """Return a mention of a user id; anything that is not one is shown as code."""
    return Markup(f"<@{slack_user}>") if is_user(slack_user) else code(slack_user, 60)


def link(url: str, label: str) -> Markup:
    """Return a link; `label` is our own literal, and all that is shown of an odd address."""
    if not re.fullmatch(r"https?://[^\s<>|]{1,2000}", url):
        return ours(label)
    return Markup(f"<{url}|{label}>")


def call(slack_id: str) -> Markup:
    """Mention a person or everybody in a user group, by its id."""
    if re.fullmatch(r"S[A-Z0-9]{1,30}", slack_id):
        return Markup(f"<!subteam^{slack_id}>")
    return mention(slack_id)


def moment(at: datetime, *, day: bool = False) -> Markup:
    """Return a time that each reader sees in their own time zone."""
    shape = "{date_short_pretty} {time}" if day else "{time}"
    fallback = at.strftime("%Y-%m-%d %H:%M UTC" if day else "%H:%M UTC")
    return Markup(f"<!date^{int(at.timestamp())}^{shape}|{fallback}>")


def is_invisible(char: str) -> bool:
    """Whether it draws nothing, or moves others; the line feed and the tab too."""
    return unicodedata.category(char) in _INVISIBLE or char in _BLANK


def weight(char: str) -> int:
    """How much of a limit a visible character takes in plain text."""
    return _units(_ENTITIES.get(char, char))


def _visible(char: str) -> str:
    if char == "\n":
        return char
    if char in "\u2028\u2029\v\f\x85":
        return "\n"
    return "" if is_invisible(char) else char


def _fit(text: str, limit: int, replacements: dict[str, str]) -> str:
    """Replace and cut; an entity is kept whole or not at all."""
    escaped = [replacements.get(char, char) for char in text]
    if sum(map(_units, escaped)) <= limit:
        return "".join(escaped)
    kept: list[str] = []
    room = limit - _units(_ELLIPSIS)
    for piece in escaped:
        room -= _units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + _ELLIPSIS


def _units(piece: str) -> int:
    return sum(2 if ord(char) > 0xFFFF else 1 for char in piece)
