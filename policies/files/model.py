"""The catalog as people write it: one pydantic model for each thing that stands in the YAML.

What a key means is said in its description, which also goes into the JSON Schema for editors.
"""

from __future__ import annotations

import datetime as dt
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

import rfc8785
from pydantic import Field, StrictBool, StrictInt, ValidationInfo, field_validator

from app.domain.verdict import Action, Risk
from policies.files.examples import (  # noqa: TC001 - pydantic reads them at run time
    ExamplesSpec,
    RuleExamplesSpec,
)
from policies.files.fields import (  # noqa: TC001 - pydantic reads them at run time
    Address,
    Approvers,
    CharacterClass,
    Check,
    Duration,
    Handle,
    Id,
    Part,
    Text,
)
from policies.files.when import LookSpec, Spec, WhenSpec


class RuleSide(StrEnum):
    REQUEST = "request"
    RESPONSE = "response"
    BOTH = "both"


class RuleMode(StrEnum):
    ENFORCE = "enforce"
    SHADOW = "shadow"


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


class RetentionSpec(Spec):
    days: StrictInt = Field(ge=1, le=36_500, description="Counted from the request.")


class KeepOriginalSpec(Spec):
    sealed_for: list[Approvers] = Field(
        min_length=1, description="Approver sets whose members may open it."
    )


class RuleSpec(Spec):
    id: Id = Field(description="Its name on cards, in refusals and in the record.")
    title: Text = Field(description="What it found, in a few words, as on the card.")
    on: RuleSide = Field(description="Whether it looks at requests, at answers or at both.")
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
    risk: Risk = Field(Risk.MEDIUM, description="Shown to approvers.")
    explain: Text = Field(description="For the developer: why, and what to do in its place.")
    mode: RuleMode = Field(
        RuleMode.ENFORCE, description="In shadow it is recorded, and nothing is done."
    )
    examples: RuleExamplesSpec | None = Field(None, description="Run by `abeyance policy check`.")
    retention: RetentionSpec | None = Field(
        None, description="How long the record of what it fires on is kept at least."
    )
    keep_original: KeepOriginalSpec | None = Field(
        None, description="Keeps what it masks, sealed; else the original is nowhere."
    )
    together: StrictBool = Field(
        False,
        description="Whether the calls of one answer are released only when all are decided.",
    )

    def looks_for(self, side: RuleSide) -> LookSpec | None:
        """Return what the rule looks for in the texts of one side, or in tool calls."""
        if self.when.tool_call:
            return self.when.tool_call.arguments
        own = self.when.prompt if side is RuleSide.REQUEST else self.when.answer
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
    followed_by: CharacterClass | None = Field(
        None, description="A class that must stand on the right; what does is not masked."
    )
    checks: list[Check] = Field([], description="What else must hold, such as luhn or entropy:3.5.")
    examples: ExamplesSpec = Field(description="Run by `abeyance policy check`.")

    @field_validator("followed_by")
    @classmethod
    def _is_all_about_the_right(cls, given: str | None, info: ValidationInfo) -> str | None:
        if given and (info.data.get("not_after") or info.data.get("quoted")):
            raise ValueError("says how the value ends; leave out `not_after` and `quoted`")
        return given

    @property
    def in_context(self) -> bool:
        """Whether the pattern counts only behind something else."""
        return bool(self.keywords or self.context)


class ApproverSetSpec(Spec):
    """Whoever is in any of the groups or has one of the e-mail addresses."""

    name: Id = Field(description="By which rules ask for it.")
    explain: str = Field("", description="For people who read the file.")
    slack_groups: list[Handle] = Field(
        [], description="Handles of Slack user groups, without the @."
    )
    emails: list[Address] = Field([], description="Addresses as the identity provider has them.")
    idp_groups: list[Text] = Field(
        [], description="Groups of the identity provider, as last seen at the gateway."
    )
    requesters_manager: StrictBool = Field(
        False, description="The requester's manager, as the identity provider says."
    )
    break_glass: StrictBool = Field(
        False, description="Whether a member may release any request alone, with a reason."
    )
    quiet: StrictBool = Field(
        False, description="Whether cards and reminders only name the set, and mention no one."
    )


Dollars: TypeAlias = Annotated[Decimal, Field(ge=0, max_digits=12)]


class PriceSpec(Spec):
    """An item of prices.yaml: US dollars for a million tokens of each kind."""

    model: Text = Field(description="As requests name it, without the date of a release.")
    input: Dollars = Field(description="Of a prompt.")
    output: Dollars = Field(description="Of an answer.")
    date: dt.date = Field(description="When the provider published it.")
    source: Text = Field(description="Where, for people who check it.")
    cached: Dollars | None = Field(None, description="Of a prompt, read from a cache.")
    cache_write: Dollars | None = Field(None, description="Of a prompt, written to a cache.")
    cache_write_1h: Dollars | None = Field(None, description="To one that lasts for an hour.")
    reasoning: Dollars | None = Field(None, description="Where it is not what output costs.")
    input_up_to: StrictInt | None = Field(
        None, gt=0, description="Tokens of the longest prompt that costs this."
    )


class ClaudeCodeSpec(Spec):
    """An item of claude-code.yaml, of which the first that fits a person counts."""

    groups: list[Text] = Field(
        [], description="Groups of the identity provider, one is enough; left out: everyone."
    )
    hooks: StrictBool = Field(False, description="Whether to add Abeyance's own hooks.")
    settings: dict[str, Any] = Field(
        {}, description="Claude Code's managed settings: permissions, env, model, hooks and so on."
    )

    @field_validator("settings")
    @classmethod
    def _is_json(cls, given: dict[str, Any]) -> dict[str, Any]:
        try:
            rfc8785.dumps(given)
        except ValueError:
            raise ValueError("has a number that JSON cannot say") from None
        hooks = given.get("hooks", {})
        if not isinstance(hooks, dict) or not all(isinstance(e, list) for e in hooks.values()):
            raise ValueError("hooks must name events, each with a list of entries")
        return given
