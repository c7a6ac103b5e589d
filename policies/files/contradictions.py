"""Which keys of a rule do not go together.

They are looked for in what was written, so that they are told beside whatever else is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Contradiction: TypeAlias = "tuple[tuple[str, ...], str]"


def contradictions(raw: Mapping[str, Any]) -> list[Contradiction]:
    """Return the field that each is about, and what to do."""
    return [(path, what) for wrong, path, what in _all(raw) if wrong]


def _all(raw: Mapping[str, Any]) -> list[tuple[bool, tuple[str, ...], str]]:
    on, then, when, approval = (raw.get(key) for key in ("on", "then", "when", "approval"))
    conditions = when if isinstance(when, dict) else {}
    texts = [key for key in ("prompt", "answer", "text") if conditions.get(key) is not None]
    of_answers = on in ("response", "both")
    granted = isinstance(approval, dict) and approval.get("grant_up_to") is not None
    return [
        (len(texts) > 1, ("when",), f"give only one of {' and '.join(texts)}"),
        (on == "both" and texts not in ([], ["text"]), ("when",), "on both sides, give `text`"),
        (on == "request" and texts == ["answer"], ("when", "answer"), "a request has none yet"),
        (on == "response" and texts == ["prompt"], ("when", "prompt"), "write `answer` here"),
        (of_answers and not texts, ("when",), "a rule for answers needs text to look for"),
        (
            of_answers and then in ("hold", "allow"),
            ("then",),
            "an answer can be masked or denied; only a request can be held or allowed",
        ),
        (then == "mask" and not texts, ("then",), "no text is named that could be masked"),
        (
            then == "hold" and approval is None,
            ("approval",),
            "a hold needs it; write `{from: [managers]}` or more",
        ),
        (
            then in ("allow", "mask", "deny") and approval is not None,
            ("approval",),
            "only a hold has it",
        ),
        (
            raw.get("risk") == "critical" and granted,
            ("approval", "grant_up_to"),
            "at critical risk nothing is granted for a time; leave it out",
        ),
        *(
            (then != "hold" and raw.get(key) is not None, (key,), "only a rule that holds has it")
            for key in ("decides", "work", "covers")
        ),
        *(
            (
                raw.get("decides") == "request" and raw.get(key) is not None,
                (key,),
                "belongs to `decides: passages`; leave it out",
            )
            for key in ("work", "covers")
        ),
        (
            isinstance(when, dict) and not texts and raw.get("decides") == "passages",
            ("decides",),
            "there is no text to decide on; leave it out",
        ),
        (
            bool(texts) and raw.get("examples") is None,
            ("examples",),
            "is missing; give texts under `match` and `skip`",
        ),
        (
            isinstance(when, dict) and not texts and raw.get("examples") is not None,
            ("examples",),
            "needs text to look for",
        ),
    ]
