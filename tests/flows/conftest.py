from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One running product for the stories of a file; each story looks only at its own doings."""
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri) as house:
        house.tells_reasons = True
        yield house
