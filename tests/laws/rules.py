"""The rules of the stories: each holds prompts that name a word, for a longer or shorter time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SHORT, LONG, BRIEF = "production", "vault", "canary"
"""The words. Nobody has to wait for the end of a hold of the first, or of an approval of the third;
those of the second outlast a story."""
RULE = """
- id: names-{word}
  title: Prompts that name {word}
  on: request
  when: {{prompt: {{words: [{word}]}}}}
  then: hold
  decides: {decides}
  approval: {{from: [managers], quorum: 1, {approval}}}
  risk: low
  explain: Ask first.
  examples: {{match: ["{word}"], skip: ["staging"]}}
"""
APPROVALS = {
    SHORT: "expires: 7s, keep: 4s",
    LONG: "expires: 2m, keep: 2m, grant_up_to: 1h",
    BRIEF: "expires: 2m, keep: 4s",
}
BRIEF_COVERS = "  covers: {idle: 2s, most: 2s}\n"
"""So that what an approval covers has ended when the approval lapses."""
APPROVERS = "- name: managers\n  slack_groups: [managers]\n"


def write_catalog(folder: Path, decides: str) -> Path:
    """Write a catalog with these rules; `decides` as in a rule."""
    rules = "".join(
        RULE.format(word=word, decides=decides, approval=approval)
        for word, approval in APPROVALS.items()
    )
    (folder / "catalog").mkdir(parents=True)
    (folder / "catalog" / "rules.yaml").write_text(
        rules + (BRIEF_COVERS if decides == "passages" else "")
    )
    (folder / "approvers.yaml").write_text(APPROVERS)
    return folder
