"""How a client of MCP is asked to open the page of what its call is waiting for.

Since the revision of 2026-07-28 a client says with each request what it can be asked. A call may
be answered by what to ask; the client asks it and makes the same call again, with the answers
(https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr). A call that brings
answers or state already is in rounds with its server, which another question would end.

    tools/call              →  input_required: elicitation/create, mode "url"
    tools/call, answered    →  waits, and goes on without the answer when it is approved
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire import strict_json

if TYPE_CHECKING:
    from app.wire.base import Json

_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
_ANSWERS = "inputResponses"
_OURS = "abeyance.approval"


def linkable(body: Json) -> str | int | None:
    """Return the id of a call whose client can show a link and has not been asked yet."""
    params = _params(body)
    if params is None or not params.keys().isdisjoint({_ANSWERS, "requestState"}):
        return None
    meta = params.get("_meta")
    said = meta.get(_CAPABILITIES) if isinstance(meta, dict) else None
    elicitation = said.get("elicitation") if isinstance(said, dict) else None
    if not isinstance(elicitation, dict) or not isinstance(elicitation.get("url"), dict):
        return None
    ident = body.get("id") if isinstance(body, dict) else None
    usable = isinstance(ident, (str, int)) and not isinstance(ident, bool)
    return ident if usable else None  # type: ignore[return-value]


def link(ident: str | int, url: str, message: str) -> bytes:
    """Return the answer to such a call that asks its person to open a page."""
    params: Json = {"mode": "url", "url": url, "message": message}
    asked: Json = {_OURS: {"method": "elicitation/create", "params": params}}
    result: Json = {"resultType": "input_required", "inputRequests": asked}
    return strict_json.dump({"jsonrpc": "2.0", "id": ident, "result": result})


def without_answer(body: Json) -> Json:
    """Return a body without the answer to what we asked; the same object where it has none."""
    params = _params(body)
    answers = params.get(_ANSWERS) if params else None
    if not isinstance(body, dict) or params is None or not isinstance(answers, dict):
        return body
    if _OURS not in answers:
        return body
    left = {name: answer for name, answer in answers.items() if name != _OURS}
    kept = {name: said for name, said in params.items() if name != _ANSWERS}
    return body | {"params": kept | ({_ANSWERS: left} if left else {})}


def _params(body: Json) -> dict[str, Json] | None:
    is_call = isinstance(body, dict) and body.get("method") == "tools/call" and "id" in body
    params = body.get("params") if is_call and isinstance(body, dict) else None
    return params if isinstance(params, dict) else None
