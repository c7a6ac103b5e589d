"""The JSON Schema of the catalog's files, so that editors complete and check them."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter

from policies.files.fields import DetectorKind
from policies.files.model import ApproverSetSpec, DetectorSpec, RuleSpec

ADDRESS = "https://json-schema.org/draft/2020-12/schema"


def catalog_schema() -> dict[str, Any]:
    """Return one schema that fits a file of rules, of detectors, or of approver sets."""
    definitions: dict[str, Any] = {}
    options = [
        _inlined(TypeAdapter(list[RuleSpec]), definitions),
        _detector_file(definitions),
        _inlined(TypeAdapter(list[ApproverSetSpec]), definitions),
    ]
    return {
        "$schema": ADDRESS,
        "title": "A file of the Abeyance catalog",
        "anyOf": options,
        "$defs": dict(sorted(definitions.items())),
    }


def _detector_file(definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": "Detectors of one kind",
        "required": ["kind", "detectors"],
        "additionalProperties": False,
        "properties": {
            "kind": {"enum": [kind.value for kind in DetectorKind]},
            "generic": {"type": "boolean", "description": "They give way to all others."},
            "detectors": _inlined(TypeAdapter(list[DetectorSpec]), definitions),
        },
    }


def _inlined(adapter: TypeAdapter[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = adapter.json_schema(by_alias=True, mode="validation")
    definitions.update(schema.pop("$defs", {}))
    return schema


def rendered() -> str:
    """Return the schema as it stands in `catalog.schema.json`."""
    return json.dumps(catalog_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
