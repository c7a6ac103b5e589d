"""`abeyance doctor` on a company that is well, and on one where nothing is as it should be."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from app.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.house import House

APPROVERS = "- name: managers\n  slack_groups: [managers]\n"
RULE = """
- id: production-needs-a-manager
  title: Prompts that name production
  on: request
  when: {prompt: {words: [production]}}
  then: hold
  approval: {from: [managers], quorum: 1, expires: 10m}
  risk: high
  explain: Use the staging name.
  examples: {match: ["deploy to production"], skip: ["hello"]}
"""


async def doctor(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli", "doctor", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **env},
    )
    said, _ = await process.communicate()
    return int(process.returncode or 0), said.decode()


def catalog(folder: Path) -> dict[str, str]:
    (folder / "catalog").mkdir()
    (folder / "approvers.yaml").write_text(APPROVERS)
    (folder / "catalog" / "rules.yaml").write_text(RULE)
    return {"ABEYANCE_CATALOG": str(folder)}


async def test_a_company_that_is_well_is_told_so(house: House, tmp_path: Path) -> None:
    env = house.env | catalog(tmp_path)
    (code, said), (slack_code, slack_said) = await asyncio.gather(
        doctor(env), doctor(env, "--slack")
    )
    assert (code, slack_code) == (0, 0), said + slack_said
    for point in ("rules", "MongoDB change streams", "connection “openai”", "issuer http", "Slack"):
        assert point in said
    assert "record keys  “vault-" in said
    assert "✗" not in said
    assert "only Slack knows the approvers of production-needs-a-manager" in said
    assert "abeyance hold approve" in said
    assert "approvals without Slack" not in slack_said
    assert "MongoDB" not in slack_said


async def test_everything_that_is_ill_is_told_with_its_remedy(house: House, tmp_path: Path) -> None:
    env = house.env | catalog(tmp_path)
    lost = {"ABEYANCE_VAULT_KEY": Vault.new_key(), "ABEYANCE_ISSUERS": "[]"}
    lost["ABEYANCE_TRANSIT_URL"] = "http://127.0.0.1:1"
    lost["ABEYANCE_TRANSIT_TOKEN_FILE"] = str(tmp_path / "approvers.yaml")
    away = {"MONGODB_URI": "mongodb://127.0.0.1:1/", "ABEYANCE_SLACK_BOT_TOKEN": ""}
    (code, said), (away_code, away_said) = await asyncio.gather(
        doctor(env | lost), doctor(env | away)
    )
    assert (code, away_code) == (1, 1)
    assert "abeyance connection rotate openai" in said
    assert "missing ABEYANCE_ISSUERS" in said
    assert "key service at http://127.0.0.1:1/v1/transit cannot be used" in said
    assert "5 points need mending" in said
    assert "MONGODB_URI is right" in away_said
    assert "missing ABEYANCE_SLACK_BOT_TOKEN" in away_said
