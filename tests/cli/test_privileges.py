"""The doctor tells who could change the ledger, by what MongoDB says of the user's rights."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.storage.mongo import Collection
from app.storage.privileges import Privileges
from app.storage.roles import OF_EACH, SERVING
from cli.audit.privileges import judged, privileges_finding

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

ROOT = Path(__file__).parent.parent.parent
SERVING_ALONE = [
    {"resource": {"db": "abeyance", "collection": name}, "actions": [*actions, *OF_EACH]}
    for name, actions in SERVING.items()
]


def stores_used(*packages: str) -> set[str]:
    """Return the stores that some packages name: `storage.holds` anywhere in their code."""
    files = (file for package in packages for file in (ROOT / package).rglob("*.py"))
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("storage")
    }


def status(*privileges: dict[str, Any]) -> dict[str, Any]:
    """Return what `connectionStatus` answers."""
    users = [{"user": "gw", "db": "admin"}]
    return {"authInfo": {"authenticatedUsers": users, "authenticatedUserPrivileges": privileges}}


def over(db: str, collection: str, *actions: str) -> dict[str, Any]:
    return {"resource": {"db": db, "collection": collection}, "actions": list(actions)}


async def test_gateway_and_bot_may_read_all_that_they_use(storage: MongoStorage) -> None:
    stores = {
        name: vars(storage)[name] for name in stores_used("proxy", "bot") & set(vars(storage))
    }
    assert {"holds", "legal_holds", "sessions"} <= set(stores)
    used = {
        part.name
        for store in stores.values()
        for part in vars(store).values()
        if isinstance(part, Collection)
    }
    assert used - set(SERVING) == set()


@pytest.mark.parametrize(
    ("besides", "found"),
    [
        ((), "gw@admin can add to the ledger, and change nothing in it"),
        ((over("other", "ledger", "remove"),), "can add"),
        ((over("abeyance", "ledger", "update"),), "may change what is in the ledger: update"),
        ((over("abeyance", "", "remove", "insert"),), "may change what is in the ledger: remove"),
        ((over("", "", "dropDatabase"),), "may change what is in the ledger: dropDatabase"),
        (
            ({"resource": {"anyResource": True}, "actions": ["anyAction"]},),
            "may change what is in the ledger: anyAction",
        ),
        (({"resource": {"cluster": True}, "actions": ["serverStatus"]},), "can add"),
    ],
    ids=["alone", "elsewhere", "ledger", "whole database", "everywhere", "root", "cluster"],
)
def test_who_could_change_the_ledger_is_told(besides: tuple[dict[str, Any]], found: str) -> None:
    said = judged(Privileges.read(status(*SERVING_ALONE, *besides), "abeyance"))
    assert found in said.found
    assert said.well is ("can add" in found)
    assert said.well or "abeyanceServing" in said.remedy


def test_what_gateway_and_bot_need_and_may_not_do_is_told() -> None:
    without = [each for each in SERVING_ALONE if each["resource"]["collection"] != "catalogs"]
    only_reads = over("abeyance", "catalogs", "find", *OF_EACH)
    said = judged(Privileges.read(status(*without, only_reads), "abeyance"))
    assert not said.well
    assert said.found.endswith("need: insert in catalogs")


async def test_a_server_without_users_is_told_so(storage: MongoStorage) -> None:
    said = await privileges_finding(storage)
    assert said.well
    assert "cannot be checked here" in said.found
