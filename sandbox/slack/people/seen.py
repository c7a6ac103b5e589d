"""What a person sees, as a test reads it: messages and views with their words and buttons."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.slack.blockkit import interactive_elements
from sandbox.slack.state.model import Json


@dataclass(frozen=True, slots=True)
class Element:
    """Something that can be clicked, chosen or filled in. `label` is what is written on it."""

    type: str
    action_id: str
    block_id: str
    label: str
    value: str | None
    raw: Json


@dataclass(frozen=True, slots=True)
class _Seen:
    """What messages and views have in common."""

    raw: Json

    @property
    def blocks(self) -> list[Json]:
        return list(self.raw.get("blocks") or [])

    @property
    def words(self) -> str:
        """Every text on it, a line for each text object, entities decoded."""
        lines = [*self._own_words(), *_texts(self.blocks)]
        return unescape("\n".join(line for line in lines if line))

    @property
    def elements(self) -> list[Element]:
        return [
            Element(
                element["type"],
                element["action_id"],
                block["block_id"],
                (element.get("text") or element.get("placeholder") or {}).get("text", ""),
                element.get("value"),
                element,
            )
            for block, element in interactive_elements(tuple(self.blocks))
        ]

    @property
    def buttons(self) -> list[str]:
        """What is written on the buttons, in order."""
        return [element.label for element in self.elements if element.type == "button"]

    def element(self, name: str) -> Element:
        """By action id or by what is written on it. Raises LookupError, naming what there is."""
        for element in self.elements:
            if name in (element.action_id, element.label):
                return element
        there = [f"{e.action_id} ({e.label})" for e in self.elements]
        raise LookupError(f"nothing called {name!r} here; there is {there}")

    def _own_words(self) -> list[str]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SeenMessage(_Seen):
    """A message as it stands now."""

    @property
    def ts(self) -> str:
        return str(self.raw["ts"])

    @property
    def channel(self) -> str:
        return str(self.raw["channel"])

    @property
    def user(self) -> str:
        return str(self.raw["user"])

    @property
    def text(self) -> str:
        return unescape(str(self.raw.get("text", "")))

    @property
    def thread_ts(self) -> str | None:
        value = self.raw.get("thread_ts")
        return str(value) if value else None

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.raw.get("is_ephemeral"))

    @property
    def is_edited(self) -> bool:
        return "edited" in self.raw

    def _own_words(self) -> list[str]:
        return [str(self.raw.get("text", ""))]


@dataclass(frozen=True, slots=True)
class SeenView(_Seen):
    """A modal or a Home tab as it stands now."""

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def callback_id(self) -> str:
        return str(self.raw.get("callback_id", ""))

    @property
    def title(self) -> str:
        return unescape(str((self.raw.get("title") or {}).get("text", "")))

    @property
    def is_form(self) -> bool:
        """Whether it can be submitted."""
        return bool(self.raw.get("submit"))

    @property
    def hash(self) -> str:
        return str(self.raw["hash"])

    def _own_words(self) -> list[str]:
        return [str((self.raw.get("title") or {}).get("text", ""))]


def unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _texts(value: object) -> Iterator[str]:
    """Every text in blocks, depth first; ids and values of buttons are not for reading."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("text", "alt_text", "title_text", "url") and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
