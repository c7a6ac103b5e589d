"""Text of a session as HTML: Markdown, code and diffs, with masked places and findings marked.

Theory of operation. Nothing that anyone recorded becomes an element or an attribute. Markdown is
rendered with raw HTML, links and images off, so that the only tags are ours; code is cut into
tokens by Pygments, which escapes them. Marks are put into the text as private characters before it
is rendered, and become `<mark>` afterwards, between tags alone:

    key [aws-key] here  →  key ⟨[aws-key]⟩ here  →  <p>key <mark class="masked">[aws-key]</mark> …
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MASKED, _FOUND, _END = "\ue000", "\ue001", "\ue002"
MASKED_MARK = '<mark class="masked">'
_OURS = re.compile(f"[{_MASKED}{_FOUND}{_END}]")
_TAG = re.compile(r"(<[^>]*>)")
_MARKS = {
    _MASKED: MASKED_MARK,
    _FOUND: '<mark class="found">',
    _END: "</mark>",
}
_ALIGNMENT = re.compile(r'(<t[hd]) style="[a-z:-]*"')
"""Of a table's column: our policy allows no styles in elements."""
_LANGUAGES = {
    **{name: name for name in ("python", "json", "yaml", "bash", "go", "java", "sql", "diff")},
    **{name: name for name in ("html", "css", "rust", "c", "cpp", "toml", "xml", "ruby", "php")},
    **{name: name for name in ("javascript", "typescript", "kotlin", "csharp", "docker", "ini")},
    "py": "python",
    "js": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "yml": "yaml",
    "sh": "bash",
    "shell": "bash",
    "zsh": "bash",
    "console": "bash",
    "rs": "rust",
    "rb": "ruby",
    "kt": "kotlin",
    "cs": "csharp",
    "dockerfile": "docker",
    "patch": "diff",
    "h": "c",
    "hcl": "ini",
    "tf": "ini",
}
_FORMAT = HtmlFormatter(nowrap=True)


@dataclass(slots=True)
class DrawingEffort:
    """How many characters of one page are still drawn with care; what is left is drawn plain.

    Highlighting takes some 5 µs a character and Markdown 2 µs, so a long conversation would take
    seconds.
    """

    code: int = 16_000
    markdown: int = 48_000

    def takes_code(self, text: str) -> bool:
        takes = len(text) <= self.code
        self.code -= len(text) if takes else 0
        return takes

    def takes_markdown(self, text: str) -> bool:
        takes = len(text) <= self.markdown
        self.markdown -= len(text) if takes else 0
        return takes


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked in a text: the labels of masked places, and the words of findings.

    `effort` is what may be spent on drawing it, of all there is for the page.
    """

    labels: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    effort: DrawingEffort = field(default_factory=DrawingEffort)

    def put(self, text: str) -> str:
        """Return the text with our private characters around what is marked."""
        text = _OURS.sub("", text)
        for word in self.words:
            if word.strip() and word not in self.labels:
                text = text.replace(word, f"{_FOUND}{word}{_END}", 20)
        return _LABEL.sub(
            lambda found: f"{_MASKED}{found[0]}{_END}" if found[0] in self.labels else found[0],
            text,
        )


_LABEL = re.compile(r"\[[^\[\]\n]{1,80}\]")


def plain(text: str, marks: Marks) -> Markup:
    return _marked(str(escape(marks.put(text))))


def markdown(text: str, marks: Marks) -> Markup:
    if not marks.effort.takes_markdown(text):
        return Markup('<pre class="plain">{}</pre>').format(plain(text, marks))
    rendered = _renderer().render(marks.put(text), {"effort": marks.effort})
    return _marked(_ALIGNMENT.sub(r"\1", rendered))


def code(text: str, language: str, marks: Marks) -> Markup:
    """Return highlighted code; plain where its language is not known, or the effort is spent."""
    return _marked(_highlighted(marks.put(text), language, marks.effort))


def warm() -> None:
    """Load now what reads Markdown and the languages that agents use most."""
    markdown("x", Marks())
    for name in ("python", "json", "bash", "diff", "javascript", "typescript", "yaml", "html"):
        code("x", name, Marks())


def language_of(path: str) -> str:
    """Return the language of a file by its name; empty where it is not known."""
    name = path.rpartition("/")[2].lower()
    return _LANGUAGES.get(name.rpartition(".")[2], "") or _LANGUAGES.get(name, "")


def styles(light: str = "friendly", dark: str = "github-dark") -> str:
    """Return the style sheet of highlighted code, for both colour schemes."""

    def rules_of(style: str) -> str:
        sheet: str = HtmlFormatter(style=style).get_style_defs(".code")  # type: ignore[no-untyped-call]
        rules = sheet.splitlines()
        kept = [rule for rule in rules if re.match(r"\.code \.[a-z]", rule)]
        return "\n".join(re.sub(r"\s*/\*.*?\*/", "", rule) for rule in kept)

    # The style's own green is too pale to be read on our background.
    added = ".code .gi { color: #006b1b }"
    in_dark = f"@media (prefers-color-scheme: dark) {{\n{rules_of(dark)}\n}}"
    return f"{rules_of(light)}\n{added}\n{in_dark}"


def _highlighted(text: str, language: str, effort: DrawingEffort) -> str:
    name = _LANGUAGES.get(language.strip().lower(), "")
    if not name or not effort.takes_code(text):
        return f'<pre class="code">{escape(text)}</pre>'
    return f'<pre class="code">{highlight(text, get_lexer_by_name(name), _FORMAT)}</pre>'


def _fence(
    _renderer: object,
    tokens: Sequence[Token],
    at: int,
    _options: object,
    env: MutableMapping[str, Any],
) -> str:
    language = tokens[at].info.strip().partition(" ")[0]
    return _highlighted(tokens[at].content, language, env["effort"])


def _marked(html: str) -> Markup:
    """Put marks in the place of our characters: in text, and nowhere in a tag."""
    parts = _TAG.split(html)
    for at, part in enumerate(parts):
        replacing = (lambda found: _MARKS[found[0]]) if at % 2 == 0 else (lambda _: "")
        parts[at] = _OURS.sub(replacing, part)
    return Markup("".join(parts))  # noqa: S704 - every text in it was escaped by what rendered it


@cache
def _renderer() -> MarkdownIt:
    """Return what renders Markdown; its sixty modules are imported when a page is looked at."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - a gateway starts faster without it

    found = (
        MarkdownIt("commonmark", {"html": False, "breaks": True})
        .enable(["table", "strikethrough"])
        .disable(["link", "image", "autolink", "html_inline", "html_block", "reference", "entity"])
    )
    found.add_render_rule("fence", _fence)
    return found
