"""Nobody answers: an expiry is no denial, and the developer hears which it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver

IMPATIENT = """
- id: nobody-has-time
  title: A prompt that nobody will look at
  on: request
  when:
    prompt: {words: [hurry]}
  then: hold
  approval: {from: [managers], quorum: 1, expires: 2s}
  risk: low
  explain: Ask in the morning.
  examples: {match: ["hurry up"], skip: ["slowly"]}
"""


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A product whose only rule expires before anyone can answer."""
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "impatient.yaml").write_text(IMPATIENT)
    with open_house(data, mongodb_uri, data / "policies") as house:
        yield house


async def test_an_expiry_is_told_as_what_it_is_to_caller_card_and_direct_message(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, alice = await slack.user("maria"), await slack.user("alice")
    async with house.openai(await idp.token("alice")) as client:
        with pytest.raises(openai.PermissionDeniedError) as refusal:
            await client.chat.completions.create(
                model="sandbox-1", messages=[{"role": "user", "content": "hurry"}]
            )
    assert refusal.value.code == "approval_expired"
    assert "not a denial" in refusal.value.message
    assert refusal.value.response.headers["abeyance-decision"] == "expired"
    async with house.openai(await idp.token("alice"), max_retries=0) as client:
        with pytest.raises(openai.PermissionDeniedError, match="It expired at") as again:
            await client.chat.completions.create(
                model="sandbox-1", messages=[{"role": "user", "content": "hurry"}]
            )
    assert again.value.code == "approval_expired"
    card = await maria.wait_for_message("xpired", channel="approvals")
    assert [each for each in maria.messages("approvals") if "Alice" in each.words] == [card]
    assert card.buttons == ["Record"]
    notice = await alice.wait_for_message("nobody-has-time", channel="abeyance")
    assert "Ask in the morning" in notice.words
    assert await model.requests() == []
    ines = await slack.user("ines")
    await ines.command("/replay", "decision:expired")
    assert "nobody-has-time" in (await ines.wait_for_view("Alice Chen")).words


async def test_a_request_expires_by_its_gateway_where_no_bot_is_alive(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    house.bot.kill()
    async with house.openai(await idp.token("dana")) as client:
        with pytest.raises(openai.PermissionDeniedError) as refusal:
            await client.chat.completions.create(
                model="sandbox-1", messages=[{"role": "user", "content": "hurry, without a bot"}]
            )
    assert refusal.value.code == "approval_expired"
    assert "No approver was asked" in refusal.value.message
    assert await model.requests() == []
