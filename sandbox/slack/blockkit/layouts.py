"""The blocks themselves, with Slack's limits. Text lengths are in code points."""

from collections.abc import Iterator

from sandbox.slack.blockkit.charts import DATA_TABLE, DATA_VISUALIZATION, TABLE
from sandbox.slack.blockkit.elements import (
    BUTTON,
    FEEDBACK_BUTTONS,
    ICON_BUTTON,
    ID,
    IMAGE,
    INPUTS,
    URL_SOURCE,
    USABLE,
    plain,
    text,
)
from sandbox.slack.blockkit.rules import (
    Rule,
    anything,
    at_least_one,
    at_most_one,
    boolean,
    items,
    one_of,
    shape,
    string,
    typed,
)

_BLOCK = {"block_id": ID}
_TEXTS = {
    "plain_text": text(),
    "mrkdwn": text(),
    "image": IMAGE,
}
_RICH_PARTS = (
    "rich_text_section",
    "rich_text_list",
    "rich_text_preformatted",
    "rich_text_quote",
)
_RICH_PART = shape({"elements": items(anything)}, is_open=True)

RICH_TEXT = shape(
    {"elements": items(typed(dict.fromkeys(_RICH_PARTS, _RICH_PART), "element"))}, _BLOCK
)
CARD = shape(
    {},
    _BLOCK
    | {
        "hero_image": typed({"image": IMAGE}),
        "icon": typed({"image": IMAGE}),
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "actions": items(typed({"button": BUTTON, "icon_button": ICON_BUTTON}, "element"), 3),
    },
    at_least_one("title", "body", "hero_image", "actions"),
)


def _child_blocks(value: object, at: str) -> Iterator[str]:
    """Containers hold blocks, but no container."""
    kinds = {kind: rule for kind, rule in BLOCKS.items() if kind != "container"}
    yield from items(typed(kinds, "type"), 10)(value, at)


BLOCKS: dict[str, Rule] = {
    "section": shape(
        {},
        _BLOCK
        | {
            "text": text(3000),
            "fields": items(text(2000), 10, 1),
            "accessory": typed(USABLE | {"image": IMAGE}, "element"),
            "expand": boolean,
        },
        at_least_one("text", "fields"),
    ),
    "header": shape({"text": plain(150)}, _BLOCK),
    "divider": shape({}, _BLOCK),
    "context": shape({"elements": items(typed(_TEXTS, "element"), 10, 1)}, _BLOCK),
    "actions": shape({"elements": items(typed(USABLE, "element"), 25, 1)}, _BLOCK),
    "context_actions": shape(
        {
            "elements": items(
                typed({"feedback_buttons": FEEDBACK_BUTTONS, "icon_button": ICON_BUTTON}), 5, 1
            )
        },
        _BLOCK,
    ),
    "image": shape(
        {"alt_text": string(2000)},
        _BLOCK | {"image_url": string(3000), "slack_file": anything, "title": plain(2000)},
        at_most_one("image_url", "slack_file"),
        at_least_one("image_url", "slack_file"),
    ),
    "input": shape(
        {"label": plain(2000), "element": typed(INPUTS, "element")},
        _BLOCK | {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "markdown": shape({"text": string(12_000, 1)}, _BLOCK),
    "video": shape(
        {
            "alt_text": string(200, 1),
            "title": plain(200),
            "thumbnail_url": string(3000),
            "video_url": string(3000),
        },
        _BLOCK
        | {
            "title_url": string(3000),
            "description": plain(200),
            "provider_name": string(50),
            "provider_icon_url": string(3000),
            "author_name": string(50),
        },
    ),
    "alert": shape(
        {"text": text(200)},
        _BLOCK | {"level": one_of("default", "info", "warning", "error", "success")},
    ),
    "card": CARD,
    "carousel": shape({"elements": items(typed({"card": CARD}, "element"), 10, 1)}, _BLOCK),
    "container": shape(
        {"child_blocks": _child_blocks},
        _BLOCK
        | {
            "title": plain(150),
            "rich_text_title": typed({"rich_text": RICH_TEXT}),
            "subtitle": text(150),
            "width": string(),
            "icon": typed({"image": IMAGE}),
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
    ),
    "task_card": shape(
        {"task_id": string(), "title": string()},
        _BLOCK
        | {
            "details": typed({"rich_text": RICH_TEXT}),
            "output": typed({"rich_text": RICH_TEXT}),
            "sources": items(typed({"url": URL_SOURCE}, "element")),
            "status": one_of("pending", "in_progress", "complete", "error"),
        },
    ),
    "plan": shape({"title": string()}, _BLOCK | {"tasks": items(anything)}),
    "table": TABLE,
    "data_table": DATA_TABLE,
    "data_visualization": DATA_VISUALIZATION,
}
NOT_IN_VIEWS = ("markdown", "table", "data_table", "data_visualization", "task_card", "plan")
