"""Which keys of a rule do not go together.

They are looked for in what was written, so that they are told beside whatever else is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from policies.cel.expression import uses_tool

if TYPE_CHECKING:
    from collections.abc import Mapping

Contradiction: TypeAlias = "tuple[tuple[str, ...], str]"

_TEXTS = ("prompt", "answer", "text", "tool_call")


def contradictions(raw: Mapping[str, Any]) -> list[Contradiction]:
    """Return the field that each is about, and what to do."""
    return [(path, what) for wrong, path, what in _all(raw) if wrong]


def _all(raw: Mapping[str, Any]) -> list[tuple[bool, tuple[str, ...], str]]:
    on, then, when, approval = (raw.get(key) for key in ("on", "then", "when", "approval"))
    conditions = when if isinstance(when, dict) else {}
    texts = [key for key in _TEXTS if conditions.get(key) is not None]
    of_answers = on in ("response", "both")
    granted = isinstance(approval, dict) and approval.get("grant_up_to") is not None
    if "tool_call" in texts:
        return [*_of_calls(raw, conditions, texts), *_approving(raw, granted=granted)]
    return [
        (len(texts) > 1, ("when",), f"give only one of {' and '.join(texts)}"),
        (on == "both" and texts not in ([], ["text"]), ("when",), "on both sides, give `text`"),
        (on == "request" and texts == ["answer"], ("when", "answer"), "a request has none yet"),
        (on == "response" and texts == ["prompt"], ("when", "prompt"), "write `answer` here"),
        (of_answers and not texts, ("when",), "a rule for answers needs text to look for"),
        (
            of_answers and then in ("hold", "allow"),
            ("then",),
            "an answer can be masked or denied; only requests and tool calls are held or allowed",
        ),
        (then == "mask" and not texts, ("then",), "no text is named that could be masked"),
        *_approving(raw, granted=granted),
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
        (
            bool(texts) and any(isinstance(each, dict) for each in _examples(raw)),
            ("examples",),
            "must be texts; only a rule with `tool_call` has calls",
        ),
        (
            _names_a_tool(conditions),
            ("when", "condition"),
            "names `tool`, and the rule is about no tool call; give `tool_call` as well",
        ),
        (
            raw.get("together") is not None,
            ("together",),
            "is for tool calls that are held; give `tool_call`, or leave it out",
        ),
    ]


def _of_calls(
    raw: Mapping[str, Any], conditions: Mapping[str, Any], texts: list[str]
) -> list[tuple[bool, tuple[str, ...], str]]:
    """What does not go together in a rule about tool calls."""
    call = conditions["tool_call"]
    arguments = call.get("arguments") if isinstance(call, dict) else None
    then, examples = raw.get("then"), _examples(raw)
    return [
        (len(texts) > 1, ("when",), f"give only one of {' and '.join(texts)}"),
        (
            raw.get("on") in ("request", "both"),
            ("on",),
            "a tool call is part of an answer; write `response`, which holds for MCP as well",
        ),
        (
            then == "mask" and arguments is None,
            ("then",),
            "nothing is named that could be masked; give `arguments`",
        ),
        (
            raw.get("work") is not None,
            ("work",),
            "a tool call is decided on by itself; leave it out",
        ),
        (
            raw.get("together") is not None and then in ("allow", "mask", "deny"),
            ("together",),
            "only a rule that holds has it",
        ),
        (
            then == "mask" and raw.get("keep_original") is not None,
            ("keep_original",),
            "keeps what is masked in texts, not in tool calls; leave it out",
        ),
        (
            raw.get("examples") is None,
            ("examples",),
            "is missing; give texts or calls under `match` and `skip`",
        ),
        (
            arguments is None and any(isinstance(each, str) for each in examples),
            ("examples",),
            "must be calls, such as `{tool: Bash}`: the rule looks for no text",
        ),
    ]


def _approving(raw: Mapping[str, Any], *, granted: bool) -> list[tuple[bool, tuple[str, ...], str]]:
    """What does not go together in how people decide."""
    then, approval = raw.get("then"), raw.get("approval")
    return [
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
            then in ("allow", "hold", "deny") and raw.get("keep_original") is not None,
            ("keep_original",),
            "only a rule that masks has it",
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
    ]


def _examples(raw: Mapping[str, Any]) -> list[Any]:
    examples = raw.get("examples")
    lists = [examples.get(key) for key in ("match", "skip")] if isinstance(examples, dict) else []
    return [each for one in lists if isinstance(one, list) for each in one]


def _names_a_tool(conditions: Mapping[str, Any]) -> bool:
    condition = conditions.get("condition")
    return isinstance(condition, str) and uses_tool(condition)
