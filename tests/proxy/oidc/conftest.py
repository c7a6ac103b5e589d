"""An issuer for each test, and a client to ask it with."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.proxy.oidc.issuer import published

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.proxy.oidc.issuer import Issuer

# Reading every certificate authority takes longer than a test.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with published() as issuer:
        yield issuer


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=TLS, trust_env=False) as client:
        yield client
