"""What people do in Slack, each checked as the client and the server would check it.

Every act either returns or raises Refused, whose message is what the person would read.
"""

from dataclasses import dataclass, replace

from sandbox.slack import payloads, posting, views
from sandbox.slack.blockkit import interactive_elements
from sandbox.slack.errors import ApiError, Refused, Unanswered
from sandbox.slack.hooks import say_reply
from sandbox.slack.people import inputs
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json, Message, Person, View
from sandbox.slack.submitting import answer_submission
from sandbox.slack.workspace import Workspace

SLOW = "This app responded too slowly. Please try again."
AWAY = "This app is not connected right now. Please try again later."


@dataclass(frozen=True, slots=True)
class Choice:
    """What was clicked, and what was chosen or filled in with it."""

    action_id: str
    block_id: str | None
    value: object
    values: Json


def channel_seen_by(workspace: Workspace, person: Person, name: str) -> Channel:
    """A channel this person is in. Raises Refused(`channel_not_found`, `not_in_channel`)."""
    if name in (seed.BOT_USER_ID, seed.BOT.name, f"@{seed.BOT.name}"):
        return workspace.open_im(person.id)
    try:
        channel = workspace.channel(name)
    except ApiError as error:
        raise Refused(error.code, f"There is no channel {name!r}.") from None
    if person.id not in channel.members:
        raise Refused("not_in_channel", f"{person.real_name} is not in #{channel.name}.")
    return channel


async def click_message(
    workspace: Workspace, person: Person, channel_name: str, ts: str, choice: Choice
) -> None:
    """Use an element of a message as it stands now."""
    channel = channel_seen_by(workspace, person, channel_name)
    message = workspace.store.find_message(channel.id, ts)
    if message is None or message.ephemeral_to not in (None, person.id):
        raise Refused("message_not_found", "This message is not there any more.")
    block, element = _find(message.blocks, choice)
    payload = payloads.message_action(
        workspace.store, person, channel, message, [_action(workspace, block, element, choice)]
    )
    payload["state"] = {"values": inputs.collect(message.blocks, choice.values)}
    payload["trigger_id"] = workspace.triggers.issue(person.id)
    payload["response_url"] = workspace.response_url(
        channel.id, person.id, message_ts=message.ts, thread_ts=message.thread_ts
    )
    await _interact(workspace, payload)


async def click_view(workspace: Workspace, person: Person, view_id: str, choice: Choice) -> None:
    """Use an element of the person's top modal, or of the Home tab."""
    view = _own_view(workspace, person, view_id)
    values = inputs.collect(view.blocks, choice.values, view.values)
    block, element = _find(view.blocks, choice)
    action = _action(workspace, block, element, choice)
    if element["type"] in inputs.KINDS and choice.value is not None:
        state = inputs.state_of(element, choice.value)
        values.setdefault(block["block_id"], {})[element["action_id"]] = state
    view = replace(view, values=values)
    views.keep_view(workspace, view)
    payload = payloads.view_action(person, view, [action])
    from_modal = view.kind == "modal"
    payload["trigger_id"] = workspace.triggers.issue(person.id, from_modal=from_modal)
    await _interact(workspace, payload)


async def submit_view(workspace: Workspace, person: Person, view_id: str, given: Json) -> None:
    """Press the modal's submit button. Raises Refused with `errors` for what is to be mended."""
    view = _own_view(workspace, person, view_id)
    if view.kind != "modal" or not view.body.get("submit"):
        raise Refused("no_submit", "This view has no submit button.")
    values = inputs.collect(view.blocks, given, view.values)
    view = replace(view, values=values)
    views.keep_view(workspace, view)
    errors = inputs.complaints(view.blocks, values)
    if errors:
        raise Refused("invalid_inputs", "Please mend what is marked.", errors)
    trigger_id = workspace.triggers.issue(person.id, from_modal=True)
    answer = await _interact(workspace, payloads.view_submission(person, view, trigger_id))
    answer_submission(workspace, view, answer)


