"""Desktop notifications, where the system has a program for them. They never block, nor fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from contextlib import suppress

from workstation.environment import variables

_SECONDS = 15.0
_APPLE = (
    *("osascript", "-e", "on run argv"),
    *("-e", "display notification (item 2 of argv) with title (item 1 of argv)"),
    *("-e", "end run"),
)
# The texts come in variables: no quoting can go wrong.
_WINDOWS = """
$ErrorActionPreference = 'Stop'
$types = 'Windows.UI.Notifications, ContentType = WindowsRuntime'
$manager = [type]"Windows.UI.Notifications.ToastNotificationManager, $types"
$template = [type]"Windows.UI.Notifications.ToastTemplateType, $types"
$xml = $manager::GetTemplateContent($template::ToastText02)
$texts = $xml.GetElementsByTagName('text')
$texts.Item(0).AppendChild($xml.CreateTextNode($env:ABEYANCE_TITLE)) > $null
$texts.Item(1).AppendChild($xml.CreateTextNode($env:ABEYANCE_TEXT)) > $null
$toast = [Windows.UI.Notifications.ToastNotification]::new($xml)
$manager::CreateToastNotifier('Abeyance').Show($toast)
"""


def notify(title: str, text: str) -> None:
    """Show a notification, in the background."""
    threading.Thread(target=_show, args=(title, text), daemon=True).start()


def command_for(platform: str, title: str, text: str) -> tuple[str, ...]:
    """Return the command that shows a notification on a system."""
    match platform:
        case "darwin":
            return (*_APPLE, title, text)
        case "win32":
            return ("powershell", "-NoProfile", "-NonInteractive", "-Command", _WINDOWS)
        case _:
            return ("notify-send", "--app-name=Abeyance", "--", title, text)


def _show(title: str, text: str) -> None:
    command = command_for(sys.platform, title, text)
    program = shutil.which(command[0])
    if program is None:
        return
    texts = {"ABEYANCE_TITLE": title, "ABEYANCE_TEXT": text}
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=variables() | texts,
            timeout=_SECONDS,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
