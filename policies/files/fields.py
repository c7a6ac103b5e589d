"""The kinds of value that stand in a catalog; each says by itself what is wrong with one.

What refers to something else in the catalog is looked up in `Known`, if pydantic is given one as
its context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from policies.calls.tools import GROUPS as TOOL_GROUPS
from policies.cel.expression import expression
from policies.checks.validators import build
from policies.matching.target import Target
from policies.patterns.pattern import parse, parse_class
from policies.patterns.words import word_pattern

NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
HANDLE = r"^[^@\s]\S*$"
ADDRESS = r"^\S+@\S+$"


class DetectorKind(StrEnum):
    SECRET = "secret"  # noqa: S105 - a word of the catalog, not a password
    PERSONAL = "personal"


GROUPS = {"secrets": DetectorKind.SECRET, "personal-data": DetectorKind.PERSONAL}
"""Names for all detectors of one kind."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules of a catalog may name."""

    approvers: Collection[str]
    is_detector: Callable[[str], bool]
    """Whether an id, a glob or the name of a group stands for any detector."""
    named: Collection[str]
    """What has a name in the catalog; what is wrong with it is told there."""


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_TIME_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")


def _duration(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever stands there
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a whole number and a unit, such as 30s, 10m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _time_of_day(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever stands there
    if not isinstance(value, str) or not _TIME_OF_DAY.fullmatch(value):
        raise ValueError("write hours and minutes, such as 08:30; 24:00 is the end of the day")
    hours, minutes = value.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{value!r} is no time zone; write one such as Europe/Berlin") from None
    return value


def _words(value: str) -> str:
    Target("", word_pattern(value))
    return value


def _regex(value: str) -> str:
    Target("", parse(value))
    return value


def _part(value: str) -> str:
    parse(value)
    return value


def _class(value: str) -> str:
    parse_class(value)
    return value


def _check(value: str) -> str:
    build([value])
    return value


def _expression(value: str) -> str:
    expression(value)
    return value


def _detectors(value: str, info: ValidationInfo) -> str:
    known: Known | None = info.context
    if known and not (known.is_detector(value) or value in known.named):
        groups = ", ".join(GROUPS)
        raise ValueError(f"{value!r} is no detector; give an id, a glob such as aws-*, or {groups}")
    return value


def _approvers(value: str, info: ValidationInfo) -> str:
    known: Known | None = info.context
    if known and not (value in known.approvers or value in known.named):
        sets = ", ".join(sorted(known.approvers))
        raise ValueError(f"{value!r} is no approver set; known are {sets}")
    return value


def _tool_name(value: str) -> str:
    if value.startswith("@") and value not in TOOL_GROUPS:
        known = ", ".join(TOOL_GROUPS)
        raise ValueError(f"{value!r} is no group of tools; known are {known}")
    return value


def _argument_path(value: str) -> str:
    if not all(value.split(".")) or "[" in value or value.startswith("$"):
        raise ValueError("write names with dots, such as command or edits.*.new_string")
    return value


Id = Annotated[str, Field(pattern=NAME, max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Globs = Annotated[list[Text], Field(min_length=1)]
ToolNames = Annotated[list[Annotated[Text, AfterValidator(_tool_name)]], Field(min_length=1)]
ArgumentPath = Annotated[Text, AfterValidator(_argument_path)]
Handle = Annotated[str, Field(pattern=HANDLE)]
Address = Annotated[str, Field(pattern=ADDRESS)]
Duration = Annotated[
    timedelta,
    BeforeValidator(
        _duration, json_schema_input_type=Annotated[str, Field(pattern=r"^\d+[smhd]$")]
    ),
]
TimeOfDay = Annotated[
    timedelta,
    BeforeValidator(
        _time_of_day, json_schema_input_type=Annotated[str, Field(pattern=r"^\d{2}:\d{2}$")]
    ),
]
Zone = Annotated[str, AfterValidator(_zone)]
Words = Annotated[Text, AfterValidator(_words)]
Regex = Annotated[Text, AfterValidator(_regex)]
Part = Annotated[Text, AfterValidator(_part)]
"""A pattern that counts beside others alone, so that it may begin and end as it likes."""
CharacterClass = Annotated[Text, AfterValidator(_class)]
Check = Annotated[Text, AfterValidator(_check)]
Expression = Annotated[Text, AfterValidator(_expression)]
Detectors = Annotated[Text, AfterValidator(_detectors)]
Approvers = Annotated[Id, AfterValidator(_approvers)]
