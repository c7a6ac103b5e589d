"""What Slack adds to blocks on their way in: ids, and the defaults of text objects."""

import secrets
from collections.abc import Iterator

from sandbox.slack.state.model import Json

INTERACTIVE = frozenset(
    {
        "button",
        "channels_select",
        "checkboxes",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "external_select",
        "feedback_buttons",
        "file_input",
        "icon_button",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_external_select",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
        "workflow_button",
    }
)


def fill_ids(blocks: list[Json]) -> tuple[Json, ...]:
    """The blocks with a `block_id` and an `action_id` wherever the app gave none."""
    return tuple(_block(block) for block in blocks)


def fill_view(view: Json) -> Json:
    filled = {key: _defaults(value) for key, value in view.items() if key != "blocks"}
    return filled | {"blocks": list(fill_ids(view["blocks"]))}


def interactive_elements(blocks: tuple[Json, ...]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) that a person can use, in the order of the page."""
    for block in blocks:
        for key in ("elements", "accessory", "element", "actions"):
            value = block.get(key, [])
            for element in value if isinstance(value, list) else [value]:
                if element.get("type") in INTERACTIVE:
                    yield block, element
        nested = block.get("child_blocks", [])
        if block["type"] == "carousel":
            nested = block["elements"]
        yield from interactive_elements(tuple(nested))


def _block(block: Json) -> Json:
    filled = {
        key: [_block(inner) for inner in value] if _holds_blocks(block, key) else _defaults(value)
        for key, value in block.items()
    }
    return {"block_id": secrets.token_urlsafe(4)} | filled


def _holds_blocks(block: Json, key: str) -> bool:
    return key == "child_blocks" or (block["type"] == "carousel" and key == "elements")


def _defaults(value: object) -> object:
    if isinstance(value, list):
        return [_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    filled: Json = {key: _defaults(item) for key, item in value.items()}
    kind = filled.get("type")
    if kind == "plain_text":
        return {"emoji": True} | filled
    if kind == "mrkdwn":
        return {"verbatim": False} | filled
    if kind in INTERACTIVE:
        return {"action_id": secrets.token_urlsafe(4)} | filled
    return filled
