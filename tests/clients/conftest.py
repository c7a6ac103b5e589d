from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.clients.agents import AGENTS, PROGRAMS, Desk
from tests.conftest import given_or_own_server
from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.idp.driver import IdpDriver

# Words that no agent says by itself.
RULES = """
- id: held-words
  title: Prompts that name the moonbase
  on: request
  when: {prompt: {words: [moonbase]}}
  then: hold
  approval: {from: [managers], expires: 10m}
  risk: high
  explain: The moonbase is not for tests.
  examples: {match: ["the moonbase"], skip: ["the moon"]}
- id: denied-words
  title: Prompts that name the doomsday machine
  on: request
  when: {prompt: {words: [doomsday]}}
  then: deny
  risk: critical
  explain: There is no such thing.
  examples: {match: ["doomsday"], skip: ["Monday"]}
- id: held-calls
  title: Commands that walk on the moon
  on: response
  when: {tool_call: {name: ["@shell", deploy], arguments: {words: [moonwalk]}}}
  then: hold
  approval: {from: [managers], expires: 2m}
  risk: high
  explain: Nobody walks on the moon in a test.
  examples: {match: ["the moonwalk"], skip: ["a walk"]}
- id: masked-keys
  title: Keys
  on: both
  when: {text: {detectors: [aws-access-key-id]}}
  then: mask
  risk: high
  explain: Keys stay here.
  examples: {match: ["AKIAIOSFODNN7EXAMPLE"], skip: ["AKIA"]}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the stories of agents, and say so, where npm could not install them."""
    missing = [agent.program for agent in AGENTS if not (PROGRAMS / agent.program).exists()]
    if not missing:
        return
    why = f"{', '.join(missing)} not installed: `make agents` does it, with npm"
    for item in items:
        if "desk" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="package")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all files: no story does it any harm."""
    with given_or_own_server(tmp_path_factory.mktemp("mongodb")) as uri:
        yield uri


@pytest.fixture(scope="package")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One running product for the stories of all files; each looks only at its own doings."""
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "clients.yaml").write_text(RULES)
    with open_house(data, mongodb_uri, data / "policies") as house:
        model = house.sandbox["model"]
        asyncio.run(house.register("gemini", model["gemini"], model["credential"]))
        yield house


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One HOME for the stories of a file: what agents make there at first start stays."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
async def desk(house: House, idp: IdpDriver, home: Path, tmp_path: Path) -> Desk:
    return Desk(home, tmp_path / "work", house.url, await idp.token("alice"))


@pytest.fixture
def case() -> str:
    """A word by which a story knows its own cards."""
    return f"case-{uuid4().hex[:8]}"
