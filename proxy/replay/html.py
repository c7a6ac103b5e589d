"""How the replay pages are sent: our own templates, a strict policy, one style sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quart import Response, render_template

from app.domain.record.session import Decision
from proxy.browser import pages
from proxy.replay.markup import styles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_FILES = Path(__file__).parent.parent / "templates" / "replay"
_STYLE = (_FILES / "style.css").read_text() + styles()
_POLICY = f"{pages.policy_of(_STYLE)}; form-action 'self'; script-src "
_EVERYWHERE = ("suggest.js",)
SCRIPTS = {
    name: (_FILES / name).read_bytes()
    for name in (*_EVERYWHERE, "player.js", "live.js", "search.js", "seal.js", "images.js")
}
_THOUSAND = 1000
_MINUTE_MS = 60_000


async def page(
    template: str,
    *,
    scripts: Sequence[str] = (),
    asks: str = "",
    images: Sequence[str] = (),
    **values: object,
) -> Response:
    """Render a template; `scripts` are the names of the only scripts that it may run.

    `asks` is the one address that they may ask for more, `images` are those of images.
    `root` among the values is that of our pages.
    """
    addresses = [f"{values['root']}/{name}" for name in (*_EVERYWHERE, *scripts)]
    text = await render_template(
        f"replay/{template}.html", style=_STYLE, scripts=addresses, **SPELLED, **_HINTS | values
    )
    answer = Response(encoded(text), content_type="text/html; charset=utf-8")
    # By its whole address: 'self' would allow what a model API answers through the gateway.
    more = [f"; connect-src {asks}"] if asks else []
    more += [f"; img-src {' '.join(images)}"] if images else []
    secure(answer, "".join((_POLICY, " ".join(addresses), *more)))
    return answer


def encoded(text: str) -> bytes:
    """Return text in UTF-8; what a model wrote may have halves of characters."""
    return text.encode(errors="replace")


def secure(answer: Response, policy: str = "default-src 'none'; sandbox") -> None:
    pages.secure(answer, policy)
    answer.headers["cross-origin-resource-policy"] = "same-origin"


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def took(milliseconds: int | None) -> str:
    """Spell a length of time: 840 ms, 12.4 s, 3 min 7 s."""
    if milliseconds is None:
        return "unknown"
    if milliseconds < _THOUSAND:
        return f"{milliseconds} ms"
    if milliseconds < _MINUTE_MS:
        return f"{milliseconds / _THOUSAND:.1f} s"
    minutes, rest = divmod(milliseconds // _THOUSAND, 60)
    return f"{minutes} min {rest} s"


def counted(number: int) -> str:
    return f"{number:,}"


SPELLED: dict[str, object] = {"moment": moment, "took": took, "counted": counted}
"""How templates spell what is no text."""
_HINTS: dict[str, object] = {"hints": (), "decisions": [decision.value for decision in Decision]}
"""What the field of each page suggests."""
