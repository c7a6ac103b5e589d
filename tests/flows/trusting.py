"""What approvers do who never want to be asked about a text again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.slack.people.driver import SeenMessage, SeenView, SlackUser

LABEL = "Never ask about this text again…"


def may_be_trusted(card: SeenMessage) -> bool:
    return bool(_option(card))


def _option(card: SeenMessage) -> str:
    options = card.element("hold_about_rule").raw["options"]
    return next((o["value"] for o in options if o["text"]["text"] == LABEL), "")


async def form(user: SlackUser, card: SeenMessage) -> SeenView:
    """Open the form behind the dots beside the rule; return its first page, or why not."""
    await user.click(card, "hold_about_rule", choose=_option(card))
    return await user.wait_for_view(lambda view: "Reading…" not in view.words)


async def last_page(user: SlackUser, view: SeenView) -> tuple[SeenView, str]:
    """Turn the pages of the form; return the last one, and all that was shown."""
    page, shown = 1, view.words
    while "More →" in view.buttons:
        page += 1
        await user.click(view, "More →")
        following = (f"Page {page} of", "For whom?")
        view = await user.wait_for_view(
            lambda view: any(mark in view.words for mark in following)  # noqa: B023
        )
        shown += view.words
    return view, shown


def choices(view: SeenView, name: str) -> list[str]:
    return [str(option["value"]) for option in view.element(name).raw["options"]]


async def trust(
    user: SlackUser, card: SeenMessage, reach: str = "person", days: str = "30"
) -> None:
    """Trust all text of a card that may be."""
    view, _ = await last_page(user, await form(user, card))
    await user.submit({"texts": choices(view, "texts"), "reach": reach, "days": days})
