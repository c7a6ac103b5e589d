"""The catalog as people write it: one pydantic model for each thing that stands in the YAML.

What a key means is said in its description, which also goes into the JSON Schema for editors.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.domain.segment import Role  # noqa: TC001 - pydantic reads it at run time
from app.domain.verdict import Action, Risk

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")


def _duration(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever stands there
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a whole number and a unit, such as 30s, 10m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Duration = Annotated[
    timedelta,
    BeforeValidator(
        _duration, json_schema_input_type=Annotated[str, Field(pattern=r"^\d+[smhd]$")]
    ),
]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Globs = Annotated[list[Text], Field(min_length=1)]


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Side(StrEnum):
    REQUEST = "request"
    RESPONSE = "response"
    BOTH = "both"


class Mode(StrEnum):
    ENFORCE = "enforce"
    SHADOW = "shadow"


class TextSpec(Spec):
    """What is looked for in text; any one of it is enough."""

    words: list[Text] = Field([], description="Whole words or phrases, in any case and spelling.")
    regex: list[Text] = Field([], description="Patterns of the language in docs/policies.md.")
    detectors: list[Text] = Field(
        [], description="Ids or globs of detectors, or all `secrets` or `personal-data`."
    )
    roles: list[Role] = Field([], description="Look only in segments of these roles.")

    @model_validator(mode="after")
    def _looks_for_something(self) -> TextSpec:
        if not (self.words or self.regex or self.detectors):
            raise ValueError("looks for nothing; give words, regex or detectors")
        return self


class Day(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_TIME_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")


def _time_of_day(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever stands there
    if not isinstance(value, str) or not _TIME_OF_DAY.fullmatch(value):
        raise ValueError("write hours and minutes, such as 08:30; 24:00 is the end of the day")
    hours, minutes = value.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


TimeOfDay = Annotated[
    timedelta,
    BeforeValidator(
        _time_of_day, json_schema_input_type=Annotated[str, Field(pattern=r"^\d{2}:\d{2}$")]
    ),
]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{value!r} is no time zone; write one such as Europe/Berlin") from None
    return value


class TimesSpec(Spec):
    """A stretch of the day; where it ends before it begins, it goes over midnight."""

    days: list[Day] = Field(
        list(Day), min_length=1, description="Days on which the stretch begins."
    )
    start: TimeOfDay = Field(timedelta(0), alias="from")
    end: TimeOfDay = Field(timedelta(days=1), alias="to")
    zone: Annotated[str, AfterValidator(_zone)] = Field(description="As in Europe/Berlin.")

    @model_validator(mode="after")
    def _is_a_stretch(self) -> TimesSpec:
        if self.start == self.end:
            raise ValueError("begins when it ends; leave both out for whole days")
        return self


class WhenSpec(Spec):
    """All that is given must hold. In globs `*` stays within one `/`, `**` does not."""

    connections: Globs | None = None
    methods: Globs | None = None
    paths: Globs | None = None
    models: Globs | None = None
    users: Globs | None = Field(None, description="E-mail addresses or subjects.")
    groups: Globs | None = None
    repositories: Globs | None = Field(None, description="Only as a CI job's issuer vouches.")
    refs: Globs | None = None
    workflows: Globs | None = None
    unless_connections: Globs | None = None
    unless_methods: Globs | None = None
    unless_paths: Globs | None = None
    unless_models: Globs | None = None
    unless_users: Globs | None = None
    unless_groups: Globs | None = None
    unless_repositories: Globs | None = None
    unless_refs: Globs | None = None
    unless_workflows: Globs | None = None
    times: TimesSpec | None = None
    unless_times: TimesSpec | None = None
    uninspected: bool | None = Field(
        None, description="Whether there are parts that no rule can read: images, files, audio."
    )
    over_characters: Annotated[int, Field(ge=0)] | None = Field(
        None, description="The prompt has more characters than this."
    )
    over_tokens: Annotated[int, Field(ge=0)] | None = Field(
        None, description="The prompt has more tokens than this, at four characters a token."
    )
    condition: Text | None = Field(
        None, description="An expression in CEL over connection, method, path, model, identity, ..."
    )
    prompt: TextSpec | None = Field(None, description="In the text of the request.")
    answer: TextSpec | None = Field(None, description="In the text of the answer.")
    text: TextSpec | None = Field(None, description="In either, as `on` says.")

    @model_validator(mode="after")
    def _is_not_empty(self) -> WhenSpec:
        if not self.model_fields_set:
            raise ValueError("holds for everything; say so with connections: ['**']")
        return self


class EscalateSpec(Spec):
    after: Duration
    to: list[Id] = Field(min_length=1, description="Approver sets that may then vote as well.")


class ApprovalSpec(Spec):
    approvers: list[Id] = Field(alias="from", min_length=1, description="Names of approver sets.")
    quorum: int = Field(1, ge=1, le=10, description="How many different people must approve.")
    each_of: list[Id] = Field(
        [], description="Approver sets that must each be among them, by a person of its own."
    )
    majority_denies: bool = Field(
        False, description="Whether it takes as many denials as approvals to deny."
    )
    expires: Duration = Field(timedelta(minutes=10), description="How long people have to decide.")
    keep: Duration = Field(
        timedelta(minutes=15), description="How long an approval waits for a caller who left."
    )
    grant_up_to: Duration | None = Field(
        None, description="The longest time for which the same may be approved at once."
    )
    remind_after: Duration | None = None
    escalate: EscalateSpec | None = None
    reason_required: bool = Field(False, description="Whether the requester has to say why.")
    channel: str = Field("", description="Where the card goes; else the channel of the settings.")

    @model_validator(mode="after")
    def _adds_up(self) -> ApprovalSpec:
        late = [at for at in (self.remind_after, self.escalate and self.escalate.after) if at]
        if any(at >= self.expires for at in late):
            raise ValueError("a reminder or an escalation comes before the hold expires")
        if len(self.each_of) > self.quorum:
            raise ValueError("each_of names more sets than the quorum has people; raise it")
        if self.grant_up_to is not None and self.quorum > 1:
            raise ValueError("where more than one must approve, nothing is granted for a time")
        return self

    def sets(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Return each approver set that is named, with its place."""
        named = [(("from", at), name) for at, name in enumerate(self.approvers)]
        named += [(("each_of", at), name) for at, name in enumerate(self.each_of)]
        to = self.escalate.to if self.escalate else []
        return [*named, *((("escalate", "to", at), name) for at, name in enumerate(to))]


