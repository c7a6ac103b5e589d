"""Cursor. Source: its documentation of hooks, and of API keys in the editor."""

from __future__ import annotations

from workstation.setup.base import SetUp, Wish
from workstation.setup.fleet import Fleet, ManagedFile, System, json_text

MANAGED = {
    System.LINUX: "/etc/cursor/hooks.json",
    System.MACOS: "/Library/Application Support/Cursor/hooks.json",
    System.WINDOWS: "C:\\ProgramData\\Cursor\\hooks.json",
}
LIMITS = (
    "Hooks of this level run for every user and cannot be switched off by one.",
    (
        "The same hooks can be set for the team in Cursor's dashboard (enterprise plan), which "
        "also covers machines that are not managed."
    ),
    "Cloud agents run a repository's hooks only: `abeyance hook install cursor --project`.",
)


def set_up(wish: Wish) -> SetUp:
    """Return what is to be done by hand. Cursor's files say nothing of a gateway but its hooks."""
    notes = ["Cursor's editor and CLI speak to Cursor's own servers: its hooks ask the gateway."]
    if any(known.kind == "openai" for known in wish.connections):
        notes.append(
            "For chat with your own key: create one with `abeyance key create`, then enter it in "
            "Cursor Settings > Models > OpenAI API Key, with "
            f"{wish.url('openai')}/v1 as Override OpenAI Base URL. Cursor keeps both in its own "
            "database, so no command can write them. Tab and some features do not use them."
        )
    return SetUp((), tuple(notes))


def managed(fleet: Fleet, system: System) -> tuple[ManagedFile, ...]:
    """Return the hooks of all users of a machine."""
    return (ManagedFile(MANAGED[system], json_text(fleet.hooks("cursor", system))),)
