from __future__ import annotations

from dataclasses import replace

import pytest

from app.errors import BadRequest
from cli.connection.open_endpoints import endpoint_changes
from tests.app.storage.samples import CONNECTION

OPENED = replace(CONNECTION, open_endpoints=("keys", "chatkit"))


@pytest.mark.parametrize(
    ("opened", "closed", "left"),
    [
        (["realtime-tokens"], [], ("keys", "realtime-tokens", "chatkit")),
        ([], ["keys"], ("chatkit",)),
        (["vaults"], ["all"], ("vaults",)),
        ([], ["all"], ()),
    ],
)
def test_endpoints_are_opened_and_closed_by_name(
    opened: list[str], closed: list[str], left: tuple[str, ...]
) -> None:
    assert endpoint_changes(OPENED, opened, closed) == {"open_endpoints": left}


@pytest.mark.parametrize("name", ["all", "v1/keys"])
def test_what_cannot_be_opened_is_told_with_what_can(name: str) -> None:
    with pytest.raises(BadRequest, match="realtime-tokens: it gives out credentials"):
        endpoint_changes(OPENED, [name], None)
