"""What the workspace keeps over a restart."""

from pathlib import Path

from sandbox.slack.state import seed
from sandbox.slack.state.model import Message
from sandbox.slack.views import publish_home
from sandbox.slack.workspace import JOURNAL_NAME, Workspace
from tests.sandbox.slack.conftest import Clock

HOME = {"type": "home", "blocks": [{"type": "divider"}]}


def test_a_restart_finds_channels_messages_and_timestamps_again(
    tmp_path: Path, clock: Clock
) -> None:
    first = Workspace(tmp_path, clock)
    channel = first.open_im(seed.ALICE.id)
    ts = first.store.next_ts(clock())
    first.store.put_message(Message(channel.id, ts, seed.BOT_USER_ID, "kept"))
    first.store.put_message(Message(channel.id, "1.000001", seed.BOT_USER_ID, "dropped"))
    first.store.drop_message(channel.id, "1.000001")
    first.store.mark_read(seed.ALICE.id, channel.id, ts)
    home = publish_home(first, seed.ALICE.id, HOME, None)
    first.close()
    second = Workspace(tmp_path, lambda: 0.0)
    assert [m.text for m in second.store.messages[channel.id].values()] == ["kept"]
    assert second.store.reads[seed.ALICE.id] == {channel.id: ts}
    assert second.store.homes[seed.ALICE.id] == home
    assert second.store.next_ts(0.0) > ts
    second.close()


def test_an_ephemeral_message_does_not_outlive_the_process(tmp_path: Path, clock: Clock) -> None:
    first = Workspace(tmp_path, clock)
    secret = Message("C0APPROVAL", "1.000001", seed.BOT_USER_ID, "psst", ephemeral_to=seed.INES.id)
    first.store.put_message(secret)
    first.close()
    second = Workspace(tmp_path, clock)
    assert second.store.find_message("C0APPROVAL", "1.000001") is None
    second.close()


def test_a_line_cut_short_by_a_crash_is_passed_over(tmp_path: Path, clock: Clock) -> None:
    first = Workspace(tmp_path, clock)
    first.store.put_message(Message("C0APPROVAL", "1.000001", seed.BOT_USER_ID, "kept"))
    first.close()
    with (tmp_path / JOURNAL_NAME).open("a") as journal:
        journal.write('{"message": {"cut sho')
    second = Workspace(tmp_path, clock)
    assert second.store.find_message("C0APPROVAL", "1.000001") is not None
    second.close()
