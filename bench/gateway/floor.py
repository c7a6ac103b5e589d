"""The floor: a proxy that does nothing but pass requests on, written the obvious way.

Run by hypercorn with uvloop, in an environment of its own. UPSTREAM is the address of the model.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
from quart import Quart, Response, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UPSTREAM = os.environ["UPSTREAM"]
app = Quart(__name__)
app.config["RESPONSE_TIMEOUT"] = None


@app.before_serving
async def _open() -> None:
    app.http = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=1000))


@app.route("/<path:path>", methods=["POST"])
async def proxy(path: str) -> Response:
    outgoing = app.http.build_request(
        "POST",
        f"{UPSTREAM}/{path}",
        content=await request.get_data(),
        headers={"content-type": request.headers["content-type"], "authorization": "Bearer key"},
    )
    answer = await app.http.send(outgoing, stream=True)

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in answer.aiter_raw():
                yield piece
        finally:
            await answer.aclose()

    return Response(pieces(), answer.status_code, {"content-type": answer.headers["content-type"]})
