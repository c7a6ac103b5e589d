"""A browser for the commands: `browser.py PERSON URL` signs in as that person and comes back."""

from __future__ import annotations

import sys

import httpx


def main() -> None:
    person, url = sys.argv[1:]
    with httpx.Client(follow_redirects=True, timeout=30) as browser:
        choice = browser.get(url)
        browser.post(choice.url, data={"person": person}).raise_for_status()


if __name__ == "__main__":
    main()
