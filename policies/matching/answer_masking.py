"""The masking of one answer.

It looks for what the rules name, for the credential that fetched the answer, and for what was
masked in the request.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from app.domain.verdict import FiredRule
from policies.matching.findings import Finder
from policies.matching.following.noting import Noting
from policies.matching.known import KNOWN, NOTHING_KNOWN, Known
from policies.matching.lookout import Lookout, denying
from policies.matching.masker import Masker
from policies.matching.matcher import Matcher, Scannable
from policies.matching.plan import Joint, Plan
from policies.matching.target import exact_target
from policies.originals import AnswerOriginals
from policies.patterns.normalise import barred, is_its_view
from policies.patterns.words import literal_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.domain.record.original import Original


CREDENTIAL = "upstream-credential"
_FEWEST = 4
_SHORT = 128
_LONG = 4096
"""From where on it pays to look first which targets are in a text at all."""


def spellings(credential: str) -> tuple[str, ...]:
    """Return a credential in each way in which it is looked for."""
    if len(credential) < _FEWEST:
        return ()
    basic = base64.b64encode(f"{credential}:".encode()).decode().rstrip("=")
    return tuple(dict.fromkeys((credential, basic, quote(credential, safe=""))))


def credential_lookout(credential: str) -> Lookout:
    """Return what finds a credential as it is, and as HTTP Basic or a URL would spell it.

    One of fewer than four characters is no credential: to mask it would spoil every text.
    """
    targets = [exact_target(CREDENTIAL, literal_pattern(each)) for each in spellings(credential)]
    labels = (f"[{CREDENTIAL}]",) * len(targets)
    finder = Finder([Matcher(targets)], targets)
    return Lookout(Plan(targets), ((),) * len(targets), labels, finder)


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


class AnswerMasking:
    """Hands out a masker for each text of an answer, and counts over all of them.

    It fits `app.wire.base.Masking`. `denied` is the response rule that forbids the answer, once
    one did: from there on no masker gives anything.
    """

    def __init__(
        self,
        rules: Lookout,
        credential: Lookout,
        known: Known = NOTHING_KNOWN,
        *,
        stopping: bool = True,
        secret: str = "",
    ) -> None:
        """Where it is not `stopping`, what denies is masked as well, and the text goes on.

        `known` are the values that were masked in the request. `secret` is the credential itself:
        no original has any of it.
        """
        self._rules = rules
        self._credential = credential
        self._secret = secret
        self._originals = AnswerOriginals(spellings(secret))
        self.known = known
        self.stopping = stopping
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

    def originals(self) -> tuple[Original, ...]:
        """Return what rules have masked and keep. It takes long: ask once, at the end."""
        return self._originals.found()

    @property
    def may_deny(self) -> bool:
        return self.stopping and bool(self._rules.stops)

    def unstopped(self) -> AnswerMasking:
        """Return the same for what is recorded and not sent."""
        return AnswerMasking(
            self._rules, self._credential, self.known, stopping=False, secret=self._secret
        )

    def stream(self) -> AnswerText:
        return AnswerText(self, self._all.masker())

    @cached_property
    def _all(self) -> _Owners:
        return _Owners(self, self._credential, self._rules)

    def _masker_of(self, text: str) -> Masker:
        """Return what masks a whole text: of a long one, looking only for what is in it."""
        if len(text) < _LONG:
            return self._all.masker()
        read = Scannable(barred([text]))
        return _Owners(self, self._credential.within(read), self._rules.within(read)).masker()

    def whole(self, text: str) -> str:
        if self._is_clean(text):
            return text
        masker, before = AnswerText(self, self._masker_of(text)), self._counts.total()
        masked = masker.feed(text) + masker.finish()
        if masked == text and len(text) <= _SHORT and self._counts.total() == before:
            self._rules.clean.add(text)
        return masked

    def _is_clean(self, text: str) -> bool:
        """Whether nothing in a whole text seems to begin a match, or it is known to be none."""
        if len(text) >= _LONG or self.denied is not None or self.known.labels:
            return False
        if not is_its_view(text) or self._credential.plan.tree.fires_in(text):
            return False
        if not self._rules.plan.tree.fires_in(text):
            return True
        return len(text) <= _SHORT and text in self._rules.clean

    def credential(self) -> AnswerText:
        """Return a masker of the credential alone, for what no rule reads."""
        plan = self._credential.plan
        if not plan.targets:
            return AnswerText(self, None)
        return AnswerText(self, Masker(plan, self.mask_credential, thins=False))

    def note_dropped(self) -> None:
        self.dropped += 1

    def mask(self, lookout: Lookout, target: int) -> str:
        """Count a match of the rules, and return what takes its place."""
        owners = lookout.owners[target]
        self._counts.update(owner.rule for owner in owners if owner.enforced)
        if self.stopping and target in lookout.stops:
            self.denied = denying(owners)
        else:
            self.masked += 1
        return lookout.labels[target]

    def keep(self, lookout: Lookout, target: int) -> Callable[[str | None], None] | None:
        """Return what takes the text of a match, if a rule keeps it."""
        if not lookout.keepings:
            return None
        label = lookout.labels[target]
        return self._originals.begin(lookout.keepings[target], self.masked, label)

    def mask_credential(self, target: int) -> str:
        self._counts[CREDENTIAL] += 1
        self.masked += 1
        return self._credential.labels[target]

    def note_credential(self) -> None:
        """Count the credential where the mask of something else covers it."""
        self._counts[CREDENTIAL] += 1

    def mask_known(self, target: int) -> str:
        self._counts[KNOWN] += 1
        self.masked += 1
        return self.known.labels[target]

    def note(self, lookout: Lookout, target: int) -> None:
        """Count a match of shadow rules."""
        self._counts.update(owner.rule for owner in lookout.owners[target] if not owner.enforced)


class _Owners:
    """Who looks for something in the texts of an answer, and what each makes of a match.

    One scan finds for all of them, and one masker releases what none of them holds back. The
    targets are numbered in the order of precedence: where two matches begin at one place, the mask
    says that it was the credential. What shadow rules look for is among the targets of the rules;
    it is counted, and neither masked nor held back.
    """

    def __init__(self, masking: AnswerMasking, credential: Lookout, rules: Lookout) -> None:
        self._masking = masking
        self._rules = rules
        self._plan = (
            Joint(credential.plan, rules.plan, masking.known.plan)
            if masking.known.labels
            else rules.behind(credential)
        )
        self._first_rule = len(credential.plan.targets)
        self._first_known = self._first_rule + len(rules.plan.targets)
        stops = rules.stops if masking.stopping else ()
        self._stops = frozenset(self._first_rule + target for target in stops)
        self._noted = frozenset(self._first_rule + target for target in rules.noted)

    def masker(self) -> Masker:
        noting = Noting(self._noted, self._note) if self._noted else None
        return Masker(self._plan, self._label, self._stops, self._keep, self._covered, noting)

    def _label(self, target: int) -> str:
        if target < self._first_rule:
            return self._masking.mask_credential(target)
        if target < self._first_known:
            return self._masking.mask(self._rules, target - self._first_rule)
        return self._masking.mask_known(target - self._first_known)

    def _keep(self, target: int) -> Callable[[str | None], None] | None:
        if self._first_rule <= target < self._first_known:
            return self._masking.keep(self._rules, target - self._first_rule)
        return None

    def _covered(self, target: int) -> bool:
        if target < self._first_rule:
            self._masking.note_credential()
        return target < self._first_rule

    def _note(self, target: int) -> None:
        self._masking.note(self._rules, target - self._first_rule)


class AnswerText:
    """Masks one text of an answer; it fits `app.wire.base.TextMasker`."""

    __slots__ = ("_masker", "_masking")

    def __init__(self, masking: AnswerMasking, masker: Masker | None) -> None:
        """Without a masker, the text is passed on as it comes."""
        self._masking = masking
        self._masker = masker

    @property
    def held(self) -> int:
        """How many characters wait to be released."""
        return 0 if self._masker is None else self._masker.held

    def feed(self, text: str) -> str:
        """Return what can be released by now."""
        if self._masking.denied is not None:
            return ""
        return text if self._masker is None else self._masker.feed(text)

    def finish(self) -> str:
        """Return the rest; nothing may be fed afterwards."""
        if self._masking.denied is not None or self._masker is None:
            return ""
        return self._masker.finish()
