"""What blocks contain: texts, options, buttons, menus and inputs, with Slack's limits."""

from collections.abc import Iterator, Mapping

from sandbox.slack.blockkit.rules import (
    Rule,
    anything,
    at_least_one,
    at_most_one,
    boolean,
    items,
    number,
    one_of,
    problem,
    shape,
    string,
    typed,
)

ID = string(255)
URL = string(3000, 1)


def text(longest: int = 3000) -> Rule:
    plain = shape({"text": string(longest, 1)}, {"emoji": boolean})
    marked = shape({"text": string(longest, 1)}, {"verbatim": boolean})
    return typed({"plain_text": plain, "mrkdwn": marked}, "text type")


def plain(longest: int = 3000) -> Rule:
    rule = shape({"text": string(longest, 1)}, {"emoji": boolean})
    return typed({"plain_text": rule}, "text type")


CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = shape(
    {"text": text(75), "value": string(150)}, {"description": text(75), "url": string(3000)}
)
GROUP = shape({"label": plain(75), "options": items(OPTION, 100, 1)})
_DISPATCH = shape({}, {"trigger_actions_on": items(string())})
_FILTER = shape({}, is_open=True)


def _element(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *also: Rule
) -> Rule:
    common = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": boolean}
    return shape(required, common | dict(optional or {}), *also)


def _menu(**more: Rule) -> Rule:
    """A select: its placeholder is optional, as Slack has made it."""
    several = {"max_selected_items": number(1), "response_url_enabled": boolean}
    return _element({}, {"placeholder": plain(150)} | several | more)


def _typed_input(**more: Rule) -> Rule:
    base: dict[str, Rule] = {"placeholder": plain(150), "initial_value": string()}
    return _element({}, base | {"dispatch_action_config": _DISPATCH} | more)


def _range(low: str, high: str) -> Rule:
    def rule(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, dict) or value.get(low) is None or value.get(high) is None:
            return
        if float(str(value[low])) > float(str(value[high])):
            yield problem(f"{low} must not be more than {high}", at)

    return rule


_CHOICES: dict[str, Rule] = {
    "options": items(OPTION, 100),
    "option_groups": items(GROUP, 100),
    "initial_option": OPTION,
    "initial_options": items(OPTION, 100),
    "placeholder": plain(150),
    "max_selected_items": number(1),
}
_STATIC = _element(
    {}, _CHOICES, at_most_one("options", "option_groups"), at_least_one("options", "option_groups")
)
_FEW = {"options": items(OPTION, 10, 1)}
_FEEDBACK = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})

IMAGE = shape(
    {"alt_text": string(2000)},
    {"image_url": string(3000), "slack_file": shape({}, {"id": string(), "url": string()})},
    at_most_one("image_url", "slack_file"),
    at_least_one("image_url", "slack_file"),
)
URL_SOURCE = shape({"url": URL, "text": string()})
BUTTON = _element(
    {"text": plain(75)},
    {
        "url": string(3000),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
)
ICON_BUTTON = _element(
    {"icon": string(), "text": plain()},
    {
        "value": string(2000),
        "accessibility_label": string(75),
        "visible_to_user_ids": items(string(), 10),
    },
)
FEEDBACK_BUTTONS = _element({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK})

INPUTS: dict[str, Rule] = {
    "plain_text_input": _typed_input(
        multiline=boolean, min_length=number(0, 3000), max_length=number(1, 3000)
    ),
    "email_text_input": _typed_input(),
    "url_text_input": _typed_input(),
    "number_input": _element(
        {"is_decimal_allowed": boolean},
        {
            "initial_value": number(),
            "min_value": number(),
            "max_value": number(),
            "placeholder": plain(150),
            "dispatch_action_config": _DISPATCH,
        },
        _range("min_value", "max_value"),
    ),
    "rich_text_input": _element({}, {"initial_value": anything, "placeholder": plain(150)}),
    "file_input": _element({}, {"filetypes": items(string()), "max_files": number(1, 10)}),
    "static_select": _STATIC,
    "multi_static_select": _STATIC,
    "external_select": _menu(initial_option=OPTION, min_query_length=number(0)),
    "multi_external_select": _menu(initial_options=items(OPTION), min_query_length=number(0)),
    "users_select": _menu(initial_user=string()),
    "multi_users_select": _menu(initial_users=items(string())),
    "channels_select": _menu(initial_channel=string()),
    "multi_channels_select": _menu(initial_channels=items(string())),
    "conversations_select": _menu(
        initial_conversation=string(), default_to_current_conversation=boolean, filter=_FILTER
    ),
    "multi_conversations_select": _menu(
        initial_conversations=items(string()),
        default_to_current_conversation=boolean,
        filter=_FILTER,
    ),
    "datepicker": _menu(initial_date=string()),
    "timepicker": _menu(initial_time=string(), timezone=string()),
    "datetimepicker": _menu(initial_date_time=number(0)),
    "radio_buttons": _element(_FEW, {"initial_option": OPTION}),
    "checkboxes": _element(_FEW, {"initial_options": items(OPTION, 10, 1)}),
}
_ONLY_IN_INPUT = ("email_text_input", "url_text_input", "number_input", "file_input")
USABLE: dict[str, Rule] = {
    "button": BUTTON,
    "overflow": _element({"options": items(OPTION, 5, 1)}),
    "workflow_button": _element({"text": plain(75), "workflow": anything}, {"style": string()}),
} | {kind: rule for kind, rule in INPUTS.items() if kind not in _ONLY_IN_INPUT}
