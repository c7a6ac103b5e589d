"""A gateway whose key service goes away: what cannot be sealed is not forwarded."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from app.errors import KeysUnavailable
from tests.proxy.http.conftest import Here, Upstream
from tests.transit import a_transit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_only_people_whose_key_is_open_are_served_while_the_key_service_is_away(
    place: Place, tmp_path: Path
) -> None:
    transit, upstream = a_transit(tmp_path), Upstream()
    with transit.serving():
        settings = transit.settings
    with pytest.raises(ExceptionGroup) as died:
        async with place.gateway(**settings):
            pass
    assert died.group_contains(KeysUnavailable, match="no answer")
    async with AsyncExitStack() as opened:
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
        opened.callback(server.close)
        upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with transit.serving():
            gateway = await opened.enter_async_context(place.gateway(**settings))
            here = Here(gateway, upstream)
            await here.connect()
            assert await status(here, "alice") == 200
        assert [await status(here, person) for person in ("alice", "dana")] == [200, 503]
        assert len(upstream.received) == 2
        with transit.serving():
            assert await status(here, "dana") == 200


async def status(here: Here, person: str) -> int:
    headers = {"authorization": f"Bearer {await here.token(person)}"}
    async with here.http(**headers) as http:
        answer = await http.post("/it/v1/chat/completions", json={"messages": []})
        return answer.status_code
