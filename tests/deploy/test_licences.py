from __future__ import annotations

from typing import Any

import pytest

from deploy.licences import faults


def component(name: str, *licences: dict[str, Any]) -> dict[str, Any]:
    return {"components": [{"name": name, "version": "1.0", "licenses": list(licences)}]}


@pytest.mark.parametrize(
    ("name", "licences"),
    [
        ("simple", [{"license": {"id": "MIT"}}]),
        ("both", [{"expression": "Apache-2.0 AND (MIT OR GPL-3.0-only)"}]),
        ("old", [{"license": {"name": "License :: OSI Approved :: Apache Software License"}}]),
        ("SecantusDB", [{"expression": "GPL-2.0-only AND CC-BY-4.0"}]),
        ("multidict", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_be_used(name: str, licences: list[dict[str, Any]]) -> None:
    assert not list(faults(component(name, *licences)))


@pytest.mark.parametrize(
    ("name", "licences"),
    [
        ("copyleft", [{"license": {"id": "GPL-2.0-only"}}]),
        ("both", [{"expression": "Apache-2.0 AND GPL-3.0-only"}]),
        ("second", [{"license": {"id": "MIT"}}, {"license": {"id": "AGPL-3.0-only"}}]),
        ("unknown", [{"license": {"name": "Be nice"}}]),
        ("silent", []),
        ("SecantusDB", [{"expression": "SSPL-1.0"}]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_not(name: str, licences: list[dict[str, Any]]) -> None:
    [fault] = faults(component(name, *licences))
    assert fault.startswith(f"{name.lower()} 1.0 is under ")
