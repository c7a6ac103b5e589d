"""The parts of a Gemini answer that are calls: of functions of the client, and of the provider.

Names of members are read in both spellings, `functionCall` and `function_call`, as Google's SDK
for Python reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from app.domain.tool_call import ToolCall
from app.errors import UpstreamUnavailable
from app.wire import strict_json

if TYPE_CHECKING:
    from app.wire.base import Json

Part: TypeAlias = "dict[str, Json]"

MARKERS = (
    *(b"functionCall", b"function_call", b"executableCode", b"executable_code"),
    *(b"toolCall", b"tool_call"),
)
_FUNCTION = ("functionCall", "function_call")
_CODE = ("executableCode", "executable_code")
_TOOL = ("toolCall", "tool_call")
_SIGNATURES = ("thoughtSignature", "thought_signature")
_IN_PIECES = ("partialArgs", "partial_args", "willContinue", "will_continue")


def is_call(part: Json) -> bool:
    return isinstance(part, dict) and any(
        part.get(name) is not None for name in (*_FUNCTION, *_CODE, *_TOOL)
    )


def call_of(part: Json) -> ToolCall | None:
    """Return the call that a part makes, or None.

    Raises `UpstreamUnavailable` for one of which this is only a piece.
    """
    if (function := _member(part, _FUNCTION)) is not None:
        if any(function.get(name) for name in _IN_PIECES):
            raise UpstreamUnavailable(
                "The model API sent a tool call in pieces, which cannot be checked here; the rest "
                "of its answer is withheld."
            )
        return _call(function, _text(function.get("name")), function.get("args") or {})
    if (code := _member(part, _CODE)) is not None:
        asked = {name: value for name, value in code.items() if name != "id"}
        return _call(code, "code_execution", asked, by_provider=True)
    if (tool := _member(part, _TOOL)) is not None:
        kind = _text(tool.get("toolType")) or _text(tool.get("tool_type"))
        return _call(tool, kind.lower(), tool.get("args") or {}, by_provider=True)
    return None


def with_arguments(part: Part, arguments: dict[str, Json]) -> Part:
    """Return the call of a function with other arguments; its signature and id stay."""
    name = next(name for name in _FUNCTION if isinstance(part.get(name), dict))
    function = part[name]
    return {**part, name: {**function, "args": arguments}} if isinstance(function, dict) else part


def signature_of(part: Part) -> Part:
    """Return the members of a part that sign it.

    Of several calls at once only the first is signed. Where it is replaced, the next one needs its
    signature: Google refuses a turn in which the first call has none ("Thought signatures" at
    ai.google.dev/gemini-api/docs).
    """
    return {name: part[name] for name in _SIGNATURES if part.get(name)}


def _call(
    holder: dict[str, Json], tool: str, arguments: Json, *, by_provider: bool = False
) -> ToolCall:
    spelt = strict_json.dump(arguments).decode()
    return ToolCall(tool, spelt, _text(holder.get("id")), by_provider=by_provider)


def _member(part: Json, names: tuple[str, ...]) -> dict[str, Json] | None:
    for name in names:
        value = part.get(name) if isinstance(part, dict) else None
        if isinstance(value, dict):
            return value
    return None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
