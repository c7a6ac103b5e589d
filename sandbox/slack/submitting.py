"""What an app may answer to a submitted modal: errors, update, push, clear, or nothing."""

from typing import NoReturn

from sandbox.slack import views
from sandbox.slack.errors import ApiError, Refused
from sandbox.slack.state.model import Json, View
from sandbox.slack.workspace import Workspace

TROUBLE = "We had some trouble connecting. Try again?"


def answer_submission(workspace: Workspace, view: View, answer: Json) -> None:
    """Do as the ack says. Raises Refused for field errors, and for answers Slack rejects."""
    action = answer.get("response_action")
    try:
        if action == "errors":
            _show_errors(view, answer.get("errors"))
        elif action == "update":
            _update(workspace, view, answer.get("view"))
        elif action == "push":
            filled = views.checked_view(answer.get("view"), "modal")
            views.push_for(workspace, view.user, filled)
        elif action == "clear":
            views.clear_modals(workspace, view.user)
        elif action is None:
            views.pop_modal(workspace, view)
        else:
            _reject(action)
    except ApiError as error:
        raise Refused(error.code, TROUBLE) from None


def _update(workspace: Workspace, view: View, body: object) -> None:
    """The handler may have updated the view by API meanwhile: take it as it is now."""
    current = workspace.store.find_view(view.id) or view
    views.update_view(workspace, current, body, None)


def _reject(action: object) -> NoReturn:
    raise ApiError(f"invalid_response_action {action}")


def _show_errors(view: View, errors: object) -> None:
    """Errors belong to input blocks of this view; any other is the app's mistake."""
    known = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= known:
        raise ApiError("invalid_errors")
    raise Refused("invalid_inputs", "Please mend what is marked.", errors)
