"""Conditions in CEL, the Common Expression Language, over the facts of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import cel

from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.segment import Facts, Prompt, Role, Segment
from policies.cel.names import roots, unknown_names

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class ConditionInput:
    """What a rule is asked about: a request, who makes it, and when."""

    facts: Facts
    identity: Identity
    now: datetime
    tool: Mapping[str, Any] = field(default_factory=dict)
    """Of a tool call, `name` and `arguments`; nothing where it is asked about no call."""


_NOWHERE = Provenance("", verified=False)
_SAMPLE = ConditionInput(
    Facts("openai", "POST", "v1/x", "", Prompt((Segment("hello", Role.USER, "/"),), "gpt"), 5),
    Identity("https://issuer", "subject", IdentityKind.PERSON, "Name", "name@example.com"),
    datetime(2026, 1, 1, tzinfo=UTC),
    {"name": "Bash", "arguments": {}},
)
TOOL = "tool"
_ANY_MEMBER = {"name": "", "arguments": ""}
"""What a tool is given has members of any name."""


def expression(source: str) -> Callable[[ConditionInput], bool]:
    """Return the test that an expression makes.

    Its names are looked up and it is tried at once on a made-up request, so that a name that does
    not exist is told when the catalog loads. What fails later counts as true: a condition narrows
    a rule, and where it cannot be told whether the rule applies, it does. Raises ValueError.
    """
    known = variables(_SAMPLE) | {TOOL: _ANY_MEMBER}
    if unknown := next(unknown_names(source, known), ""):
        raise ValueError(f"{unknown!r} is not known; the names known here are {', '.join(known)}")
    try:
        program = cel.compile(source)
        result = _tried(program, source)
    except Exception as error:  # noqa: BLE001 - it raises whatever Python would
        raise ValueError(_first_line(error)) from None
    if not isinstance(result, bool):
        raise ValueError(  # noqa: TRY004 - it is the catalog's author who erred, not a caller
            f"gives {result!r}; it must give true or false"
        )

    def holds(asked: ConditionInput) -> bool:
        try:
            return program.execute(variables(asked)) is not False
        except Exception:  # noqa: BLE001 - whatever it raises, the rule applies
            return True

    return holds


def _tried(program: cel.Program, source: str) -> object:
    try:
        return program.execute(variables(_SAMPLE))
    except (KeyError, TypeError):
        if uses_tool(source):
            return True  # The made-up call lacks what a real one may have.
        raise


def uses_tool(source: str) -> bool:
    return TOOL in roots(source)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def variables(asked: ConditionInput) -> dict[str, Any]:
    """Return what an expression can name; where no provenance is proven its fields are empty."""
    facts, who = asked.facts, asked.identity
    origin = who.proven or _NOWHERE
    outline = facts.prompt.outline
    return {
        "connection": facts.connection,
        "method": facts.method,
        "path": "/" + facts.path.lstrip("/"),
        "query": facts.query,
        "model": facts.prompt.model,
        "streamed": facts.prompt.streamed,
        "body_bytes": facts.body_bytes,
        "characters": outline.characters,
        "uninspected": list(facts.prompt.uninspected),
        "roles": sorted(role.value for role in outline.roles),
        "tools": sorted(outline.tools),
        "now": asked.now,
        TOOL: asked.tool,
        "identity": {
            "issuer": who.issuer,
            "subject": who.subject,
            "kind": who.kind.value,
            "name": who.name,
            "email": who.email,
            "groups": sorted(who.groups),
            "provenance": {
                "repository": origin.repository,
                "repository_id": origin.repository_id,
                "commit": origin.commit,
                "ref": origin.ref,
                "workflow": origin.workflow,
                "run": origin.run,
                "actor": origin.actor,
                "verified": origin.verified,
            },
        },
    }
