"""How long others take to look for secrets in a text: run by an interpreter that has them.

    PYTHON bench/peers.py detect-secrets < prompt.txt

Prints as JSON the milliseconds of each run, or what is not installed. One peer in a process:
LiteLLM's plugins and those of detect-secrets do not get along in one. Nothing of the project is
imported, so any interpreter will do.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5


def detect_secrets(text: str) -> list[float]:
    from detect_secrets import SecretsCollection  # noqa: PLC0415 - a peer, not a dependency
    from detect_secrets.settings import default_settings  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, default_settings():
        file = Path(folder) / "prompt.txt"

        def look(fresh: str) -> None:
            file.write_text(fresh, encoding="utf-8")
            SecretsCollection().scan_file(str(file))

        return _measured(look, text)


def hide_secrets(text: str) -> list[float]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else the import asks the internet
    from litellm_enterprise.enterprise_callbacks import secret_detection  # noqa: PLC0415

    guard = secret_detection._ENTERPRISE_SecretDetection()  # noqa: SLF001 - its only name
    return _measured(guard.redact_text, text)


PEERS: dict[str, tuple[Callable[[str], list[float]], str]] = {
    "detect-secrets": (detect_secrets, "detect-secrets"),
    "LiteLLM's hide-secrets": (hide_secrets, "'litellm[proxy]' detect-secrets"),
}


def _measured(look: Callable[[str], object], text: str) -> list[float]:
    """Return the milliseconds that one thread worked, after one run that does not count.

    Each run gets a text of its own: LiteLLM remembers those in which it found nothing.
    """
    times = []
    for run in range(RUNS + 1):
        fresh = f"{text}\n{run}"
        begun = time.thread_time()
        look(fresh)
        times.append((time.thread_time() - begun) * 1000)
    return times[1:]


def main() -> None:
    measure, packages = PEERS[sys.argv[1]]
    try:
        told: list[float] | str = measure(sys.stdin.read())
    except ImportError:
        told = f"not installed: pip install {packages}"
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
