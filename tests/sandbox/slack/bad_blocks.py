"""What Block Kit refuses: one example for each documented case, named by the case."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: object) -> Json:
    return {"type": "section", "text": mrkdwn("words")} | more


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**more: object) -> Json:
    return {"type": "button", "action_id": "b", "text": plain("Go")} | more


def option(number: int = 0, **more: object) -> Json:
    return {"text": plain(f"o{number}"), "value": f"v{number}"} | more


def options(count: int) -> list[Json]:
    return [option(n) for n in range(count)]


def select(**more: object) -> Json:
    return {"type": "static_select", "action_id": "s", "options": options(2)} | more


def asked(element: Json, **more: object) -> Json:
    return {
        "type": "input",
        "label": plain("What?"),
        "element": element | {"action_id": "i"},
    } | more


def text_input(**more: object) -> Json:
    return asked({"type": "plain_text_input"} | more)


def confirm(**more: object) -> Json:
    base = {"title": plain("Sure?"), "text": plain("Really?")}
    return base | {"confirm": plain("Yes"), "deny": plain("No")} | more


def confirmed(**more: object) -> Json:
    return actions(button(confirm=confirm(**more)))


def image(**more: object) -> Json:
    return {"type": "image", "alt_text": "a", "image_url": "https://x.example/i.png"} | more


def video(**more: object) -> Json:
    base = {"type": "video", "alt_text": "a", "title": plain("t")}
    return (
        base | {"thumbnail_url": "https://x.example/t", "video_url": "https://x.example/v"} | more
    )


def card(**more: object) -> Json:
    return {"type": "card", "title": plain("t")} | more


def container(**more: object) -> Json:
    return {"type": "container", "child_blocks": [section()]} | more


def cell(text: str = "c") -> Json:
    return {"type": "raw_text", "text": text}


def grid(rows: int, columns: int) -> list[list[Json]]:
    return [[cell() for _ in range(columns)] for _ in range(rows)]


def data_table(**more: object) -> Json:
    return {"type": "data_table", "rows": grid(2, 2)} | more


def chart(**drawn: object) -> Json:
    return {"type": "data_visualization", "title": "t", "chart": drawn}


def pie(*segments: Json) -> Json:
    return chart(type="pie", segments=list(segments))


def segment(label: str = "a", value: float = 1) -> Json:
    return {"label": label, "value": value}


def series(name: str = "s", count: int = 1, label: str = "p") -> Json:
    return {"name": name, "data": [{"label": label, "value": 1}] * count}


def bar(*drawn: Json, **axes: object) -> Json:
    axis_config = {"categories": ["a"]} | axes
    return chart(type="bar", series=list(drawn), axis_config=axis_config)


def feedback(**more: object) -> Json:
    thumb = {"text": plain("Good"), "value": "g"}
    buttons = {"positive_button": thumb | more, "negative_button": thumb}
    element = {"type": "feedback_buttons", "action_id": "f"} | buttons
    return {"type": "context_actions", "elements": [element]}


def icon_button(**more: object) -> Json:
    return {"type": "icon_button", "icon": "trash", "text": plain("Delete")} | more


def sources(url: str) -> Json:
    source = {"type": "url", "url": url, "text": "s"}
    return {"type": "task_card", "task_id": "1", "title": "t", "sources": [source]}


def group(**more: object) -> Json:
    return {"label": plain("g"), "options": options(1)} | more


def grouped(**more: object) -> Json:
    return actions({"type": "static_select", "action_id": "s", "option_groups": [group(**more)]})


def choices(kind: str, count: int) -> Json:
    return actions({"type": kind, "action_id": "c", "options": options(count)})


def with_option(**more: object) -> Json:
    return actions(select(options=[option(1, **more)]))


BLOCKS: dict[str, Json] = {
    "text-empty": section(text=mrkdwn("")),
    "text-too-long": {"type": "context", "elements": [mrkdwn("x" * 3001)]},
    "button-action-id-too-long": actions(button(action_id="x" * 256)),
    "button-text-too-long": actions(button(text=plain("x" * 76))),
    "button-url-too-long": actions(button(url="x" * 3001)),
    "button-value-too-long": actions(button(value="x" * 2001)),
    "confirmation-title-too-long": confirmed(title=plain("x" * 101)),
    "confirmation-text-too-long": confirmed(text=plain("x" * 301)),
    "confirmation-confirm-too-long": confirmed(confirm=plain("x" * 31)),
    "confirmation-deny-too-long": confirmed(deny=plain("x" * 31)),
    "option-text-too-long": with_option(text=plain("x" * 76)),
    "option-value-too-long": with_option(value="x" * 151),
    "option-url-too-long": with_option(url="\N{GRINNING FACE}" * 3001),
    "option-description-too-long": with_option(description=plain("x" * 76)),
    "option-group-label-too-long": grouped(label=plain("x" * 76)),
    "option-group-empty": grouped(options=[]),
    "option-group-too-many-options": grouped(options=options(101)),
    "select-placeholder-too-long": actions(select(placeholder=plain("x" * 151))),
    "select-too-many-options": actions(select(options=options(101))),
    "select-too-many-option-groups": actions(
        {"type": "static_select", "action_id": "s", "option_groups": [group()] * 101}
    ),
    "overflow-empty": choices("overflow", 0),
    "overflow-too-many-options": choices("overflow", 6),
    "checkboxes-empty": choices("checkboxes", 0),
    "checkboxes-too-many-options": choices("checkboxes", 11),
    "radio-buttons-empty": choices("radio_buttons", 0),
    "radio-buttons-too-many-options": choices("radio_buttons", 11),
    "url-source-url-empty": sources(""),
    "url-source-url-too-long": sources("x" * 3001),
    "table-too-many-rows": {"type": "table", "rows": grid(101, 1)},
    "table-ragged-rows": {"type": "table", "rows": [[cell()], [cell(), cell()]]},
    "table-column-settings-mismatch": {
        "type": "table",
        "rows": grid(2, 2),
        "column_settings": [{"align": "left"}],
    },
    "file-input-max-files-too-small": asked({"type": "file_input", "max_files": 0}),
    "file-input-max-files-too-large": asked({"type": "file_input", "max_files": 11}),
    "plain-text-input-max-length-too-large": text_input(max_length=3001),
    "actions-too-many-elements": actions(*[button(action_id=f"b{n}") for n in range(26)]),
    "context-too-many-elements": {"type": "context", "elements": [mrkdwn("x")] * 11},
    "header-text-too-long": {"type": "header", "text": plain("x" * 151)},
    "image-url-too-long": image(image_url="x" * 3001),
    "image-alt-text-too-long": image(alt_text="x" * 2001),
    "input-label-too-long": asked({"type": "plain_text_input"}, label=plain("x" * 2001)),
    "input-hint-too-long": asked({"type": "plain_text_input"}, hint=plain("x" * 2001)),
    "markdown-empty": {"type": "markdown", "text": ""},
    "markdown-too-long": {"type": "markdown", "text": "x" * 12001},
    "section-text-too-long": section(text=mrkdwn("x" * 3001)),
    "section-too-many-fields": section(fields=[plain("f")] * 11),
    "section-field-too-long": section(fields=[plain("x" * 2001)]),
    "video-alt-text-empty": video(alt_text=""),
    "video-alt-text-too-long": video(alt_text="x" * 201),
    "video-title-too-long": video(title=plain("x" * 201)),
    "video-author-name-too-long": video(author_name="x" * 51),
    "video-description-too-long": video(description=plain("x" * 201)),
    "video-provider-name-too-long": video(provider_name="x" * 51),
    "section-missing-content": {"type": "section"},
    "static-select-options-and-groups": actions(select(option_groups=[group()])),
    "image-url-and-slack-file": image(slack_file={"id": "F1"}),
    "number-input-inverted-range": asked(
        {
            "type": "number_input",
            "is_decimal_allowed": False,
            "min_value": "9",
            "max_value": "1",
        }
    ),
    "context-invalid-element": {"type": "context", "elements": [button()]},
    "input-invalid-element": asked(button()),
    "block-id-too-long": section(block_id="x" * 256),
    "button-accessibility-label-too-long": actions(button(accessibility_label="x" * 76)),
    "alert-text-too-long": {"type": "alert", "text": plain("x" * 201)},
    "card-title-too-long": card(title=plain("x" * 151)),
    "card-subtitle-too-long": card(subtitle=plain("x" * 151)),
    "card-body-too-long": card(body=plain("x" * 201)),
    "card-too-many-actions": card(actions=[button(action_id=f"b{n}") for n in range(4)]),
    "card-subtext-too-long": card(subtext=plain("x" * 201)),
    "carousel-empty": {"type": "carousel", "elements": []},
    "carousel-too-many-cards": {"type": "carousel", "elements": [card()] * 11},
    "container-title-too-long": container(title=plain("x" * 151)),
    "container-subtitle-too-long": container(subtitle=plain("x" * 151)),
    "container-too-many-child-blocks": container(child_blocks=[section()] * 11),
    "context-actions-too-many-elements": {
        "type": "context_actions",
        "elements": [icon_button()] * 6,
    },
    "feedback-button-text-too-long": feedback(text=plain("x" * 76)),
    "feedback-button-value-too-long": feedback(value="x" * 2001),
    "feedback-button-accessibility-label-too-long": feedback(accessibility_label="x" * 76),
    "icon-button-too-many-visible-users": {
        "type": "context_actions",
        "elements": [icon_button(visible_to_user_ids=["U1"] * 11)],
    },
    "data-table-too-few-rows": data_table(rows=grid(1, 2)),
    "data-table-too-many-rows": data_table(rows=grid(202, 1)),
    "data-table-too-few-columns": data_table(rows=[[], []]),
    "data-table-too-many-columns": data_table(rows=grid(2, 21)),
    "data-table-page-size-too-small": data_table(page_size=0),
    "data-table-page-size-too-large": data_table(page_size=101),
    "data-table-cell-text-empty": data_table(rows=[[cell("")], [cell()]]),
    "data-table-content-too-long": data_table(rows=[[cell("x" * 10001)], [cell("x" * 10000)]]),
    "data-visualization-title-too-long": pie(segment()) | {"title": "x" * 51},
    "pie-chart-empty": pie(),
    "pie-chart-too-many-segments": pie(*[segment()] * 13),
    "chart-segment-label-too-long": pie(segment("x" * 21)),
    "chart-segment-value-not-positive": pie(segment(value=0)),
    "chart-series-empty": bar(),
    "chart-too-many-series": bar(*[series()] * 13),
    "data-series-name-too-long": bar(series("x" * 21)),
    "data-series-empty": bar(series(count=0)),
    "data-series-too-many-points": bar(series(count=21)),
    "data-point-label-too-long": bar(series(label="x" * 21)),
    "axis-categories-empty": bar(series(), categories=[]),
    "axis-too-many-categories": bar(series(), categories=["a"] * 21),
    "axis-category-label-too-long": bar(series(), categories=["x" * 21]),
    "axis-label-too-long": bar(series(), x_label="x" * 51),
    "unknown-block": {"type": "sectoin", "text": mrkdwn("x")},
    "unknown-element": actions({"type": "buton", "action_id": "b", "text": plain("x")}),
    "unknown-field": section(colour="red"),
    "mrkdwn-in-a-button": actions(button(text=mrkdwn("*x*"))),
    "two-of-one-action-id": actions(button(), button()),
}


def view(**more: object) -> Json:
    return {"type": "modal", "title": plain("t"), "blocks": [section()]} | more


VIEWS: dict[str, Json] = {
    "view-missing-blocks": view(blocks=[]),
    "view-too-many-blocks": view(blocks=[section()] * 101),
    "view-private-metadata-too-long": view(private_metadata="x" * 3001),
    "view-callback-id-too-long": view(callback_id="x" * 256),
    "view-title-too-long": view(title=plain("x" * 25)),
    "view-close-too-long": view(close=plain("x" * 25)),
    "view-submit-too-long": view(submit=plain("x" * 25)),
    "view-with-input-but-no-submit": view(blocks=[text_input()]),
    "view-with-a-markdown-block": view(blocks=[{"type": "markdown", "text": "x"}]),
    "view-of-no-type": {"blocks": [section()]},
}


def good_blocks() -> Iterator[Json]:
    """One of each at its limit, which must be let through."""
    yield section(text=mrkdwn("x" * 3000), fields=[plain("x" * 2000)] * 2)
    yield {"type": "header", "text": plain("x" * 150)}
    yield {"type": "divider"}
    yield actions(*[button(action_id=f"b{n}", confirm=confirm()) for n in range(25)])
    yield actions(select(), button(value="x" * 2000, style="primary"))
    yield choices("overflow", 5)
    yield choices("checkboxes", 10)
    yield {"type": "context", "elements": [mrkdwn("x")] * 9 + [image()]}
    yield text_input(max_length=3000)
    yield image()
    yield video()
    yield card(actions=[button()])
    yield {"type": "carousel", "elements": [card()]}
    yield container()
    yield feedback()
    yield sources("https://x.example")
    yield {"type": "table", "rows": grid(3, 2), "column_settings": [{}, {}]}
    yield data_table()
    yield pie(segment())
    yield bar(series(), x_label="x")
    yield {"type": "alert", "text": plain("x"), "level": "warning"}
    yield {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}
