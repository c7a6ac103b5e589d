from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proxy.keys.keyring import Keys

if TYPE_CHECKING:
    from tests.proxy.linking import Place


@pytest.fixture
def keys(place: Place) -> Keys:
    return Keys(place)
