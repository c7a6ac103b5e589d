"""How a command fails: in words, without a traceback."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.errors import AbeyanceError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def told_in_words() -> Iterator[None]:
    """Run a command in it; an error of ours is printed, and ends the process with status 2."""
    try:
        yield
    except AbeyanceError as error:
        from rich.console import Console  # noqa: PLC0415 - most commands print no error
        from rich.markup import escape  # noqa: PLC0415 - most commands print no error

        # `highlight` would colour numbers inside the sentence.
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]abeyance:[/] {escape(str(error))}")
        sys.exit(2)