class ExamplesSpec(Spec):
    match: list[str] = Field(min_length=1, description="Texts on which it must fire.")
    skip: list[str] = Field(min_length=1, description="Texts on which it must not.")


class RuleSpec(Spec):
    id: Id
    title: Text
    on: Side
    when: WhenSpec
    then: Action
    approval: ApprovalSpec | None = None
    risk: Risk = Risk.MEDIUM
    explain: Text = Field(description="For the developer: why, and what to do in its place.")
    mode: Mode = Mode.ENFORCE
    examples: ExamplesSpec | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> RuleSpec:
        faults = [what for wrong, what in _contradictions(self) if wrong]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def looks_for(self, side: Side) -> TextSpec | None:
        """Return what the rule looks for in the texts of one side."""
        own = self.when.prompt if side is Side.REQUEST else self.when.answer
        return own or self.when.text


def _contradictions(rule: RuleSpec) -> list[tuple[bool, str]]:
    when = rule.when
    given = [spec for spec in (when.prompt, when.answer, when.text) if spec is not None]
    return [
        (rule.on is Side.BOTH and when.text is None, "a rule on both sides gives `text`"),
        (len(given) > 1, "give only one of prompt, answer and text"),
        (rule.on is Side.REQUEST and when.answer is not None, "a request has no answer yet"),
        (rule.on is Side.RESPONSE and when.prompt is not None, "a response rule gives `answer`"),
        (rule.on is not Side.REQUEST and not given, "a response rule needs text to look for"),
        (
            rule.on is not Side.REQUEST and rule.then not in {Action.MASK, Action.DENY},
            "an answer can be masked or denied; only a request can be held or allowed",
        ),
        (rule.then is Action.MASK and not given, "nothing is named that could be masked"),
        (
            rule.then is Action.HOLD and rule.approval is None,
            "a hold needs `approval`, at least `approval: {from: [managers]}`",
        ),
        (rule.then is not Action.HOLD and rule.approval is not None, "only a hold has `approval`"),
        (
            rule.risk is Risk.CRITICAL
            and rule.approval is not None
            and rule.approval.grant_up_to is not None,
            "at critical risk nothing is granted for a time; leave out grant_up_to",
        ),
        (bool(given) and rule.examples is None, "give `examples` with `match` and `skip`"),
        (not given and rule.examples is not None, "examples need text to look for"),
    ]


class DetectorSpec(Spec):
    """A kind of secret or of personal data."""

    id: Id
    title: Text
    pattern: Text
    keywords: list[Text] = Field(
        [], description="The pattern counts only where it is assigned to one of these names."
    )
    quoted: bool = Field(False, description="With keywords: only where the value is in quotes.")
    context: Text | None = Field(None, description="The pattern counts only right after this one.")
    not_before: Text | None = Field(None, description="A class that may not stand on the left.")
    not_after: Text | None = Field(None, description="A class that may not stand on the right.")
    checks: list[Text] = Field([], description="What else must hold, such as luhn or entropy:3.5.")
    examples: ExamplesSpec

    @model_validator(mode="after")
    def _one_context(self) -> DetectorSpec:
        if self.keywords and self.context is not None:
            raise ValueError("give keywords or context, not both")
        return self


class Kind(StrEnum):
    SECRET = "secret"  # noqa: S105 - a word of the catalog, not a password
    PERSONAL = "personal"


GROUPS = {"secrets": Kind.SECRET, "personal-data": Kind.PERSONAL}
"""Names for all detectors of one kind."""


class ApproverSetSpec(Spec):
    """Whoever is in any of the groups or has one of the e-mail addresses."""

    name: Id
    explain: str = ""
    slack_groups: list[Annotated[str, Field(pattern=r"^[^@\s]\S*$")]] = Field(
        [], description="Handles of Slack user groups, without the @."
    )
    emails: list[Annotated[str, Field(pattern=r"^\S+@\S+$")]] = []
    idp_groups: list[Text] = Field(
        [], description="Groups of the identity provider, as last seen at the gateway."
    )
    requesters_manager: bool = Field(
        False, description="The manager of whoever asks, as the identity provider says."
    )
    break_glass: bool = Field(
        False, description="Whether a member may release any request alone, with a reason."
    )
