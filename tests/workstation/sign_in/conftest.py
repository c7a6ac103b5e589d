"""A gateway, an identity provider, and workstations of their own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proxy.conftest import company, place, settings
from tests.workstation.sign_in.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.linking import Place

__all__ = ["company", "place", "settings"]


@pytest.fixture
def machine(tmp_path: Path, place: Place) -> Machine:
    return Machine(tmp_path, place.url)