async def close_view(
    workspace: Workspace, person: Person, view_id: str, *, all_views: bool
) -> None:
    """Press Cancel, or Esc, or the cross (which closes the whole stack)."""
    view = _own_view(workspace, person, view_id)
    stack = list(workspace.store.modals.get(person.id, []))
    cleared = all_views or bool(view.body.get("clear_on_close"))
    if cleared:
        views.clear_modals(workspace, person.id)
    else:
        views.pop_modal(workspace, view)
    for closed in reversed(stack) if cleared else [view]:
        if closed.body.get("notify_on_close"):
            payload = payloads.view_closed(person, closed, is_cleared=cleared)
            await _interact(workspace, payload)


async def run_command(
    workspace: Workspace, person: Person, channel_name: str, name: str, text: str
) -> None:
    """Type a slash command."""
    channel = channel_seen_by(workspace, person, channel_name)
    command = next((c for c in seed.COMMANDS if c.name == name), None)
    if command is None:
        raise Refused("unknown_command", f"{name} is not a valid command.")
    payload = payloads.slash_command(person, channel, command, text)
    payload["trigger_id"] = workspace.triggers.issue(person.id)
    payload["response_url"] = workspace.response_url(channel.id, person.id)
    try:
        answer = await workspace.delivery.command(payload)
    except Unanswered as failure:
        said = f'{name} failed with the error "{failure.reason}"'
        slackbot = posting.Draft(said, ephemeral_to=person.id, username="Slackbot")
        posting.post(workspace, channel, "USLACKBOT", slackbot)
        raise Refused(failure.reason, said) from None
    if answer:
        say_reply(workspace, channel, person.id, answer)


def speak(workspace: Workspace, person: Person, channel_name: str, said: posting.Draft) -> Message:
    """Write a message as a person."""
    channel = channel_seen_by(workspace, person, channel_name)
    message = posting.post(workspace, channel, person.id, said)
    workspace.store.mark_read(person.id, channel.id, message.ts)
    return message


async def open_home(workspace: Workspace, person: Person, tab: str) -> None:
    """Look at the app's Home or Messages tab; the app hears of it."""
    channel = workspace.open_im(person.id)
    view = workspace.store.homes.get(person.id)
    now = workspace.clock()
    await workspace.delivery.event(payloads.home_opened(person, channel.id, tab, view, now))


def _own_view(workspace: Workspace, person: Person, view_id: str) -> View:
    home = workspace.store.homes.get(person.id)
    if home is not None and home.id == view_id:
        return home
    stack = workspace.store.modals.get(person.id) or []
    if not stack or stack[-1].id != view_id:
        raise Refused("view_not_found", "This view is not open any more.")
    return stack[-1]


def _find(blocks: tuple[Json, ...], choice: Choice) -> tuple[Json, Json]:
    """The one element that was used. Raises Refused when it is not there now."""
    found = [
        (block, element)
        for block, element in interactive_elements(blocks)
        if element["action_id"] == choice.action_id and choice.block_id in (None, block["block_id"])
    ]
    if not found:
        raise Refused("no_such_action", f"There is nothing called {choice.action_id!r} here now.")
    if len(found) > 1:
        raise Refused("ambiguous_action", f"Name the block of {choice.action_id!r}, too.")
    return found[0]


def _action(workspace: Workspace, block: Json, element: Json, choice: Choice) -> Json:
    """The `actions` entry of the payload."""
    keys = ("type", "action_id", "text", "value", "style", "placeholder", "confirm", "url")
    action = {key: element[key] for key in keys if key in element}
    action["block_id"] = block["block_id"]
    action["action_ts"] = f"{workspace.clock():.6f}"
    if element["type"] in inputs.KINDS:
        action |= inputs.state_of(element, choice.value)
    elif choice.value is not None and choice.value != element.get("value"):
        raise Refused("no_such_action", f"{choice.action_id!r} does not carry that value now.")
    return action


async def _interact(workspace: Workspace, payload: Json) -> Json:
    try:
        return await workspace.delivery.interaction(payload)
    except Unanswered as failure:
        message = SLOW if failure.reason == "operation_timeout" else AWAY
        raise Refused(failure.reason, message) from None
