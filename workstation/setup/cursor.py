"""Cursor. Source: its documentation of hooks, and of API keys in the editor."""

from __future__ import annotations

from workstation.setup.base import SetUp, Wish


def set_up(wish: Wish) -> SetUp:
    """Return what is to be done by hand: nothing of Cursor's gateway settings is in a file."""
    flag = " --project" if wish.project else ""
    hooks = (
        "Cursor's editor and CLI speak to Cursor's own servers, so the gateway decides by hooks: "
        f"run `abeyance hook install cursor{flag}`."
    )
    notes = [hooks]
    if any(known.kind == "openai" for known in wish.connections):
        notes.append(
            "For chat with your own key: create one with `abeyance key create`, then enter it in "
            "Cursor Settings > Models > OpenAI API Key, with "
            f"{wish.url('openai')}/v1 as Override OpenAI Base URL. Cursor keeps both in its own "
            "database, so no command can write them. Tab and some features do not use them."
        )
    return SetUp((), tuple(notes))
