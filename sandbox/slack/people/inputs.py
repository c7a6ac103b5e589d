"""What people fill in: raw values from the page or a test become Slack's `state.values`."""

from dataclasses import dataclass

from sandbox.slack.blockkit import interactive_elements
from sandbox.slack.errors import Refused
from sandbox.slack.state.model import Json

Blocks = tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where an element keeps its value in the state, and where its first value comes from."""

    state: str
    initial: str
    option: bool = False
    many: bool = False


_TEXT = _Kind("value", "initial_value")
_ONE = _Kind("selected_option", "initial_option", option=True)
_SEVERAL = _Kind("selected_options", "initial_options", option=True, many=True)

KINDS: dict[str, _Kind] = {
    "plain_text_input": _TEXT,
    "email_text_input": _TEXT,
    "url_text_input": _TEXT,
    "number_input": _TEXT,
    "static_select": _ONE,
    "external_select": _ONE,
    "radio_buttons": _ONE,
    "overflow": _ONE,
    "checkboxes": _SEVERAL,
    "multi_static_select": _SEVERAL,
    "multi_external_select": _SEVERAL,
    "datepicker": _Kind("selected_date", "initial_date"),
    "timepicker": _Kind("selected_time", "initial_time"),
    "datetimepicker": _Kind("selected_date_time", "initial_date_time"),
    "users_select": _Kind("selected_user", "initial_user"),
    "channels_select": _Kind("selected_channel", "initial_channel"),
    "conversations_select": _Kind("selected_conversation", "initial_conversation"),
    "multi_users_select": _Kind("selected_users", "initial_users", many=True),
    "multi_channels_select": _Kind("selected_channels", "initial_channels", many=True),
    "multi_conversations_select": _Kind(
        "selected_conversations", "initial_conversations", many=True
    ),
    "rich_text_input": _Kind("rich_text_value", "initial_value"),
    "file_input": _Kind("files", "", many=True),
}


def collect(blocks: Blocks, given: Json, before: Json | None = None) -> Json:
    """`state.values`: what is given, else what was there before, else the initial value.

    `given` is keyed by block id then action id, or shorter, by either of the two. Raises
    Refused(`no_such_input`, `no_such_option`) for what the person could not have filled in.
    """
    values: Json = {}
    unused = set(given)
    for block, element in interactive_elements(blocks):
        kind = KINDS.get(element["type"])
        if kind is None or element["type"] == "overflow":
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        found, raw = _given(given, block_id, action_id)
        unused -= {block_id, action_id}
        state = (before or {}).get(block_id, {}).get(action_id)
        if found:
            state = state_of(element, raw)
        elif state is None:
            initial = element.get(kind.initial, [] if kind.many else None)
            state = {"type": element["type"], kind.state: initial}
        values.setdefault(block_id, {})[action_id] = state
    if unused:
        raise Refused("no_such_input", f"There is no input called {sorted(unused)} here.")
    return values


def state_of(element: Json, raw: object) -> Json:
    """The state of one element after the person chose or typed `raw`."""
    kind = KINDS[element["type"]]
    value = raw
    if kind.option:
        chosen = raw if isinstance(raw, list) else [raw]
        options = [_option(element, item) for item in chosen if item is not None]
        value = options if kind.many else (options[0] if options else None)
    elif raw == "":
        value = None
    return {"type": element["type"], kind.state: value}


def complaints(blocks: Blocks, values: Json) -> dict[str, str]:
    """What the Slack client itself would refuse to submit, by block id."""
    errors: dict[str, str] = {}
    for block, element in interactive_elements(blocks):
        if block["type"] == "input":
            state = values.get(block["block_id"], {}).get(element["action_id"], {})
            error = _complaint(block, element, state)
            if error:
                errors[block["block_id"]] = error
    return errors


def _complaint(block: Json, element: Json, state: Json) -> str | None:
    value = state.get(KINDS[element["type"]].state)
    if not value:
        return None if block.get("optional") else "Please complete this required field."
    if isinstance(value, str):
        if len(value) < element.get("min_length", 0):
            return f"Please write at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please write at most {element.get('max_length', 3000)} characters."
    return None


def _given(given: Json, block_id: str, action_id: str) -> tuple[bool, object]:
    inner = given.get(block_id)
    if isinstance(inner, dict):
        return action_id in inner, inner.get(action_id)
    if action_id in given:
        return True, given[action_id]
    return block_id in given, inner


def _option(element: Json, value: object) -> Json:
    """The option with this value. Raises Refused(`no_such_option`)."""
    options = list(element.get("options", []))
    for group in element.get("option_groups", []):
        options += group["options"]
    for option in options:
        if option.get("value") == value:
            return {key: option[key] for key in ("text", "value", "description") if key in option}
    raise Refused("no_such_option", f"There is no option {value!r} in {element['action_id']!r}.")
