"""The catalog changes while a request is held: an approval covers what was asked, and no more."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver

RULE = """
- id: {id}
  title: Kites
  on: request
  when:
    prompt: {{words: [kites]}}
  then: {then}
  {approval}
  risk: low
  explain: Ask in the morning.
  examples: {{match: ["kites"], skip: ["boats"]}}
"""
HOLD = "approval: {from: [managers], quorum: 1}"
BODY = {"model": "sandbox-1", "messages": [{"role": "user", "content": "fly kites"}]}


@pytest.fixture
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("policies")
    (directory / "catalog").mkdir()
    (directory / "catalog" / "rules.yaml").write_text(
        RULE.format(id="kites-are-held", then="hold", approval=HOLD)
    )
    return directory


@pytest.fixture
def house(
    mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory, catalog: Path
) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri, catalog) as house:
        yield house


@pytest.mark.parametrize(
    ("anew", "code"),
    [
        (RULE.format(id="kites-anew", then="deny", approval=""), "policy_denied"),
        (RULE.format(id="kites-anew", then="hold", approval=HOLD), "rules_changed"),
    ],
    ids=["deny", "hold"],
)
async def test_an_approval_under_former_rules_does_not_cover_stricter_ones(
    house: House,
    catalog: Path,
    slack: SlackDriver,
    idp: IdpDriver,
    model: ModelDriver,
    anew: str,
    code: str,
) -> None:
    maria = await slack.user("maria")
    async with house.http(await idp.token("alice")) as http:
        before = (await http.get("/-/readyz")).json()["catalog"]
        asking = asyncio.ensure_future(http.post("/openai/v1/chat/completions", json=BODY))
        card = await maria.wait_for_message("kites-are-held")
        (catalog / "catalog" / "rules.yaml").write_text(anew)
        while (await http.get("/-/readyz")).json()["catalog"] == before:
            pass
        await maria.click(card, "Approve")
        answer = await asking
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == code
    assert await model.requests() == []


async def test_a_catalog_that_does_not_load_is_told_everywhere_and_the_former_stays(
    house: House, catalog: Path, idp: IdpDriver
) -> None:
    rules = catalog / "catalog" / "rules.yaml"
    async with house.http(await idp.token("alice")) as http:

        async def told(fault: str) -> str:
            """Wait until this is what is wrong; return the revision in force."""
            while (state := (await http.get("/-/readyz")).json())["catalog_fault"] != fault:
                pass
            assert state["status"] == "ready"
            return str(state["catalog"])

        before = await told("")
        good = rules.read_text()
        rules.write_text(good.replace("then: hold", "then: hodl"))
        wrong = "must be one of 'allow', 'mask', 'hold' or 'deny'"
        fault = f"catalog/rules.yaml:7: kites-are-held.then: {wrong}"
        assert await told(fault) == before
        figures = (await http.get("/-/metrics")).text
        assert "abeyance_catalog_fault 1.0" in figures
        assert f'abeyance_catalog_info{{revision="{before}"}} 1.0' in figures
        assert "hodl" not in house.gateway.log.read_text()
        assert fault in house.gateway.log.read_text().replace('\\"', '"')
        rules.write_text(good)
        house.gateway.process.send_signal(signal.SIGHUP)
        assert await told("") == before
        assert "abeyance_catalog_fault 0.0" in (await http.get("/-/metrics")).text
