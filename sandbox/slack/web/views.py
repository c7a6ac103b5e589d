"""views.*: modals and Home tabs."""

from sandbox.slack import views
from sandbox.slack.errors import ApiError
from sandbox.slack.state.model import Json
from sandbox.slack.web.call import Call
from sandbox.slack.wire import view_json

_BAD_VIEW = "invalid_arguments"


def open_view(call: Call) -> Json:
    view = views.open_modal(call.workspace, _trigger(call), _view(call))
    return {"view": view_json(view)}


def push(call: Call) -> Json:
    view = views.push_modal(call.workspace, _trigger(call), _view(call))
    return {"view": view_json(view)}


def update(call: Call) -> Json:
    store = call.workspace.store
    view_id, external_id = call.text("view_id"), call.text("external_id")
    found = store.find_view(view_id) if view_id else store.find_external(external_id)
    if found is None:
        raise ApiError("not_found")
    given_hash = call.text("hash") or None
    return {"view": view_json(views.update_view(call.workspace, found, _view(call), given_hash))}


def publish(call: Call) -> Json:
    user = call.text("user_id")
    if user not in call.workspace.store.people:
        raise ApiError("invalid_arguments")
    view = views.publish_home(call.workspace, user, _view(call), call.text("hash") or None)
    return {"view": view_json(view)}


def _view(call: Call) -> object:
    return call.structure("view", _BAD_VIEW)


def _trigger(call: Call) -> str:
    trigger_id = call.text("trigger_id") or call.text("interactivity_pointer")
    if not trigger_id:
        messages = ["[ERROR] missing required field: trigger_id"]
        raise ApiError("invalid_arguments", response_metadata={"messages": messages})
    return trigger_id
