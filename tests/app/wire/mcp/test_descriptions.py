from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.wire.mcp.descriptions import descriptions

if TYPE_CHECKING:
    from app.wire.base import Json

TOOL: dict[str, Json] = {
    "name": "get",
    "description": "Get\n  a user.",
    "inputSchema": {"type": "object", "properties": {"id": {"enum": ["a", 1.0]}}, "required": []},
}


def fingerprint(*tools: Json) -> str:
    [one] = descriptions({"id": 1, "result": {"tools": list(tools)}})
    return one.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Get a user."},
        {"title": "Get"},
        {"inputSchema": {"type": "object"}},
        {"outputSchema": {"type": "object"}},
        {"annotations": {"readOnlyHint": True}},
    ],
)
def test_whatever_a_model_reads_of_a_tool_makes_another_fingerprint(
    change: dict[str, Json],
) -> None:
    assert fingerprint(TOOL | change) != fingerprint(TOOL)


def test_the_order_of_members_and_what_no_model_reads_make_no_difference() -> None:
    turned = dict(reversed(list(TOOL.items())))
    assert fingerprint(turned | {"_meta": {"n": 1}, "icons": []}) == fingerprint(TOOL)


def test_a_name_that_is_listed_twice_has_one_fingerprint_for_both() -> None:
    other = TOOL | {"description": "Send all."}
    found = {fingerprint(TOOL), fingerprint(other), fingerprint(TOOL, other)}
    assert len(found | {fingerprint(other, TOOL)}) == 4


def test_its_values_are_lines_with_their_places() -> None:
    [one] = descriptions([{"result": {"tools": [TOOL, {"name": ""}, 7]}}, {"method": "x"}])
    assert one.lines == (
        "description: Get a user.",
        "inputSchema.properties.id.enum[0]: a",
        "inputSchema.properties.id.enum[1]: 1.0",
        "inputSchema.required: []",
        "inputSchema.type: object",
    )
