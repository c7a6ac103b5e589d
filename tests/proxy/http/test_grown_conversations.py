"""Where a conversation is worked on that has grown large from turn to turn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from proxy.work.pool import Pool
from proxy.work.threads import LARGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.compiled_catalog import Catalog
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")


def body(turns: int, first: str) -> bytes:
    said = ["".join(f"{turn} {line}\n" for line in range(4_000)) for turn in range(turns)]
    texts = [first, *said]
    return json.dumps({"messages": [{"role": "assistant", "content": t} for t in texts]}).encode()


@pytest.mark.parametrize(
    ("first", "is_known"), [("hello", True), ("xyzzy", False)], ids=["plain", "found"]
)
async def test_only_what_is_new_counts_where_nothing_was_found_in_the_rest(
    here: Here,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    is_known: bool,  # noqa: FBT001
) -> None:
    sizes: list[int] = []
    do = Pool.do

    async def noted(
        self: Pool, size: int, work: Callable[[Catalog], Any], catalog: Catalog | None = None
    ) -> object:
        sizes.append(size)
        return await do(self, size, work, catalog)

    monkeypatch.setattr(Pool, "do", noted)
    bodies = [body(turns, first) for turns in (7, 9, 10)]
    assert LARGE_BYTES - 64 * 1024 < len(bodies[0]) < LARGE_BYTES < len(bodies[1])
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        for sent in bodies:
            headers = {"content-type": "application/json"}
            got = await http.post("/it/v1/chat/completions", content=sent, headers=headers)
            assert got.status_code == (200 if is_known else 403)
    assert [size < LARGE_BYTES for size in sizes] == [True, is_known, is_known]
