"""The one place where workstation code reads its settings from the environment."""

from __future__ import annotations

import os


def variable(name: str) -> str:
    """Return a variable without the blanks around it; empty where it is not set."""
    return os.environ.get(name, "").strip()


def variables() -> dict[str, str]:
    """Return all of them, for a program that is started."""
    return dict(os.environ)
