"""The catalog changes while a request is held: an approval covers what was asked, and no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.driver import SlackDriver

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
        await maria.click(card, "Approve once")
        answer = await asking
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == code
    assert await model.requests() == []
