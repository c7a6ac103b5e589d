"""Whether Slack would take these blocks, and why not."""

from collections.abc import Iterator

from sandbox.slack.blockkit.elements import ID, plain
from sandbox.slack.blockkit.fill import interactive_elements
from sandbox.slack.blockkit.layouts import BLOCKS, NOT_IN_VIEWS
from sandbox.slack.blockkit.rules import boolean, items, problem, shape, string, typed
from sandbox.slack.state.model import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100

_VIEW_BLOCKS = {kind: rule for kind, rule in BLOCKS.items() if kind not in NOT_IN_VIEWS}
_VIEW_COMMON = {"private_metadata": string(3000), "callback_id": ID, "external_id": ID}
_IN_VIEW = items(typed(_VIEW_BLOCKS), VIEW_BLOCKS, 1)
_VIEWS = {
    "modal": shape(
        {"title": plain(24), "blocks": _IN_VIEW},
        _VIEW_COMMON
        | {
            "close": plain(24),
            "submit": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
    "home": shape({"blocks": _IN_VIEW}, _VIEW_COMMON),
}


def check_blocks(blocks: object) -> list[str]:
    """What is wrong with the blocks of a message; empty when nothing is."""
    found = list(items(typed(BLOCKS), MESSAGE_BLOCKS)(blocks, "/blocks"))
    return found or list(_duplicates(blocks, "/blocks"))


def check_view(view: Json) -> list[str]:
    """What is wrong with a modal or a Home tab; empty when nothing is."""
    found = list(typed(_VIEWS)(view, "/view"))
    return found or [*_duplicates(view["blocks"], "/view/blocks"), *_no_submit(view)]


def length_of(blocks: object) -> int:
    """The characters of all texts, which Slack limits as a whole."""
    if isinstance(blocks, list):
        return sum(length_of(item) for item in blocks)
    if isinstance(blocks, dict):
        own = blocks.get("text")
        inner = sum(length_of(value) for value in blocks.values())
        return inner + (len(own) if isinstance(own, str) else 0)
    return 0


def _duplicates(blocks: object, at: str) -> Iterator[str]:
    """A block id names one block; an action id names one element of its block."""
    seen: set[str] = set()
    for index, block in enumerate(blocks if isinstance(blocks, list) else []):
        block_id = block.get("block_id")
        if block_id in seen:
            yield problem(f'`block_id` "{block_id}" already exists', f"{at}/{index}/block_id")
        if block_id:
            seen.add(block_id)
        actions: set[str] = set()
        for _, element in interactive_elements((block,)):
            action_id = element.get("action_id")
            if action_id in actions:
                yield problem(f'`action_id` "{action_id}" already exists', f"{at}/{index}")
            if action_id:
                actions.add(action_id)


def _no_submit(view: Json) -> Iterator[str]:
    """A modal that asks for input needs a button to send it."""
    has_input = any(block["type"] == "input" for block in view["blocks"])
    if view["type"] == "modal" and has_input and not view.get("submit"):
        yield problem("missing required field: submit", "/view")
