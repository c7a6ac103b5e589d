"""`abeyance doctor` of a server: everything it depends on, and how to mend what is wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from app.errors import (
    BadCatalog,
    BadSettings,
    IssuerUnavailable,
    NotAuthenticated,
    StorageUnavailable,
)
from app.settings import require
from app.storage.store import MongoStorage
from app.vault import Vault
from bot.delivery.channels import DIRECT
from bot.doctor import CheckResult, examine
from bot.slack.api import connected
from cli.audit.privileges import privileges_finding
from cli.doctor.record_keys import record_keys_finding
from cli.doctor.stream import stream_findings
from cli.here import settings_here
from policies.approvals.membership import waits_for_slack
from policies.loader import load_catalog
from proxy.oidc.keys import IssuerKeys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.settings import IssuerSettings, Settings
    from policies.compiled_catalog import Catalog

_WATCH_SECONDS = 10.0
_WITHOUT_SLACK = (
    "nobody can use `abeyance hold approve` for them while Slack is down: add `emails` or "
    "`idp_groups` to their sets in approvers.yaml"
)
_REPLICA_SET = "change streams need a replica set: start mongod with --replSet, then rs.initiate()"


def doctor(*, slack: bool) -> None:
    """Look at everything that the server needs; with `slack` at Slack alone."""
    settings = settings_here()
    console = Console(highlight=False, soft_wrap=True)
    ills = asyncio.run(_examine_all(console, settings, only_slack=slack))
    if ills:
        points = "1 point needs" if ills == 1 else f"{ills} points need"
        console.print(f"\n[bold red]{points} mending.[/]")
        raise typer.Exit(1)
    console.print("\n[bold green]All is well.[/]")


async def _examine_all(console: Console, settings: Settings, *, only_slack: bool) -> int:
    """Show each finding as it comes; return how many are ill."""
    ills = 0
    catalog, findings = _catalog(settings)
    sources = [_slack(settings, catalog)]
    if only_slack:
        findings = [finding for finding in findings if not finding.well]
    else:
        sources = [_storage(settings), _issuers(settings), *sources]
    for finding in findings:
        ills += _show(console, finding)
    for source in sources:
        async for finding in source:
            ills += _show(console, finding)
    return ills


def _show(console: Console, finding: CheckResult) -> int:
    good = "[bold yellow]![/]" if finding.advice else "[bold green]✓[/]"
    tick = good if finding.well else "[bold red]✗[/]"
    console.print(f"{tick} [bold]{escape(finding.point)}[/]  {escape(finding.found)}")
    if said := finding.remedy or finding.advice:
        console.print(f"    [yellow]{escape(said)}[/]")
    return not finding.well


def _catalog(settings: Settings) -> tuple[Catalog | None, list[CheckResult]]:
    try:
        catalog = load_catalog(settings.catalog)
    except BadCatalog as bad:
        remedy = "mend these lines; `abeyance policy check` shows them again"
        return None, [CheckResult("rules", fault, remedy) for fault in bad.faults]
    found = CheckResult("rules", f"{len(catalog.rules)} in {settings.catalog}")
    return catalog, [found, *_without_slack(catalog)]


def _without_slack(catalog: Catalog) -> list[CheckResult]:
    """Warn of rules whose approvers only Slack knows, so that nobody decides while it is down."""
    rules = [
        rule.id
        for rule in catalog.rules
        if rule.approval and waits_for_slack(rule.approval, catalog.approvers)
    ]
    if not rules:
        return []
    found = f"only Slack knows the approvers of {', '.join(rules)}"
    return [CheckResult("approvals without Slack", found, advice=_WITHOUT_SLACK)]


async def _storage(settings: Settings) -> AsyncIterator[CheckResult]:
    if unset := _unset(settings, "MongoDB", "mongodb"):
        yield unset
        return
    storage = MongoStorage.connect(
        settings.mongodb_uri.get_secret_value(), settings.mongodb_database
    )
    try:
        async for finding in _mongodb(storage):
            yield finding
            if not finding.well:
                return
        yield await privileges_finding(storage)
        yield await record_keys_finding(settings)
        async for finding in _connections(settings, storage):
            yield finding
        async for finding in stream_findings(storage):
            yield finding
    finally:
        storage.close()


async def _mongodb(storage: MongoStorage) -> AsyncIterator[CheckResult]:
    try:
        await storage.ping()
        await storage.prepare()
    except StorageUnavailable as error:
        yield CheckResult(
            "MongoDB", str(error), "see whether MONGODB_URI is right and its server up"
        )
        return
    yield CheckResult("MongoDB", "answers, and the indexes stand")
    try:
        await _watch(storage)
    except (StorageUnavailable, TimeoutError) as error:
        yield CheckResult("MongoDB change streams", str(error) or "none opens", _REPLICA_SET)
    else:
        yield CheckResult("MongoDB change streams", "open")


async def _watch(storage: MongoStorage) -> None:
    """Open a change stream. Raises StorageUnavailable or TimeoutError where none comes about."""
    opened = asyncio.Event()
    try:
        async with asyncio.timeout(_WATCH_SECONDS), asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(storage.holds.watch(opened)))
            await opened.wait()
            reading.cancel()
    except ExceptionGroup as group:
        raise group.exceptions[0] from group


async def _read(stream: AsyncIterator[object]) -> None:
    async for _ in stream:
        pass


async def _connections(settings: Settings, storage: MongoStorage) -> AsyncIterator[CheckResult]:
    if unset := _unset(settings, "vault", "vault"):
        yield unset
        return
    try:
        vault = Vault(settings.vault_key.get_secret_value())
    except BadSettings as bad:
        yield CheckResult("vault", "the key is not one", str(bad))
        return
    known = await storage.connections.all()
    for connection in known:
        try:
            vault.open(connection.name, connection.sealed_credential)
        except BadSettings as bad:
            yield CheckResult(f"connection “{connection.name}”", "its credential is lost", str(bad))
        else:
            yield CheckResult(
                f"connection “{connection.name}”", f"opens, for {connection.base_url}"
            )
    if not known:
        yield CheckResult(
            "connections", "there is none", "add one: `abeyance connection add --help`"
        )


async def _issuers(settings: Settings) -> AsyncIterator[CheckResult]:
    if unset := _unset(settings, "identity provider", "issuers"):
        yield unset
        return
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        for issuer in settings.issuers:
            yield await _issuer(issuer, http)


async def _issuer(issuer: IssuerSettings, http: httpx.AsyncClient) -> CheckResult:
    point = f"issuer {issuer.issuer}"
    try:
        await IssuerKeys(issuer, http).find("")
    except IssuerUnavailable as error:
        remedy = (
            "see whether this machine may connect to it, and whether ABEYANCE_ISSUERS names it "
            "exactly as its discovery document does; else set its jwks_uri"
        )
        return CheckResult(point, str(error), remedy)
    except NotAuthenticated:
        # It has keys, and none without a name: as it should be.
        pass
    return CheckResult(point, "its keys are there")


async def _slack(settings: Settings, catalog: Catalog | None) -> AsyncIterator[CheckResult]:
    if unset := _unset(settings, "Slack", "slack_bot_token"):
        yield unset
        return
    sets = catalog.approvers.values() if catalog else ()
    token = settings.slack_bot_token.get_secret_value()
    async with connected(token, settings.slack_api_url) as slack:
        async for finding in examine(slack, settings, sets, _channels(settings, catalog)):
            yield finding


def _channels(settings: Settings, catalog: Catalog | None) -> tuple[str, ...]:
    """Return every channel that a card may be posted in."""
    rules = catalog.rules if catalog else ()
    routed = [rule.approval.channel for rule in rules if rule.approval]
    named = [settings.slack_channel, settings.slack_audit_channel, *routed]
    return tuple(channel for channel in named if channel and channel != DIRECT)


def _unset(settings: Settings, point: str, need: str) -> CheckResult | None:
    try:
        require(settings, need)
    except BadSettings as bad:
        return CheckResult(point, "not set", str(bad))
    return None
