"""What a hook of an agent asks at `/-/evaluate`, as it is recorded: the content alone."""

from __future__ import annotations

from app.domain.segment import Role
from app.wire.apis.plain import PLAIN
from app.wire.json_paths import ValueKind, shape
from app.wire.request.prompts import RequestTable
from app.wire.table import TableFormat

REQUEST = RequestTable(
    shape=shape({"arguments": ValueKind.FREE}),
    roles={
        "prompt": Role.USER,
        "name": Role.ASSISTANT,
        "arguments": Role.ASSISTANT,
        "result": Role.TOOL,
        "path": Role.TOOL,
        "content": Role.TOOL,
    },
)

HOOK = TableFormat("hook", REQUEST, PLAIN.response, PLAIN.errors)
