"""Tables and charts: blocks whose parts must fit together."""

from collections.abc import Iterator

from sandbox.slack.blockkit.elements import ID
from sandbox.slack.blockkit.rules import (
    Rule,
    anything,
    items,
    number,
    positive,
    problem,
    shape,
    string,
    typed,
)

_CELLS: dict[str, Rule] = {
    "raw_text": shape({"text": string(shortest=1)}),
    "raw_number": shape({"value": number()}, {"text": string()}),
    "rich_text": shape({"elements": items(anything)}, {"block_id": ID}),
}
_CELL = typed(_CELLS, "cell type")
_CELL_CHARACTERS = 20_000


def _same_width(value: object, at: str) -> Iterator[str]:
    rows = _rows(value)
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        yield problem("all rows must have the same number of cells", f"{at}/rows")
    settings = value.get("column_settings") if isinstance(value, dict) else None
    if isinstance(settings, list) and widths and len(settings) != max(widths):
        yield problem("there must be one setting for each column", f"{at}/column_settings")


def _all_cells(value: object, at: str) -> Iterator[str]:
    texts = [cell.get("text") for row in _rows(value) for cell in row if isinstance(cell, dict)]
    if sum(len(text) for text in texts if isinstance(text, str)) > _CELL_CHARACTERS:
        yield problem(f"no more than {_CELL_CHARACTERS} characters in all cells", f"{at}/rows")


def _rows(value: object) -> list[list[object]]:
    rows = value.get("rows") if isinstance(value, dict) else None
    return [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []


TABLE = shape(
    {"rows": items(items(_CELL, 20), 100, 1)},
    {"block_id": ID, "column_settings": items(anything, 20)},
    _same_width,
)
DATA_TABLE = shape(
    {"rows": items(items(_CELL, 20, 1), 201, 2)},
    {"block_id": ID, "page_size": number(1, 100)},
    _same_width,
    _all_cells,
    is_open=True,
)

_SEGMENT = shape({"label": string(20), "value": positive})
_POINT = shape({"label": string(20), "value": number()})
_SERIES = shape({"name": string(20), "data": items(_POINT, 20, 1)}, is_open=True)
_AXES = shape(
    {"categories": items(string(20), 20, 1)},
    {"x_label": string(50), "y_label": string(50)},
    is_open=True,
)
_AXIS_CHART = shape({"series": items(_SERIES, 12, 1)}, {"axis_config": _AXES}, is_open=True)
_CHARTS: dict[str, Rule] = {
    "pie": shape({"segments": items(_SEGMENT, 12, 1)}, is_open=True),
    "bar": _AXIS_CHART,
    "line": _AXIS_CHART,
    "area": _AXIS_CHART,
}
DATA_VISUALIZATION = shape(
    {"title": string(50), "chart": typed(_CHARTS, "chart type")}, {"block_id": ID}
)
