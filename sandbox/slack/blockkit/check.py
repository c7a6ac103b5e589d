"""Block Kit checks (first cut)."""

from sandbox.slack.model import Json


def check_blocks(blocks: list[Json], surface: str) -> list[str]:
    if len(blocks) > 50:
        return ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]
    return []


def check_view(view: Json) -> list[str]:
    return []


def length_of(blocks: list[Json]) -> int:
    return 0
