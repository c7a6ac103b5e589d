"""What a credential may be used for. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from app.errors import NotPermitted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.issued import Scope

_LISTS = ("models", "deployments")


def check_connection(scope: Scope, connection: str) -> None:
    """Raise NotPermitted for a connection that a credential is not for."""
    if not scope.allows(connection):
        raise NotPermitted(
            f"This key is for {_or(scope.connections)} only, not for the connection {connection}. "
            "Use another key, or create one with `abeyance key create`."
        )


def check_models(scope: Scope, method: str, path: str, models: Iterable[str]) -> None:
    """Raise NotPermitted for a request that names a model that a credential is not for, or none.

    A list of models names none and passes. `path` is the upstream's.
    """
    if not scope.models or (method == "GET" and _is_list(path)):
        return
    named = sorted(set(models) - {""})
    strange = [
        model for model in named if not any(fnmatchcase(model, glob) for glob in scope.models)
    ]
    if strange or not named:
        why = f"not for the model {strange[0]}" if strange else "and this request names no model"
        raise NotPermitted(
            f"This key is for {_or(scope.models)} only, {why}. "
            "Use another key, or create one with `abeyance key create`."
        )


def _is_list(path: str) -> bool:
    return path.strip("/").rpartition("/")[2] in _LISTS


def _or(names: tuple[str, ...]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
