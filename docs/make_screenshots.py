"""Makes docs/images: starts everything, asks for something risky, and photographs what people see.

make screenshots
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from held_calls import hold_calls
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PORTS = (
    "ABEYANCE_PORT",
    "ABEYANCE_EMBEDDED_MONGODB_PORT",
    "ABEYANCE_SANDBOX_SLACK_PORT",
    "ABEYANCE_SANDBOX_IDP_PORT",
    "ABEYANCE_SANDBOX_MODEL_PORT",
)
PROMPT = (
    "Write a Kubernetes job that copies the orders table from prod-db to the analytics "
    "cluster, using the key AKIAIOSFODNN7EXAMPLE."
)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with (
        product() as (gateway, slack, idp, mongodb_port),
        sync_playwright() as playwright,
        ThreadPoolExecutor() as threads,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        asking = threads.submit(ask, gateway, httpx.get(f"{idp}/sandbox/token/ci").text)
        shoot_card(browser, slack)
        shoot_phone(browser, slack)
        shoot_replay(browser, slack)
        shoot_replay_page(browser, gateway)
        asking.result()
        threads.submit(hold_calls, mongodb_port).result()
        shoot_calls(browser, slack)
        shoot_device(browser, gateway)
        browser.close()


@contextmanager
def product() -> Iterator[tuple[str, str, str, int]]:
    """Run `abeyance up` on free ports.

    Yields the URLs of gateway, Slack page and provider, and the port of the database.
    """
    with tempfile.TemporaryDirectory() as data:
        ports = {name: str(free_port()) for name in PORTS}
        up = subprocess.Popen(
            [sys.executable, "-m", "cli", "up"],
            env={**os.environ, **ports, "ABEYANCE_DATA": data, "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            shown = "".join(iter_until(up, "Ctrl-C"))
            urls = [re.search(rf"http://127\.0\.0\.1:{ports[name]}", shown) for name in PORTS]
            gateway, _, slack, idp, _ = (url[0] if url else "" for url in urls)
            yield gateway, slack, idp, int(ports["ABEYANCE_EMBEDDED_MONGODB_PORT"])
        finally:
            up.terminate()
            up.wait()


def iter_until(up: subprocess.Popen[str], word: str) -> Iterator[str]:
    for line in up.stdout or ():
        yield line
        if word in line:
            return
    raise SystemExit(f"`abeyance up` ended with {up.wait()}")


def ask(gateway: str, token: str) -> None:
    """Send a request that is held, until a manager approves it."""
    body = {"model": "sandbox-1", "messages": [{"role": "user", "content": PROMPT}]}
    headers = {
        "authorization": f"Bearer {token}",
        "abeyance-reason": "Nightly export for the finance team, FIN-231",
    }
    url = f"{gateway}/openai/v1/chat/completions"
    httpx.post(url, json=body, headers=headers, timeout=120).raise_for_status()


def shoot_card(browser: Browser, slack: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1.5)
    card(page, slack)
    page.screenshot(path=IMAGES / "card.png")
    page.close()


def shoot_phone(browser: Browser, slack: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 932}, device_scale_factor=2)
    card(page, slack)
    page.screenshot(path=IMAGES / "phone.png")
    page.close()


def shoot_replay(browser: Browser, slack: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1.5)
    card(page, slack)
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_text("Covers this work until").wait_for()
    page.close()
    page = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1.5)
    card(page, slack, "ines")
    composer = page.get_by_label("Message #approvals")
    composer.fill("/replay repo:acme/payments")
    composer.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Open").first.click()
    page.get_by_text("Page 1 of").wait_for()
    page.screenshot(path=IMAGES / "replay.png")
    page.close()


def shoot_replay_page(browser: Browser, gateway: str) -> None:
    """Photograph the session that was held, as an auditor sees it in a browser."""
    page = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1.5)
    page.goto(f"{gateway}/-/replay?q=repo:acme/payments")
    page.get_by_role("button", name="Ines Roth").click()
    page.get_by_role("row").nth(1).get_by_role("link").click()
    page.get_by_text("Answer complete").wait_for()
    page.get_by_text("Intact").wait_for()
    page.screenshot(path=IMAGES / "replay-page.png")
    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("link", name="One day").click()
    page.get_by_role("link", name="One day", exact=True).wait_for()
    page.screenshot(path=IMAGES / "dashboard.png")
    page.close()


def shoot_calls(browser: Browser, slack: str) -> None:
    """Photograph held tool calls: a command, an edit, and the form for a change."""
    page = browser.new_page(viewport={"width": 1280, "height": 1400}, device_scale_factor=1.5)
    page.goto(f"{slack}/#/maria/approvals")
    cards = page.get_by_label("Message from Abeyance")
    for name, words in (("call", "delete namespace"), ("call-edit", "RollingUpdate")):
        shown = cards.filter(has_text=words).last
        shown.scroll_into_view_if_needed()
        shown.screenshot(path=IMAGES / f"{name}.png")
    command = cards.filter(has_text="delete namespace").last
    command.get_by_role("button", name="More", exact=True).last.click()
    page.get_by_text("Change and approve…").click()
    form = page.get_by_role("dialog")
    form.get_by_text("The call runs as you leave it").wait_for()
    pods = "kubectl delete pods --namespace staging-eu --selector app=load-test"
    form.get_by_role("textbox").first.fill(pods)
    form.screenshot(path=IMAGES / "call-change.png")
    form.get_by_role("button", name="Cancel").click()
    page.close()
    page = browser.new_page(viewport={"width": 390, "height": 932}, device_scale_factor=2)
    page.goto(f"{slack}/#/maria/approvals")
    command = page.get_by_label("Message from Abeyance").filter(has_text="delete namespace")
    command.get_by_role("button", name="Approve", exact=True).scroll_into_view_if_needed()
    page.screenshot(path=IMAGES / "call-phone.png")
    page.close()


def card(page: Page, slack: str, person: str = "maria") -> None:
    page.goto(f"{slack}/#/{person}/approvals")
    page.get_by_label("Message from Abeyance").filter(has_text="acme/payments").wait_for()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shoot_device(browser: Browser, gateway: str) -> None:
    """Photograph how a person allows Claude Code, on a phone."""
    begun = httpx.post(f"{gateway}/-/device/authorization/anthropic").raise_for_status().json()
    page = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    page.goto(begun["verification_uri"])
    page.get_by_role("button", name="Alice Chen").click()
    page.get_by_label("Type the code").fill(begun["user_code"])
    page.screenshot(path=IMAGES / "device-code.png", full_page=True)
    page.get_by_role("button", name="Continue").click()
    page.screenshot(path=IMAGES / "device-allow.png", full_page=True)
    page.get_by_role("button", name="Allow", exact=True).click()
    page.get_by_role("heading", name="Claude Code is connected").wait_for()
    page.close()


if __name__ == "__main__":
    main()
