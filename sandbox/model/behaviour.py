"""How a model behaves, read from its name, so that a switch passes any gateway unchanged."""

import re
from dataclasses import dataclass

SLOW_MS = 200


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The switches of one request; `slow_s` is the pause before each delta, in seconds."""

    leaky: bool = False
    failing: bool = False
    ratelimited: bool = False
    midfail: bool = False
    stalling: bool = False
    expired: bool = False
    """Whether the events of a cloud agent's run are kept no longer."""
    strict: bool = False
    """Whether it refuses a history that a provider would refuse."""
    slow_s: float = 0.0
    steps: int = 0
    """How many calls of a shell a task takes, one in each answer."""

    @property
    def flows_freely(self) -> bool:
        """Tell whether an answer can be sent in one go."""
        return not (self.midfail or self.stalling or self.slow_s)


def behaviour_of(model: str) -> Behaviour:
    """Read the words of a model's name: `any-leaky-slow`; `slow50` pauses 50 ms, not 200.

    `steps12` works off a task in twelve calls of the first tool that takes a command.
    """
    words = set(re.split(r"[^a-z0-9]+", model.lower()))
    paces = [found for word in words if (found := re.fullmatch(r"slow([0-9]{0,5})", word))]
    tasks = [found for word in words if (found := re.fullmatch(r"steps([0-9]{1,3})", word))]
    return Behaviour(
        leaky="leaky" in words,
        failing="failing" in words,
        ratelimited="ratelimited" in words,
        midfail="midfail" in words,
        stalling="stalling" in words,
        expired="expired" in words,
        strict="strict" in words,
        slow_s=int(paces[0][1] or SLOW_MS) / 1000 if paces else 0.0,
        steps=int(tasks[0][1]) if tasks else 0,
    )
