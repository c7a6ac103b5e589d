"""Block Kit: what a message or a view may be made of."""

from sandbox.slack.blockkit.check import check_blocks, check_view, length_of
from sandbox.slack.blockkit.fill import fill_ids, fill_view, interactive_elements

__all__ = [
    "check_blocks",
    "check_view",
    "fill_ids",
    "fill_view",
    "interactive_elements",
    "length_of",
]
