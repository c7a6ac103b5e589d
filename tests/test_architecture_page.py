"""docs/architecture.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from app.domain.hold import TRANSITIONS

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"


def diagram() -> str:
    """Draw the life of a hold from its table."""
    steps: dict[tuple[str, str], list[str]] = {}
    for (state, event), after in TRANSITIONS.items():
        steps.setdefault((state.value, after.value), []).append(event.value)
    drawn = [f"{start} --> {end}: {', '.join(events)}" for (start, end), events in steps.items()]
    lines = ["stateDiagram-v2", *(f"    {line}" for line in ["[*] --> pending", *drawn])]
    return "\n".join(["```mermaid", *lines, "```"])


def test_the_diagram_of_a_holds_life_is_the_table() -> None:
    assert diagram() in PAGE.read_text()
