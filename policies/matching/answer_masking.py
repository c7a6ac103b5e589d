"""The masking of one answer.

It looks for what the rules name, for the credential that fetched the answer, and for what was
masked in the request.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from app.domain.verdict import Action, FiredRule
from policies.matching.known import KNOWN, NOTHING_KNOWN, Known
from policies.matching.masker import Masker
from policies.matching.rereading import CleanTexts
from policies.matching.scanner import Plan
from policies.matching.target import Target
from policies.patterns.normalise import is_its_view
from policies.patterns.words import literal_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping


CREDENTIAL = "upstream-credential"
_FEWEST = 4
_SHORT = 128
_MOST_CLEAN = 4096


def credential_plan(credential: str) -> Plan:
    """Return what finds a credential as it is, and as HTTP Basic or a URL would spell it.

    One of fewer than four characters is no credential: to mask it would spoil every text.
    """
    if len(credential) < _FEWEST:
        return Plan([])
    basic = base64.b64encode(f"{credential}:".encode()).decode().rstrip("=")
    spellings = dict.fromkeys((credential, basic, quote(credential, safe="")))
    return Plan([Target(CREDENTIAL, literal_pattern(spelling)) for spelling in spellings])


@dataclass(frozen=True, slots=True)
class Lookout:
    """A plan, and for each of its targets the rules that look for it and what replaces it."""

    plan: Plan
    owners: tuple[tuple[FiredRule, ...], ...]
    labels: tuple[str, ...]
    stops: frozenset[int] = field(init=False)
    """Which targets forbid an answer."""
    clean: CleanTexts = field(default_factory=lambda: CleanTexts(_MOST_CLEAN), compare=False)
    """Short texts that seem to begin a match and have none: names of members, mostly."""

    def __post_init__(self) -> None:
        stops = (at for at, owners in enumerate(self.owners) if _denying(owners) is not None)
        object.__setattr__(self, "stops", frozenset(stops))


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found in an answer so far."""

    masked: int = 0
    dropped: int = 0
    """How often something was left out because it repeats a text that was masked."""
    findings: tuple[tuple[str, int], ...] = ()
    """How often each rule found something, shadow rules too."""
    denied: FiredRule | None = None
    """The response rule that forbids the answer, once one did."""

    def __add__(self, other: Tally) -> Tally:
        if other is NOTHING_FOUND:
            return self
        return Tally(
            self.masked + other.masked,
            self.dropped + other.dropped,
            tuple((Counter(dict(self.findings)) + Counter(dict(other.findings))).items()),
            self.denied or other.denied,
        )


NOTHING_FOUND = Tally()


def _denying(owners: tuple[FiredRule, ...]) -> FiredRule | None:
    return next((owner for owner in owners if owner.action is Action.DENY), None)


class AnswerMasking:
    """Hands out a masker for each text of an answer, and counts over all of them.

    It fits `app.wire.base.Masking`. `denied` is the response rule that forbids the answer, once
    one did: from there on no masker gives anything.
    """

    def __init__(
        self,
        enforced: Lookout,
        shadow: Lookout,
        credential: Plan,
        known: Known = NOTHING_KNOWN,
        *,
        stopping: bool = True,
    ) -> None:
        """Where it is not `stopping`, what denies is masked as well, and the text goes on.

        `known` are the values that were masked in the request.
        """
        self._enforced = enforced
        self._shadow = shadow
        self._credential = credential
        self._known = known
        self._stops = enforced.stops if stopping else frozenset()
        self._counts: Counter[str] = Counter()
        self.masked = 0
        self.dropped = 0
        """How often something was left out because it repeats a text that was masked."""
        self.denied: FiredRule | None = None

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each rule found something, shadow rules too."""
        return dict(self._counts)

    @property
    def tally(self) -> Tally:
        if not self._counts and not self.dropped:
            return NOTHING_FOUND
        return Tally(self.masked, self.dropped, tuple(self._counts.items()), self.denied)

    @property
    def may_deny(self) -> bool:
        return bool(self._stops)

    def unstopped(self) -> AnswerMasking:
        """Return the same for what is recorded and not sent."""
        return AnswerMasking(
            self._enforced, self._shadow, self._credential, self._known, stopping=False
        )

    def stream(self) -> AnswerText:
        maskers = [Masker(self._enforced.plan, self._mask, self._stops)]
        if self._credential.targets:
            maskers.insert(0, Masker(self._credential, self._mask_credential))
        if self._known.labels:
            maskers.append(Masker(self._known.plan, self._mask_known))
        shadow = Masker(self._shadow.plan, self._note) if self._shadow.plan.targets else None
        return AnswerText(self, maskers, shadow)

    def whole(self, text: str) -> str:
        if self._is_clean(text):
            return text
        masker, before = self.stream(), self._counts.total()
        masked = masker.feed(text) + masker.finish()
        if masked == text and len(text) <= _SHORT and self._counts.total() == before:
            self._enforced.clean.add(text)
        return masked

    def _is_clean(self, text: str) -> bool:
        """Whether nothing in a whole text seems to begin a match, or it is known to be none."""
        if self.denied is not None or self._known.labels or not is_its_view(text):
            return False
        if self._credential.tree.fires_in(text) or self._shadow.plan.tree.fires_in(text):
            return False
        enforced = self._enforced
        if not enforced.plan.tree.fires_in(text):
            return True
        return len(text) <= _SHORT and text in enforced.clean

    def credential(self) -> AnswerText:
        """Return a masker of the credential alone, for what no rule reads."""
        maskers = [Masker(self._credential, self._mask_credential)]
        return AnswerText(self, maskers if self._credential.targets else [], None)

    def note_dropped(self) -> None:
        self.dropped += 1

    def _mask(self, target: int) -> str:
        owners = self._enforced.owners[target]
        self._counts.update(owner.rule for owner in owners)
        if target in self._stops:
            self.denied = _denying(owners)
        else:
            self.masked += 1
        return self._enforced.labels[target]

    def _mask_credential(self, _target: int) -> str:
        self._counts[CREDENTIAL] += 1
        self.masked += 1
        return f"[{CREDENTIAL}]"

    def _mask_known(self, target: int) -> str:
        self._counts[KNOWN] += 1
        self.masked += 1
        return self._known.labels[target]

    def _note(self, target: int) -> str:
        self._counts.update(owner.rule for owner in self._shadow.owners[target])
        return ""


class AnswerText:
    """Masks one text of an answer; it fits `app.wire.base.TextMasker`."""

    def __init__(
        self, masking: AnswerMasking, maskers: list[Masker], shadow: Masker | None
    ) -> None:
        self._masking = masking
        self._maskers = maskers
        self._shadow = shadow

    @property
    def held(self) -> int:
        """How many characters wait to be released."""
        return sum(masker.held for masker in self._maskers)

    def feed(self, text: str) -> str:
        """Return what can be released by now."""
        if self._masking.denied is not None:
            return ""
        if self._shadow is not None:
            self._shadow.feed(text)
        for masker in self._maskers:
            text = masker.feed(text)
        return text

    def finish(self) -> str:
        """Return the rest; nothing may be fed afterwards."""
        if self._masking.denied is not None:
            return ""
        if self._shadow is not None:
            self._shadow.finish()
        rest = ""
        for masker in self._maskers:
            rest = masker.feed(rest) + masker.finish()
        return rest
