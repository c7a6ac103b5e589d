"""Examples in a catalog: texts and tool calls on which something must fire, or must not."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from policies.files.fields import Text  # noqa: TC001 - pydantic reads it at run time
from policies.files.when import Spec

TAGS = ("a text", "a tool call")
"""Steps that pydantic puts into the path of an error, and that no file has."""


class ExamplesSpec(Spec):
    match: list[str] = Field(min_length=1, description="Texts on which it must fire.")
    skip: list[str] = Field(min_length=1, description="Texts on which it must not.")


class CallExample(Spec):
    tool: Text = Field(description="The name of the tool.")
    arguments: dict[str, Any] | str = Field({}, description="As the model would write them.")


def _tag(value: object) -> str:
    return TAGS[isinstance(value, (dict, CallExample))]


Example = Annotated[
    Annotated[str, Tag(TAGS[0])] | Annotated[CallExample, Tag(TAGS[1])], Discriminator(_tag)
]


class RuleExamplesSpec(Spec):
    """Of a rule for tool calls, a text stands in one argument of a call."""

    match: list[Example] = Field(min_length=1, description="Texts or calls on which it must fire.")
    skip: list[Example] = Field(min_length=1, description="Texts or calls on which it must not.")

    @property
    def texts(self) -> list[str]:
        """All texts on which it must fire."""
        return [each for each in self.match if isinstance(each, str)]
