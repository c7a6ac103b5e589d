"""What only the server has: a workstation may be without it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.errors import BadSettings

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def imported_for(command: str) -> Iterator[None]:
    """Import parts of the server in it. Raises BadSettings where they are not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"{command} needs {error.name}, which is part of the server: install it with pip "
            "install 'abeyance[server]'."
        ) from error
