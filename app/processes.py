"""Children that do not outlive us, whatever ends us."""

from __future__ import annotations

import shutil


def dying_with_us(command: list[str]) -> list[str]:
    """Return the command such that the kernel ends it when its parent dies, where it can.

    A child that is left alone would keep its port, and the next start would find it taken.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else command
