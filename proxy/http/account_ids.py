"""Which ids of a provider's account a request names, which an answer gives, and what lists them.

Pure. One upstream account serves many people, and the provider lets each key use whatever the
account holds: the responses, files and batches of everyone behind the gateway. Ids are read only
where the API itself puts them. The same names elsewhere, such as in the arguments of somebody's
tool or in the content of a file, say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.domain.connection import Connection
    from app.wire.base import Json

_WIRES = frozenset({"openai", "anthropic", "gemini", "cursor", "auto"})
"""Connections that are model accounts, or may be."""
_HELD = frozenset(
    {
        *("agents", "batches", "cachedcontents", "containers", "conversations", "files"),
        *("jobs", "responses", "uploads", "vector_stores"),
    }
)
"""What an account holds, as paths name it in lower case: `/v1/files/{id}`."""
_VERBS = frozenset({"compact", "input_tokens"})  # /v1/responses/compact
_COMPLETIONS = "completions"  # GET lists what was stored

_CONTENT = "messages[].content[]"
_BLOCKS = (_CONTENT, f"{_CONTENT}.content[]")
_ITEMS = ("input[].", "input[].content[].", "input[].output[].")
_NAMED = (
    *("previous_response_id", "conversation", "conversation.id"),
    *(f"{item}file_id" for item in _ITEMS),
    f"{_CONTENT}.file.file_id",
    *(f"{wrap}{block}.source.file_id" for wrap in ("", "requests[].params.") for block in _BLOCKS),
    *(f"{wrap}{block}.file_id" for wrap in ("", "requests[].params.") for block in _BLOCKS),
    *("input_file_id", "training_file", "validation_file", "file_id", "file_ids[]"),
    *("tools[].vector_store_ids[]", "tools[].container.file_ids[]"),
    *("cachedContent", "cached_content"),
    *("contents[].parts[].fileData.fileUri", "contents[].parts[].file_data.file_uri"),
)
"""Where a request's body names ids."""
_ITEM = "[]"
_GIVEN = ("id", "output_file_id", "error_file_id")
_GIVEN_WITHOUT_ID = (("response", "id"), ("agent", "id"), ("name",), ("file", "name"))
"""In a stream's first event, where Cursor has launched an agent, and in what Google made; elsewhere
people choose a name themselves."""
_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class _Names:
    """A place in a body: whether an id is there, and what is below it that leads to ids."""

    is_id: bool = False
    below: dict[str, _Names] = field(default_factory=dict)
    items: _Names | None = None
    """The items of a list."""


def _tree(paths: Iterable[str]) -> _Names:
    """Compile paths, so that a body is walked once for all of them."""
    root = _Names()
    for path in paths:
        place = root
        for step in path.replace(_ITEM, f".{_ITEM}").split("."):
            if step == _ITEM:
                place.items = place.items or _Names()
                place = place.items
            else:
                place = place.below.setdefault(step, _Names())
        place.is_id = True
    return root


_IN_BODY = _tree(_NAMED)


@dataclass(frozen=True, slots=True)
class AccountUse:
    """What a request does with the account: the ids it uses, and whether its answer is kept."""

    named: frozenset[str] = frozenset()
    kept: bool = False


def account_use(connection: Connection, path: str, body: Json) -> AccountUse:
    if not is_account(connection):
        return AccountUse()
    kept = not (isinstance(body, dict) and body.get("store") is False)
    return AccountUse(ids_named(path, body), kept)


def is_account(connection: Connection) -> bool:
    return connection.wire in _WIRES


def ids_named(path: str, body: Json) -> frozenset[str]:
    """Return the ids that a request uses, in its path and in its body."""
    found = set(map(_bare, _named_in(body, _IN_BODY)))
    return frozenset(found - {""}) | frozenset(_in_path(path))


def lists(method: str, path: str) -> str:
    """Return the name of what a request lists of the whole account; empty where it lists nothing.

    What belongs to one id (`/v1/files/{id}/content`) is no list of the account's.
    """
    segments = _segments(path)
    last = segments[-1] if segments else ""
    if method != "GET" or any(_in_path(path)):
        return ""
    return last if last in _HELD or last == _COMPLETIONS else ""


def may_give(method: str, path: str) -> bool:
    """Whether the answer is one of the API's own, about one thing: made just now, or shown."""
    segments = _segments(path)
    if method == "POST" and segments[-1:] and segments[-1] in _HELD:
        return True
    return len(segments) > 1 and segments[-2] in _HELD


def ids_given(answer: bytes) -> frozenset[str] | None:
    """Return the ids of an answer, or of the first event of a stream; None where more is needed."""
    if len(answer) > _ANSWER_BYTES:
        return frozenset()
    start = answer.lstrip()
    for line in [start] if start.startswith(b"{") else start.split(b"\n"):
        try:
            value: Json = msgspec.json.decode(line.removeprefix(b"data:"))
        except msgspec.DecodeError:
            continue
        given = [found for name in _GIVEN for found in _at(value, (name,))]
        given = given or [found for steps in _GIVEN_WITHOUT_ID for found in _at(value, steps)]
        return frozenset(_bare(each) for each in given) - {""}
    return None


def _segments(path: str) -> list[str]:
    return [part.lower() for part in path.strip("/").split("/")]


def _in_path(path: str) -> Iterator[str]:
    parts = path.strip("/").split("/")
    for holder, name in pairwise(parts):
        named = name.partition(":")[0]
        if holder.lower() in _HELD and named.lower() not in _VERBS:
            yield named


def _bare(value: str) -> str:
    """Return an id without what Google puts before it: `files/abc`, or a whole address."""
    if "://" in value and "/files/" not in value:
        return ""  # of another place: a bucket, a video
    return value.rpartition("/")[2]


def _named_in(value: Json, place: _Names) -> Iterator[str]:
    if isinstance(value, str):
        if place.is_id:
            yield value
    elif isinstance(value, dict):
        for name, below in place.below.items():
            if name in value:
                yield from _named_in(value[name], below)
    elif isinstance(value, list) and place.items is not None:
        for item in value:
            yield from _named_in(item, place.items)


def _at(value: Json, steps: tuple[str, ...]) -> Iterable[str]:
    if not steps:
        return (value,) if isinstance(value, str) else ()
    step, rest = steps[0], steps[1:]
    return _at(value[step], rest) if isinstance(value, dict) and step in value else ()
