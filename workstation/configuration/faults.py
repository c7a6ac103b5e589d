"""What keeps us from changing a file."""

from __future__ import annotations

from app.errors import BadSettings


class Unreadable(BadSettings):
    """A file that is not in the format it should be in, so that it is left as it is."""
