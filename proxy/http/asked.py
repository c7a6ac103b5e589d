"""The request that one of our own pages answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import request

if TYPE_CHECKING:
    from proxy.front import Headers


def headers_asked() -> Headers:
    """Return the headers of the request at hand, names in lower case."""
    return tuple((name.lower(), value) for name, value in request.headers.items())
