"""Which catalog a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import BadCatalog
from app.settings import load_settings
from policies.loader import load_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from policies.compiled_catalog import Catalog


def catalog_in(path: Path | None) -> Catalog:
    """Return the catalog in a folder, or the one in force. Raises BadCatalog."""
    directory = path or load_settings().catalog
    if not directory.is_dir():
        raise BadCatalog([f"{directory} is no folder: give the one that holds catalog/"])
    return load_catalog(directory)
