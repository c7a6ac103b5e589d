"""auth.*, team.*, users.*, usergroups.*: who is who."""

from sandbox.slack.errors import ApiError
from sandbox.slack.state import seed
from sandbox.slack.state.model import Json
from sandbox.slack.web.call import Call
from sandbox.slack.wire import group_json, person_json


def auth_test(call: Call) -> Json:
    enterprise = call.workspace.delivery.enterprise
    body: Json = {
        "url": f"{call.workspace.base_url}/",
        "team": seed.TEAM_NAME,
        "user": seed.BOT.name,
        "team_id": seed.TEAM_ID,
        "user_id": seed.BOT_USER_ID,
        "bot_id": seed.BOT_ID,
        "is_enterprise_install": bool(enterprise),
    }
    # Of an organisation as a whole, the organisation stands where the workspace would.
    return body | ({"team_id": enterprise, "enterprise_id": enterprise} if enterprise else {})


def connections_open(call: Call) -> Json:
    ticket = call.workspace.links.issue()
    base = call.workspace.base_url.replace("http", "ws", 1)
    return {"url": f"{base}/link/?ticket={ticket}&app_id={seed.APP_ID}"}


def bots_info(call: Call) -> Json:
    """Tell of our own bot, as https://docs.slack.dev/reference/methods/bots.info does."""
    if call.text("bot") != seed.BOT_ID:
        raise ApiError("bot_not_found")
    return {
        "bot": {
            "id": seed.BOT_ID,
            "deleted": False,
            "name": seed.APP_NAME,
            "updated": seed.SEEDED_AT,
            "app_id": seed.APP_ID,
            "user_id": seed.BOT_USER_ID,
        }
    }


def team_info(call: Call) -> Json:
    icons = {
        f"image_{n}": "https://acme.slack.example/team.png" for n in (34, 44, 68, 88, 102, 132, 230)
    }
    return {
        "team": {
            "id": seed.TEAM_ID,
            "name": seed.TEAM_NAME,
            "domain": seed.TEAM_DOMAIN,
            "email_domain": "acme.example",
            "url": f"{call.workspace.base_url}/",
            "icon": icons | {"image_default": True},
            "is_verified": False,
        }
    }


def users_info(call: Call) -> Json:
    person = call.workspace.store.people.get(call.text("user"))
    if person is None:
        raise ApiError("user_not_found")
    body = _visible(call, person_json(person))
    return {"user": body | ({"locale": "en-US"} if call.flag("include_locale") else {})}


def users_lookup_by_email(call: Call) -> Json:
    email = call.text("email").lower()
    for person in call.workspace.store.people.values():
        if person.email and person.email.lower() == email:
            return {"user": _visible(call, person_json(person))}
    raise ApiError("users_not_found")


def team_profile(call: Call) -> Json:
    """The fields that the workspace has added to its profiles."""
    hidden = {"visible": False, "hidden": True}.get(call.text("visibility"))
    fields = [
        field
        for field in call.workspace.profile_fields
        if hidden is None or field["is_hidden"] is hidden
    ]
    return {"profile": {"fields": fields, "sections": []}}


def users_profile(call: Call) -> Json:
    """Somebody's profile with the fields that the workspace has added; else the app's own."""
    person = call.workspace.store.people.get(call.text("user", seed.BOT_USER_ID))
    if person is None:
        raise ApiError("user_not_found")
    profile: Json = _visible(call, person_json(person))["profile"]
    manager = call.workspace.managers.get(person.id)
    field: Json = {"value": manager, "alt": ""}
    if call.flag("include_labels"):
        labels = {field["id"]: field["label"] for field in call.workspace.profile_fields}
        field["label"] = labels.get(seed.MANAGER_FIELD, "")
    return {"profile": profile | {"fields": {seed.MANAGER_FIELD: field} if manager else {}}}


def usergroups_list(call: Call) -> Json:
    if call.workspace.delivery.enterprise and not call.text("team_id"):
        raise ApiError("missing_argument")
    users, count = call.flag("include_users"), call.flag("include_count")
    groups = call.workspace.store.groups.values()
    return {"usergroups": [group_json(g, users=users, count=count) for g in groups]}


def usergroups_users_list(call: Call) -> Json:
    group = call.workspace.store.groups.get(call.text("usergroup"))
    if group is None:
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


def _visible(call: Call, body: Json) -> Json:
    """Without users:read.email the address is left out, not refused."""
    if enterprise := call.workspace.delivery.enterprise:
        body["enterprise_user"] = {
            "id": body["id"],
            "enterprise_id": enterprise,
            "enterprise_name": "Acme Organisation",
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "teams": [seed.TEAM_ID],
        }
    if "users:read.email" not in call.workspace.app.bot_scopes:
        body["profile"].pop("email", None)
    return body
