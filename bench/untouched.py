"""How many places a megabyte the detectors touch in files that hold hardly a secret, and which.

    python -m bench.untouched                          # what is installed beside this Python
    python -m bench.untouched --megabytes 15 FOLDER …  # trees of source code, of any language
    python -m bench.untouched --shown 20 FOLDER        # with the places, to judge them by eye

Files are taken in an order that their names alone decide, until there are so many megabytes. Most
of what is touched should be a real key in an example. Anything else is a false find, and needs a
better check or context.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sysconfig
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figures, add_into
from policies.files.fields import DetectorKind
from policies.loader import SHIPPED, load_catalog
from policies.matching.findings import Inspected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.compiled_catalog import Catalog
    from policies.matching.findings import Finder
    from policies.matching.redactions import Redaction

MB = 1_000_000
SOURCES = {
    *(".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".json", ".yaml", ".yml"),
    *(".md", ".rst", ".txt", ".toml", ".cfg", ".ini", ".sh", ".go", ".tpl", ".sol", ".html"),
}
LARGEST = 400_000
"""Larger files are data that a machine wrote."""
AROUND = 60


@dataclass
class Tree:
    """What was looked at in one tree, and how often each detector touched it."""

    files: int = 0
    characters: int = 0
    touched: dict[DetectorKind, Counter[str]] = field(
        default_factory=lambda: {k: Counter() for k in DetectorKind}
    )

    def rate(self, kind: DetectorKind) -> float:
        """Return the places a megabyte that detectors of a kind touched."""
        return self.touched[kind].total() * MB / max(1, self.characters)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    installed = Path(sysconfig.get_path("purelib"))
    parser.add_argument("trees", nargs="*", type=Path, default=[installed])
    parser.add_argument("--megabytes", type=float, default=15)
    parser.add_argument("--shown", type=int, default=0, help="places shown of each detector")
    add_into(parser)
    wanted = parser.parse_args()
    figures = Figures("untouched", wanted)
    catalog = load_catalog(SHIPPED)
    for path in wanted.trees:
        tree = look_at(catalog, path, int(wanted.megabytes * MB), wanted.shown)
        print(f"{path}: {tree.files} files, {tree.characters / MB:.1f} MB")
        for kind in DetectorKind:
            kept = {"megabytes": tree.characters / MB, "by detector": dict(tree.touched[kind])}
            figures.keep(f"{path.name}, {kind.value}, places a MB", [tree.rate(kind)], **kept)
            print(f"  {kind.value}: {tree.rate(kind):.2f} places a MB")
            for detector, count in tree.touched[kind].most_common():
                print(f"    {count:4} {detector}")
    figures.save()


def look_at(catalog: Catalog, path: Path, most: int, shown: int) -> Tree:
    finders = {
        kind: catalog.finder(d.target for d in catalog.detectors if d.kind is kind)
        for kind in DetectorKind
    }
    tree = Tree()
    for file in sample(path, most):
        text = file.read_text(encoding="utf-8", errors="replace")
        tree.files += 1
        tree.characters += len(text)
        for kind, finder in finders.items():
            for redaction in redactions(finder, text):
                tree.touched[kind][redaction.target.id] += 1
                if tree.touched[kind][redaction.target.id] <= shown:
                    where = file.relative_to(path)
                    print(f"{redaction.target.id}  {where}\n    {around(text, redaction)}")
    return tree


def redactions(finder: Finder, text: str) -> list[Redaction]:
    return finder.redactions(Inspected(text))[0]


def sample(path: Path, most: int) -> Iterator[Path]:
    """Yield source files of a tree until there are so many bytes, in an order by hash of name."""
    files = [
        Path(folder, name)
        for folder, _, names in os.walk(path)
        for name in names
        if Path(name).suffix in SOURCES and Path(folder, name).is_file()
    ]
    for file in sorted(files, key=lambda file: _order(file.relative_to(path))):
        size = file.stat().st_size
        if 0 < size <= LARGEST:
            yield file
            most -= size
        if most <= 0:
            return


def _order(file: Path) -> bytes:
    return hashlib.sha256(file.as_posix().encode()).digest()


def around(text: str, redaction: Redaction) -> str:
    start, end = redaction.start, redaction.end
    parts = (text[max(0, start - AROUND) : start], text[start:end], text[end : end + AROUND])
    return "{!r} «{!r}» {!r}".format(*parts)


if __name__ == "__main__":
    main()
