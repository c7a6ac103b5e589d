"""What a rule applies to, as people write it: its conditions, and what it looks for."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.domain.segment import Role  # noqa: TC001 - pydantic reads it at run time
from policies.files.fields import (  # noqa: TC001 - pydantic reads them at run time
    ArgumentPath,
    Detectors,
    Expression,
    Globs,
    Regex,
    TimeOfDay,
    ToolNames,
    Words,
    Zone,
)


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LookSpec(Spec):
    """What is looked for; any one of it is enough."""

    words: list[Words] = Field(
        [],
        description="Whole words or phrases, in any case and spelling: `prod-db` is also found in "
        "`PROD_DB`, `prodDb` and `myProdDb`, `prod` in `prod01-db`; not in `products`.",
    )
    regex: list[Regex] = Field([], description="Patterns of the language in docs/policies.md.")
    detectors: list[Detectors] = Field(
        [], description="Ids or globs of detectors, or all `secrets` or `personal-data`."
    )

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not (self.words or self.regex or self.detectors):
            raise ValueError("looks for nothing; give words, regex or detectors")
        return self


class TextSpec(LookSpec):
    """What is looked for in text; any one of it is enough."""

    roles: list[Role] = Field([], description="Look only in segments of these roles.")


class ArgumentsSpec(LookSpec):
    """What is looked for in the arguments of a tool call; any one of it is enough."""

    paths: list[ArgumentPath] = Field(
        [],
        description="Look only below these members of the arguments, such as `command` or "
        "`edits.*.new_string`; arguments that are no JSON are looked at as a whole.",
    )


class ToolCallSpec(Spec):
    """A tool call that the model asks for, or that a request of MCP makes."""

    name: ToolNames | None = Field(
        None, description="Names of tools, globs, or groups such as `@shell`."
    )
    arguments: ArgumentsSpec | None = Field(None, description="In what the tool is given.")

    @model_validator(mode="after")
    def _is_not_empty(self) -> ToolCallSpec:
        if self.name is None and self.arguments is None:
            raise ValueError("holds for every call; say so with name: ['*']")
        return self


class Day(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class TimesSpec(Spec):
    """A stretch of the day; where it ends before it begins, it goes over midnight."""

    days: list[Day] = Field(
        list(Day), min_length=1, description="Days on which the stretch begins."
    )
    start: TimeOfDay = Field(timedelta(0), alias="from", description="As in 08:30.")
    end: TimeOfDay = Field(timedelta(days=1), alias="to", description="Not included.")
    zone: Zone = Field(description="As in Europe/Berlin.")

    @field_validator("end")
    @classmethod
    def _is_not_the_start(cls, end: timedelta, info: ValidationInfo) -> timedelta:
        if end == info.data.get("start"):
            raise ValueError("ends when it begins; leave both out for whole days")
        return end


class WhenSpec(Spec):
    """All that is given must hold. In globs `*` stays within one `/`, `**` does not."""

    connections: Globs | None = Field(None, description="Names of connections.")
    methods: Globs | None = Field(None, description="HTTP methods.")
    paths: Globs | None = Field(None, description="Paths of the API, such as /v1/chat/*.")
    models: Globs | None = Field(None, description="As the request names them.")
    users: Globs | None = Field(None, description="E-mail addresses or subjects.")
    groups: Globs | None = Field(None, description="Groups of who asks, as the issuer names them.")
    repositories: Globs | None = Field(None, description="Only as a CI job's issuer vouches.")
    refs: Globs | None = Field(None, description="Of a CI job, such as refs/heads/main.")
    workflows: Globs | None = Field(None, description="Of a CI job, as its issuer names them.")
    unless_connections: Globs | None = Field(
        None, description="Not where `connections` would hold."
    )
    unless_methods: Globs | None = Field(None, description="Not where `methods` would hold.")
    unless_paths: Globs | None = Field(None, description="Not where `paths` would hold.")
    unless_models: Globs | None = Field(None, description="Not where `models` would hold.")
    unless_users: Globs | None = Field(None, description="Not where `users` would hold.")
    unless_groups: Globs | None = Field(None, description="Not where `groups` would hold.")
    unless_repositories: Globs | None = Field(
        None, description="Not where `repositories` would hold."
    )
    unless_refs: Globs | None = Field(None, description="Not where `refs` would hold.")
    unless_workflows: Globs | None = Field(None, description="Not where `workflows` would hold.")
    times: TimesSpec | None = Field(None, description="Hours and days, in a time zone.")
    unless_times: TimesSpec | None = Field(None, description="Not within these hours and days.")
    uninspected: StrictBool | None = Field(
        None, description="Whether there are parts that no rule can read: images, files, audio."
    )
    over_characters: Annotated[StrictInt, Field(ge=0)] | None = Field(
        None, description="The prompt has more characters than this."
    )
    over_tokens: Annotated[StrictInt, Field(ge=0)] | None = Field(
        None, description="The prompt has more tokens than this, at four characters a token."
    )
    condition: Expression | None = Field(
        None, description="An expression in CEL over connection, method, path, model, identity, ..."
    )
    prompt: TextSpec | None = Field(None, description="In the text of the request.")
    answer: TextSpec | None = Field(None, description="In the text of the answer.")
    text: TextSpec | None = Field(None, description="In either, as `on` says.")
    tool_call: ToolCallSpec | None = Field(
        None, description="A tool call in the answer, before any client can run it."
    )

    @model_validator(mode="after")
    def _is_not_empty(self) -> WhenSpec:
        if not self.model_fields_set:
            raise ValueError("holds for everything; say so with connections: ['**']")
        return self
