"""What a real workspace must have for the bot to work there: each point with its remedy.

Asks Slack only what the bot asks anyway, and posts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import BadSettings
from app.settings import SlackMode
from bot.people.managers import named_field
from bot.slack import tokens
from bot.slack.failures import SlackRefused, SlackUnavailable, TokenRefused
from bot.slack.manifest import BOT_SCOPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from app.settings import Settings
    from bot.slack.accounts import Workspace
    from bot.slack.api import Slack
    from policies.compiled_catalog import ApproverSet

_INVITE = "create the channel if there is none, and type `/invite @Abeyance` in it"
_REACH = "see whether this machine may connect to {url}, and https://status.slack.com"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One point that was looked at. `remedy` is empty where it is well.

    `advice` is what could be better where it is.
    """

    point: str
    found: str
    remedy: str = ""
    advice: str = ""

    @property
    def well(self) -> bool:
        return not self.remedy


async def examine(
    slack: Slack, settings: Settings, sets: Collection[ApproverSet], channels: Iterable[str]
) -> AsyncIterator[CheckResult]:
    """Look at one point after the other; ends early where nothing further can be asked."""
    try:
        workspace = await slack.workspace()
    except (TokenRefused, SlackRefused) as refused:
        yield CheckResult(
            "Slack bot token", refused.code, tokens.remedy(tokens.BOT_TOKEN, refused.code)
        )
        return
    except SlackUnavailable as error:
        yield CheckResult("Slack", str(error), _REACH.format(url=settings.slack_api_url))
        return
    where = workspace.enterprise_id if workspace.org_wide else workspace.team_id
    yield CheckResult("Slack bot token", f"speaks as {workspace.bot_user} in {where}")
    if workspace.org_wide and settings.slack_team:
        slack.speak_in(settings.slack_team)
    elif workspace.org_wide:
        remedy = "set ABEYANCE_SLACK_TEAM to the id (T…) of the approvers' workspace"
        yield CheckResult("Slack workspace", "the app is installed in a whole organisation", remedy)
        return
    for check in (
        _scopes(slack),
        _delivery(slack, workspace, settings),
        _channels(slack, channels),
        _approvers(slack, workspace, sets),
        _managers(slack, settings.slack_manager_field, sets),
    ):
        async for finding in _told(check):
            yield finding


async def _told(check: AsyncIterator[CheckResult]) -> AsyncIterator[CheckResult]:
    """Tell also what Slack says no to, or nothing at all."""
    try:
        async for finding in check:
            yield finding
    except SlackUnavailable as error:
        yield CheckResult("Slack", str(error), "try again in a minute")
    except SlackRefused as refused:
        yield CheckResult("Slack", str(refused), "see the points above; then run this again")


async def _scopes(slack: Slack) -> AsyncIterator[CheckResult]:
    missing = sorted(set(BOT_SCOPES) - await slack.scopes())
    if not missing:
        yield CheckResult("Slack scopes", f"all {len(BOT_SCOPES)} are granted")
        return
    remedy = (
        f"add {', '.join(missing)} under “OAuth & Permissions” (or paste the manifest of "
        "`abeyance slack manifest` again), and reinstall the app"
    )
    yield CheckResult("Slack scopes", f"{len(missing)} are missing", remedy)


async def _delivery(
    slack: Slack, home: Workspace, settings: Settings
) -> AsyncIterator[CheckResult]:
    """How clicks reach the bot."""
    if settings.slack_mode is SlackMode.HTTP:
        given = bool(settings.slack_signing_secret.get_secret_value())
        remedy = "set ABEYANCE_SLACK_SIGNING_SECRET, from “Basic Information”"
        said = "requests are verified" if given else "there is no signing secret"
        yield CheckResult("Slack over HTTP", said, "" if given else remedy)
        return
    point, app_token = "Slack Socket Mode", settings.slack_app_token.get_secret_value()
    try:
        await slack.socket_url(app_token)
        home = await tokens.with_app(slack, home)
    except (TokenRefused, SlackRefused) as refused:
        yield CheckResult(point, refused.code, tokens.remedy(tokens.APP_TOKEN, refused.code))
    except BadSettings as bad:
        yield CheckResult("Slack app", "Slack does not give its id", str(bad))
    else:
        other = tokens.other_app(app_token, home)
        said = f"the app-level token is of another app, {other}" if other else ""
        remedy = f"set both tokens to those of one app, such as {home.app_id}" if other else ""
        yield CheckResult(point, said or "connections are given out", remedy)


async def _channels(slack: Slack, channels: Iterable[str]) -> AsyncIterator[CheckResult]:
    for channel in dict.fromkeys(channels):
        point = f"Slack channel #{channel.removeprefix('#')}"
        try:
            await slack.find(channel, "doctor", since=2**33)
        except SlackRefused as refused:
            if refused.code == "missing_scope":
                yield CheckResult(point, "it can't be looked into", "grant the missing scopes")
            else:
                yield CheckResult(point, "the bot is not in it", _INVITE)
        else:
            yield CheckResult(point, "the bot is in it, and can look for its messages")


async def _approvers(
    slack: Slack, home: Workspace, sets: Iterable[ApproverSet]
) -> AsyncIterator[CheckResult]:
    groups = await slack.groups()
    for known in sets:
        point = f"approvers “{known.name}”"
        missing = [handle for handle in known.slack_groups if handle not in groups]
        strangers = [e for e in known.emails if not (await slack.find_by_email(e, home)).user]
        members = [await slack.members(groups[h]) for h in known.slack_groups if h in groups]
        people = frozenset[str]().union(*members)
        elsewhere = bool(known.idp_groups) or known.requesters_manager
        if missing:
            handles = ", ".join(f"@{handle}" for handle in missing)
            remedy = f"make the user group {handles} in Slack, or change approvers.yaml"
            yield CheckResult(point, f"there is no {handles}", remedy)
        elif strangers:
            remedy = "have them join the workspace with that address, or change approvers.yaml"
            yield CheckResult(point, f"not in Slack: {', '.join(strangers)}", remedy)
        elif not people and not known.emails and not elsewhere:
            yield CheckResult(point, "it has no members", "put people into its user groups")
        else:
            count = len(people) + len(known.emails)
            more = ", and whom the identity provider names" if elsewhere else ""
            yield CheckResult(point, f"{count} {'person' if count == 1 else 'people'}{more}")


async def _managers(
    slack: Slack, label: str, sets: Iterable[ApproverSet]
) -> AsyncIterator[CheckResult]:
    """Whether Slack tells who is whose manager. That it does not is no fault: others may."""
    if not any(known.requesters_manager for known in sets):
        return
    point, alone = "managers", "only the identity provider's claim `manager` names them"
    field = named_field(await slack.profile_fields(), label)
    if field is None:
        there_is = f"Slack has no profile field “{label}” that holds a person"
        yield CheckResult(point, f"{there_is}: {alone}")
    elif not field.trusted:
        yield CheckResult(point, f"anybody can change their own “{label}” in Slack: {alone}")
    else:
        yield CheckResult(point, f"by the identity provider, else by “{label}” in Slack's profiles")
