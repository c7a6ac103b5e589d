"""Methods of dataclasses are compiled at the first start, and taken from a file at the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from dataclasses import FrozenInstanceError, dataclass, field
from pathlib import Path
from cli.kept_methods import methods_kept

compiled = []
sys.addaudithook(lambda event, given: compiled.append(given) if event == "compile" else None)
with methods_kept("it", Path(sys.argv[1])):

    @dataclass(frozen=True, slots=True)
    class Point:
        x: int
        names: tuple[str, ...] = field(default_factory=tuple)

count = len(compiled)
point = Point(1)
assert point == Point(1, ()) != Point(2) and len({point, Point(1)}) == 1
assert repr(point) == "Point(x=1, names=())"
try:
    point.x = 2
except FrozenInstanceError:
    print(count)

@dataclass
class After:
    y: int

assert After(3).y == 3 and len(compiled) > count
"""


def compilations(folder: Path) -> int:
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return int(told.stdout)


def test_the_next_start_compiles_no_method(tmp_path: Path) -> None:
    assert compilations(tmp_path) > 0
    assert compilations(tmp_path) == 0
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert compilations(tmp_path) > 0, "what is damaged counts as missing"
    assert compilations(tmp_path) == 0
