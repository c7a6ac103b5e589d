"""Modals and Home tabs: stacks of views, their versions and who is told."""

import secrets
from dataclasses import replace

from sandbox.slack.blockkit import check_view, fill_view
from sandbox.slack.errors import ApiError
from sandbox.slack.state.model import Json, View
from sandbox.slack.wire import view_json
from sandbox.slack.workspace import Workspace

MAX_STACK = 3
MAX_BYTES = 250_000


def checked_view(body: object, kind: str) -> Json:
    """The view with its ids filled in. Raises ApiError as views.* document."""
    if not isinstance(body, dict):
        raise _invalid(["[ERROR] must be an object [json-pointer:/view]"])
    problems = check_view(body)
    if not problems and body["type"] != kind:
        problems = [f"[ERROR] the type must be {kind} here [json-pointer:/view/type]"]
    if problems:
        raise _invalid(problems)
    if len(str(body)) > MAX_BYTES:
        raise ApiError("view_too_large")
    return fill_view(body)


def open_modal(workspace: Workspace, trigger_id: str, body: object) -> View:
    filled = checked_view(body, "modal")
    _refuse_duplicate(workspace, filled)
    user = workspace.triggers.redeem(trigger_id)
    view = _new(workspace, user, filled)
    workspace.store.modals[user] = [view]
    show_modals(workspace, user)
    return view


def push_modal(workspace: Workspace, trigger_id: str, body: object) -> View:
    filled = checked_view(body, "modal")
    _refuse_duplicate(workspace, filled)
    user = workspace.triggers.redeem(trigger_id)
    return push_for(workspace, user, filled)


def push_for(workspace: Workspace, user: str, filled: Json) -> View:
    """Put a view on top of what the person has open."""
    stack = workspace.store.modals.get(user) or []
    if not stack:
        raise ApiError("not_found")
    if len(stack) >= MAX_STACK:
        raise ApiError("push_limit_reached")
    view = _new(workspace, user, filled, stack[-1])
    stack.append(view)
    show_modals(workspace, user)
    return view


def update_view(workspace: Workspace, view: View, body: object, given_hash: str | None) -> View:
    """Replace a view where it stands. Values already filled in stay, where the ids do."""
    if given_hash and given_hash != view.hash:
        raise ApiError("hash_conflict")
    filled = checked_view(body, view.kind)
    changed = replace(view, body=filled, hash=_hash(workspace))
    keep_view(workspace, changed)
    return changed


def keep_view(workspace: Workspace, view: View) -> None:
    """Store a new version and tell the person's pages."""
    if view.kind == "home":
        workspace.store.put_home(view)
        workspace.feed.publish([view.user], {"type": "home", "view": view_json(view)})
        return
    stack = workspace.store.modals.get(view.user, [])
    workspace.store.modals[view.user] = [view if v.id == view.id else v for v in stack]
    show_modals(workspace, view.user)


def publish_home(workspace: Workspace, user: str, body: object, given_hash: str | None) -> View:
    filled = checked_view(body, "home")
    before = workspace.store.homes.get(user)
    if given_hash and (before is None or before.hash != given_hash):
        raise ApiError("hash_conflict")
    view = _new(workspace, user, filled)
    if before is not None:
        view = replace(view, id=before.id, root_id=before.id)
    keep_view(workspace, view)
    return view


def pop_modal(workspace: Workspace, view: View) -> None:
    """Take a view and everything above it off the stack."""
    stack = workspace.store.modals.get(view.user, [])
    position = next((n for n, v in enumerate(stack) if v.id == view.id), len(stack))
    workspace.store.modals[view.user] = stack[:position]
    show_modals(workspace, view.user)


def clear_modals(workspace: Workspace, user: str) -> None:
    workspace.store.modals[user] = []
    show_modals(workspace, user)


def show_modals(workspace: Workspace, user: str) -> None:
    stack = workspace.store.modals.get(user, [])
    change = {"type": "views", "views": [view_json(view) for view in stack]}
    workspace.feed.publish([user], change)


def _new(workspace: Workspace, user: str, filled: Json, below: View | None = None) -> View:
    view_id = "V0" + secrets.token_hex(5).upper()
    root = below.root_id if below else view_id
    return View(view_id, user, filled, _hash(workspace), root, below.id if below else None)


def _hash(workspace: Workspace) -> str:
    return f"{int(workspace.clock())}.{secrets.token_hex(4)}"


def _refuse_duplicate(workspace: Workspace, filled: Json) -> None:
    external_id = filled.get("external_id")
    if external_id and workspace.store.find_external(external_id):
        raise ApiError("duplicate_external_id")


def _invalid(problems: list[str]) -> ApiError:
    return ApiError("invalid_arguments", response_metadata={"messages": problems})
