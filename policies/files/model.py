"""The catalog as people write it: one pydantic model for each thing that stands in the YAML.

What a key means is said in its description, which also goes into the JSON Schema for editors.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, TypeAlias

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
from app.domain.verdict import Action, Risk
from policies.files.fields import (  # noqa: TC001 - pydantic reads them at run time
    Address,
    Approvers,
    CharacterClass,
    Check,
    Detectors,
    Duration,
    Expression,
    Globs,
    Handle,
    Id,
    Part,
    Regex,
    Text,
    TimeOfDay,
    Words,
    Zone,
)


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

    words: list[Words] = Field(
        [],
        description="Whole words or phrases, in any case and spelling: `prod-db` is also found in "
        "`PROD_DB`, `prodDb` and `myProdDb`, `prod` in `prod01-db`; not in `products`.",
    )
    regex: list[Regex] = Field([], description="Patterns of the language in docs/policies.md.")
    detectors: list[Detectors] = Field(
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

    @model_validator(mode="after")
    def _is_not_empty(self) -> WhenSpec:
        if not self.model_fields_set:
            raise ValueError("holds for everything; say so with connections: ['**']")
        return self


class EscalateSpec(Spec):
    after: Duration = Field(description="Counted from the request.")
    to: list[Approvers] = Field(
        min_length=1, description="Approver sets that may then vote as well."
    )


Late: TypeAlias = EscalateSpec | timedelta | None


class ApprovalSpec(Spec):
    approvers: list[Approvers] = Field(
        alias="from", min_length=1, description="Names of approver sets."
    )
    quorum: StrictInt = Field(1, ge=1, le=10, description="How many different people must approve.")
    each_of: list[Approvers] = Field(
        [], description="Approver sets that must each be among them, by a person of its own."
    )
    majority_denies: StrictBool = Field(
        False, description="Whether it takes as many denials as approvals to deny."
    )
    expires: Duration = Field(timedelta(minutes=10), description="How long people have to decide.")
    keep: Duration = Field(
        timedelta(minutes=15), description="How long an approval waits for a caller who left."
    )
    grant_up_to: Duration | None = Field(
        None, description="The longest time for which the same may be approved at once."
    )
    remind_after: Duration | None = Field(
        None, description="When to remind in the thread of the card."
    )
    escalate: EscalateSpec | None = Field(None, description="Whom to ask as well, and when.")
    reason_required: StrictBool = Field(False, description="Whether the requester has to say why.")
    channel: str = Field("", description="Where the card goes; else the channel of the settings.")
    denied_for: Duration = Field(
        timedelta(hours=1),
        description="How long the same is refused after a denial, without asking anyone.",
    )

    @field_validator("each_of")
    @classmethod
    def _has_a_person_for_each(cls, each: list[str], info: ValidationInfo) -> list[str]:
        if len(each) > info.data.get("quorum", len(each)):
            raise ValueError("names more sets than the quorum has people; raise the quorum")
        return each

    @field_validator("grant_up_to")
    @classmethod
    def _is_for_one_to_grant(cls, most: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if most is not None and info.data.get("quorum", 1) > 1:
            raise ValueError("where more than one must approve, nothing is granted for a time")
        return most

    @field_validator("remind_after", "escalate")
    @classmethod
    def _comes_in_time(cls, given: Late, info: ValidationInfo) -> Late:
        after = given.after if isinstance(given, EscalateSpec) else given
        expires = info.data.get("expires")
        if after is not None and expires is not None and after >= expires:
            raise ValueError("comes before the hold expires; make it shorter, or `expires` longer")
        return given


class Decides(StrEnum):
    PASSAGES = "passages"
    REQUEST = "request"


class Work(StrEnum):
    ASK = "ask"
    TEXT = "text"


class CoversSpec(Spec):
    idle: Duration = Field(timedelta(hours=1), description="After the last request that used it.")
    most: Duration = Field(timedelta(hours=8), description="After the approval, in any case.")

    @field_validator("most")
    @classmethod
    def _is_no_less_than_idle(cls, most: timedelta, info: ValidationInfo) -> timedelta:
        if most < info.data.get("idle", most):
            raise ValueError("ends before `idle` does; make it as long, or longer")
        return most


class ExamplesSpec(Spec):
    match: list[str] = Field(min_length=1, description="Texts on which it must fire.")
    skip: list[str] = Field(min_length=1, description="Texts on which it must not.")


class RuleSpec(Spec):
    id: Id = Field(description="Its name on cards, in refusals and in the record.")
    title: Text = Field(description="What it found, in a few words, as on the card.")
    on: Side = Field(description="Whether it looks at requests, at answers or at both.")
    when: WhenSpec = Field(description="What it applies to; all that is given must hold.")
    then: Action = Field(description="What becomes of it.")
    approval: ApprovalSpec | None = Field(None, description="Who releases what is held, and how.")
    decides: Decides | None = Field(
        None,
        description="Whether people decide on passages of text, once for a task, or on each "
        "request. Passages, but for critical risk and where no text is looked for.",
    )
    work: Work = Field(
        Work.ASK,
        description="Whether what tools and the model say is decided on by the ask that led to it, "
        "or by its own text, as suits rules about data.",
    )
    covers: CoversSpec | None = Field(None, description="How long an approval covers its passages.")
    risk: Risk = Field(Risk.MEDIUM, description="Shown to whoever decides.")
    explain: Text = Field(description="For the developer: why, and what to do in its place.")
    mode: Mode = Field(Mode.ENFORCE, description="In shadow it is recorded, and nothing is done.")
    examples: ExamplesSpec | None = Field(None, description="Run by `abeyance policy check`.")

    def looks_for(self, side: Side) -> TextSpec | None:
        """Return what the rule looks for in the texts of one side."""
        own = self.when.prompt if side is Side.REQUEST else self.when.answer
        return own or self.when.text


class DetectorSpec(Spec):
    """A kind of secret or of personal data."""

    id: Id = Field(description="Its name, also where it masks: [id].")
    title: Text = Field(description="What it is, in a few words.")
    source: Text | None = Field(
        None,
        description="The provider's documentation, or one sentence that says why it exists.",
    )
    pattern: Part = Field(description="In the language of docs/policies.md.")
    keywords: list[Text] = Field(
        [], description="The pattern counts only where it is assigned to one of these names."
    )
    quoted: StrictBool = Field(
        False,
        description="Only in quotes: `.` is one character as the language of the quotes has it.",
    )
    context: Part | None = Field(
        None,
        description="The pattern counts only right after this; or what follows a keyword.",
    )
    not_before: CharacterClass | None = Field(
        None, description="A class that may not stand on the left."
    )
    not_after: CharacterClass | None = Field(
        None, description="A class that may not stand on the right."
    )
    checks: list[Check] = Field([], description="What else must hold, such as luhn or entropy:3.5.")
    examples: ExamplesSpec = Field(description="Run by `abeyance policy check`.")


class ApproverSetSpec(Spec):
    """Whoever is in any of the groups or has one of the e-mail addresses."""

    name: Id = Field(description="By which rules ask for it.")
    explain: str = Field("", description="For whoever reads the file.")
    slack_groups: list[Handle] = Field(
        [], description="Handles of Slack user groups, without the @."
    )
    emails: list[Address] = Field([], description="Addresses as the identity provider has them.")
    idp_groups: list[Text] = Field(
        [], description="Groups of the identity provider, as last seen at the gateway."
    )
    requesters_manager: StrictBool = Field(
        False, description="The manager of whoever asks, as the identity provider says."
    )
    break_glass: StrictBool = Field(
        False, description="Whether a member may release any request alone, with a reason."
    )
    quiet: StrictBool = Field(
        False, description="Whether cards and reminders only name the set, and mention no one."
    )
