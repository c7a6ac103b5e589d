"""Checks the licences in an SBOM: `python -m deploy.licences FILE`, called by `make licences`.

Code of ours is under Apache-2.0 and is shipped with its libraries, so they may be under permissive
licences, and under the Mozilla licence, which covers their own files alone. Whatever else is there
has a line of its own here that says why.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from license_expression import AND, OR, ExpressionError, get_spdx_licensing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boolean import Expression

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "Zlib",
}
EXCEPTIONS = {
    # The embedded database server. A process of its own, in an extra, and never imported.
    "secantusdb": {"GPL-2.0-only AND CC-BY-4.0"},
    # The screen of a terminal, in tests alone.
    "pyte": {"LGPL-3.0-only"},
    # Check digits. Used unchanged, as a library that anyone can replace.
    "python-stdnum": {"LGPL-2.1-or-later"},
    # Charts, in the same way.
    "pygal": {"LGPL-3.0-or-later"},
}
# Packages that name their licence in no way that a program can read; looked up by hand.
LOOKED_UP = {"httpx-aiohttp": "BSD-3-Clause", "multidict": "Apache-2.0"}
_CLASSIFIERS = {
    "License :: DFSG approved": "",
    "License :: OSI Approved": "",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: GNU Lesser General Public License v2 or later (LGPLv2+)": (
        "LGPL-2.1-or-later"
    ),
    "License :: OSI Approved :: GNU Lesser General Public License v3 or later (LGPLv3+)": (
        "LGPL-3.0-or-later"
    ),
    "GNU LGPL v3+": "LGPL-3.0-or-later",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_spdx = get_spdx_licensing()


def faults(sbom: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each component of a CycloneDX document that may not be used."""
    for component in sbom["components"]:
        name = component["name"].lower()
        licences = set(_licences(component)) or {LOOKED_UP.get(name, "")}
        if licences == EXCEPTIONS.get(name):
            continue
        yield from (
            f"{name} {component['version']} is under {licence or 'no licence that it names'}, "
            "which is not in the list of deploy/licences.py: choose another library, or add it "
            "there with the reason."
            for licence in sorted(licences)
            if not _is_allowed(licence)
        )


def _licences(component: dict[str, Any]) -> Iterator[str]:
    for entry in component.get("licenses", []):
        licence = entry.get("license", {})
        said = entry.get("expression") or licence.get("id") or licence.get("name", "")
        if found := _CLASSIFIERS.get(said, said):
            yield found


def _is_allowed(licence: str) -> bool:
    try:
        return _holds(_spdx.parse(licence, validate=True)) if licence else False
    except ExpressionError:
        return False


def _holds(expression: Expression) -> bool:
    match expression:
        case AND():
            return all(_holds(part) for part in expression.args)
        case OR():
            return any(_holds(part) for part in expression.args)
        case _:
            return str(expression) in ALLOWED


def main() -> None:
    """Check the file that is named; exit with 1 where something in it may not be used."""
    sbom = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = list(faults(sbom))
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    if found:
        sys.exit(1)
    sys.stdout.write(f"The licences of {len(sbom['components'])} packages are all allowed.\n")


if __name__ == "__main__":
    main()
