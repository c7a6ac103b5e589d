"""One call of a method: who calls, with which arguments, and whether that may be."""

import json
from dataclasses import dataclass

from sandbox.slack.errors import ApiError
from sandbox.slack.rates import POST_BURST
from sandbox.slack.state import seed
from sandbox.slack.state.model import Json
from sandbox.slack.web.table import METHODS, Method
from sandbox.slack.workspace import App, Workspace

# What any method bears: slack_sdk adds the team of an org-wide install by itself.
_COMMON = frozenset({"team_id", "pretty"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call that passed the checks every method has in common."""

    workspace: Workspace
    method: str
    args: Json

    def text(self, name: str, default: str = "") -> str:
        """An argument as text; numbers and booleans as JSON spells them."""
        value = self.args.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1")

    def structure(self, name: str, error: str) -> object:
        """A JSON argument, sent as JSON or as text in a form. Raises ApiError(`error`)."""
        value = self.args.get(name)
        if not isinstance(value, str) or not value:
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(error) from None


def admit(workspace: Workspace, name: str, args: Json, token: str | None) -> Call:
    """Check token, scope, rate and argument names, in Slack's order. Raises SlackError."""
    method = METHODS.get(name)
    if method is None:
        raise ApiError("unknown_method", req_method=name)
    _check_token(workspace.app, method, token)
    _check_rate(workspace, name, method, args)
    _check_arguments(method, args)
    return Call(workspace, name, args)


def scopes_of(app: App, token: str | None) -> tuple[str, ...]:
    return {seed.BOT_TOKEN: app.bot_scopes, seed.APP_TOKEN: app.app_scopes}.get(token or "", ())


def _check_token(app: App, method: Method, token: str | None) -> None:
    if not token:
        raise ApiError("not_authed")
    if token not in (seed.BOT_TOKEN, seed.APP_TOKEN):
        raise ApiError("invalid_auth")
    if (token == seed.APP_TOKEN) != (method.token == "app"):
        raise ApiError("not_allowed_token_type")
    provided = scopes_of(app, token)
    if method.scope and method.scope not in provided:
        raise ApiError("missing_scope", needed=method.scope, provided=",".join(provided))


def _check_rate(workspace: Workspace, name: str, method: Method, args: Json) -> None:
    if method.per_channel:
        workspace.rates.spend(f"{name} {args.get('channel')}", method.per_minute, POST_BURST)
    else:
        workspace.rates.spend(name, method.per_minute, method.per_minute)


def _check_arguments(method: Method, args: Json) -> None:
    unknown = sorted(set(args) - method.required - method.optional - _COMMON)
    if unknown:
        messages = [f"[ERROR] unknown argument: {name}" for name in unknown]
        raise ApiError("invalid_arg_name", response_metadata={"messages": messages})
    missing = sorted(name for name in method.required if args.get(name) in (None, ""))
    if missing:
        messages = [f"[ERROR] missing required field: {name}" for name in missing]
        raise ApiError("invalid_arguments", response_metadata={"messages": messages})
