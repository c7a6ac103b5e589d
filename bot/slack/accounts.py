"""What Slack's answers say of workspaces, people and their profiles. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the app is installed, and as whom it speaks."""

    team_id: str
    enterprise_id: str
    bot_user: str
    bot_id: str = ""
    org_wide: bool = False
    """Installed in a whole organisation: then calls come from each of its workspaces."""
    app_id: str = ""
    url: str = ""
    """Where people open it in a browser, with a slash at the end."""

    def permalink(self, channel: str, ts: str) -> str:
        """Return the address of a message.

        https://docs.slack.dev/reference/methods/chat.getPermalink
        """
        return f"{self.url}archives/{channel}/p{ts.replace('.', '')}" if self.url else ""

    def sends(self, enterprise_id: str, team_id: str) -> bool:
        """Whether what comes from there is meant for this installation."""
        if self.org_wide:
            return bool(enterprise_id) and enterprise_id == self.enterprise_id
        return team_id == self.team_id and enterprise_id in ("", self.enterprise_id)

    def has(self, team_id: str) -> bool:
        """Whether people of that workspace may be ours, as far as its id tells.

        People of an organisation may have any of its workspaces as their first.
        """
        return not team_id or bool(self.enterprise_id) or team_id == self.team_id


@dataclass(frozen=True, slots=True)
class Account:
    """A Slack account. `email` is empty unless this workspace vouches that it is theirs.

    `key` is `enterprise/team/user`: a user id alone does not name an account everywhere.
    """

    id: str
    name: str
    email: str
    key: str
    ours: bool = True
    """Whether it is of our workspace or organisation, and no outsider's in a shared channel."""


@dataclass(frozen=True, slots=True)
class Match:
    """The Slack user id that goes with an address; empty where there is none.

    `unvouched`: somebody has it, but this workspace does not vouch that it is theirs.
    """

    user: str = ""
    unvouched: bool = False


@dataclass(frozen=True, slots=True)
class ProfileField:
    """A field that a workspace has added to its profiles."""

    id: str
    label: str
    people: bool
    """Whether it holds a user, and not text or a date."""
    trusted: bool
    """Whether only administrators or a directory write it, and not its owner."""


def account(user: str, found: dict[str, Any], home: Workspace) -> Account:
    """Read a user object. Outsiders, bots and the deactivated come without an address."""
    profile: dict[str, Any] = found.get("profile") or {}
    name = profile.get("real_name") or found.get("real_name") or found.get("name") or user
    email = profile.get("email") or ""
    return Account(
        user,
        str(name),
        str(email) if vouched(found, home) else "",
        "/".join((_enterprise(found), str(found.get("team_id") or ""), user)),
        _ours(found, home),
    )


def vouched(user: dict[str, Any], home: Workspace) -> bool:
    """Whether the address is one that this workspace has checked.

    Another workspace (Slack Connect) may give its people any address, so theirs proves nothing.
    """
    gone = user.get("deleted") or user.get("is_bot") or user.get("is_stranger")
    return _ours(user, home) and not gone and bool(user.get("is_email_confirmed"))


def profile_field(field: dict[str, Any]) -> ProfileField:
    options: dict[str, Any] = field.get("options") or {}
    trusted = bool(options.get("is_protected") or options.get("is_scim"))
    people = field.get("type") == "user"
    return ProfileField(str(field["id"]), str(field.get("label") or ""), people, trusted)


def _ours(user: dict[str, Any], home: Workspace) -> bool:
    enterprise = _enterprise(user)
    return user.get("team_id") == home.team_id or (
        bool(enterprise) and enterprise == home.enterprise_id
    )


def _enterprise(user: dict[str, Any]) -> str:
    return str((user.get("enterprise_user") or {}).get("enterprise_id") or "")
