"""Charts as SVG that a strict policy allows: no script, no style, no link; our sheet colours them.

Pygal computes them. Of what it draws, only the elements and attributes that are listed here are
kept. It takes a third of a second to import, so it is imported when somebody looks.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

_ELEMENTS = frozenset({"svg", "g", "rect", "path", "text", "circle", "line"})
_ATTRIBUTES = frozenset(
    {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "d", "points"}
    | {"width", "height", "class", "transform", "viewBox"}
)
_WIDTH = 560
_LABEL = 26
_BAR_HEIGHT, _FRAME_HEIGHT = 26, 50


def columns(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    stacked: bool = False,
    spelt: Callable[[float], str] | None = None,
) -> Markup:
    """Draw columns from left to right; `spelt` writes the values of the axis."""
    return _drawn("StackedBar" if stacked else "Bar", 220, labels, series, spelt)


def bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    stacked: bool = False,
    spelt: Callable[[float], str] | None = None,
) -> Markup:
    """Draw bars from top to bottom, the first on top."""
    height = _FRAME_HEIGHT + _BAR_HEIGHT * max(len(labels), 2)
    turned = {name: tuple(reversed(values)) for name, values in series.items()}
    kind = "HorizontalStackedBar" if stacked else "HorizontalBar"
    return _drawn(kind, height, tuple(reversed(labels)), turned, spelt)


def _drawn(
    kind: str,
    height: int,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    spelt: Callable[[float], str] | None,
) -> Markup:
    chart: Any = getattr(_pygal(), kind)(
        width=_WIDTH,
        height=height,
        show_legend=False,
        margin=8,
        spacing=8,
        max_scale=5,
        rounded_bars=2,
        x_label_rotation=45 if kind.endswith("Bar") and len(labels) > _MANY else 0,
        formatter=spelt or _number,
        # Nothing is counted in halves.
        order_min=0 if _are_whole(series) else None,
        js=[],
        css=[],
        no_prefix=True,
        **_every_second(kind, labels),
    )
    chart.x_labels = [_cut(label) for label in labels]
    for name, values in series.items():
        chart.add(name, values)
    return _clean(chart.render_tree())


def _pygal() -> ModuleType:
    import pygal  # type: ignore[import-untyped]  # noqa: PLC0415 - see above

    # It looks for its plugins in every import, by a protocol that Python has given up.
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if type(finder).__module__.partition(".")[0] != "pygal"
    ]
    return pygal  # type: ignore[no-any-return]


_MANY = 10
_SHOWN = 12


def _every_second(kind: str, labels: Sequence[str]) -> dict[str, Any]:
    """Leave labels out where there are too many to read."""
    step = -(-len(labels) // _SHOWN)
    if kind.startswith("Horizontal") or step == 1:
        return {}
    return {"x_labels_major": labels[::step], "show_minor_x_labels": False}


def _are_whole(series: Mapping[str, Sequence[float | None]]) -> bool:
    return all(value == int(value) for values in series.values() for value in values if value)


def _cut(label: str) -> str:
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _clean(drawn: ET.Element) -> Markup:
    kept = _kept(drawn)
    kept.set("aria-hidden", "true")  # the table beside it says the same
    return Markup(ET.tostring(kept, encoding="unicode"))  # noqa: S704 - a serializer escapes it


def _kept(element: ET.Element) -> ET.Element:
    new = ET.Element(
        element.tag,
        {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES},
    )
    new.text = element.text if element.tag == "text" else None
    new.extend(_kept(child) for child in element if child.tag in _ELEMENTS)
    return new
