"""Who may decide changes in a file, and counts at the next click without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from typing import TYPE_CHECKING

from app.settings import Settings
from app.vault import Vault
from bot.main import run_bot
from policies.loader import SHIPPED
from sandbox.slack import APP_TOKEN, BOT_TOKEN
from sandbox.slack.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Office

SET = """
- {name: managers, explain: They decide., emails: [%s@acme.example]}
- {name: directors, slack_groups: [directors]}
"""


async def test_changed_approvers_count_at_the_next_click(
    office: Office, mongodb_uri: str, database_name: str, tmp_path: Path
) -> None:
    shutil.copytree(SHIPPED / "catalog", tmp_path / "catalog")
    approvers = tmp_path / "approvers.yaml"
    approvers.write_text(SET % "maria")
    given = {
        "mongodb_uri": mongodb_uri,
        "mongodb_database": database_name,
        "vault_key": Vault.new_key(),
        "catalog": tmp_path,
        "slack_bot_token": BOT_TOKEN,
        "slack_app_token": APP_TOKEN,
        "slack_api_url": f"{office.slack.base_url}/api/",
    }
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        settings = Settings.model_validate(given)
        tasks.create_task(run_bot(settings, stop, lambda _: ready.set()))
        await ready.wait()
        marcus = await office.slack.user("marcus")
        await office.hold(quorum=1)
        card = await marcus.wait_for_message("Approval needed")
        await marcus.click(card, "Approve")
        await marcus.wait_for_message("not among the people who may decide")
        approvers.write_text(SET % "marcus")
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(30):
            with contextlib.suppress(Refused):  # The button is gone once a click has counted.
                while True:
                    await marcus.click(card, "Approve")
        await marcus.wait_for_change(card, "*Approved*")
        stop.set()
