"""The masking of one answer.

It looks for what the rules name, for the credential that fetched the answer, and for what was
masked in the request.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from app.domain.record.original import Original
from app.domain.verdict import FiredRule
from policies.matching.findings import Finder
from policies.matching.known import KNOWN, NOTHING_KNOWN, Known
from policies.matching.lookout import Lookout, denying
from policies.matching.masker import Masker
from policies.matching.matcher import Matcher, Scannable
from policies.matching.plan import Plan
from policies.matching.target import Target
from policies.originals import AnswerOriginals
from policies.patterns.normalise import barred, is_its_view
from policies.patterns.words import literal_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
    targets = [Target(CREDENTIAL, literal_pattern(each)) for each in spellings(credential)]
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
    originals: tuple[Original, ...] = field(default=(), repr=False)
    """What rules have masked and keep."""

    def __add__(self, other: Tally) -> Tally:
        if other is NOTHING_FOUND:
            return self
        return Tally(
            self.masked + other.masked,
            self.dropped + other.dropped,
            tuple((Counter(dict(self.findings)) + Counter(dict(other.findings))).items()),
            self.denied or other.denied,
            (*self.originals, *other.originals),
        )

    def of_headers(self) -> Tally:
        """Return it with places that tell headers from a body."""
        if not self.originals:
            return self
        told = (replace(one, place=f"{one.place} of its headers") for one in self.originals)
        return replace(self, originals=tuple(told))


NOTHING_FOUND = Tally()


class AnswerMasking:
    """Hands out a masker for each text of an answer, and counts over all of them.

    It fits `app.wire.base.Masking`. `denied` is the response rule that forbids the answer, once
    one did: from there on no masker gives anything.
    """

    def __init__(
        self,
        enforced: Lookout,
        shadow: Lookout,
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
        self._enforced = enforced
        self._shadow = shadow
        self._credential = credential
        self._known = known
        self._stopping = stopping
        self._secret = secret
        self._originals = AnswerOriginals(spellings(secret))
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
        found = self._originals.found
        return Tally(self.masked, self.dropped, tuple(self._counts.items()), self.denied, found)

    @property
    def may_deny(self) -> bool:
        return self._stopping and bool(self._enforced.stops)

    def unstopped(self) -> AnswerMasking:
        """Return the same for what is recorded and not sent."""
        lookouts = self._enforced, self._shadow, self._credential
        return AnswerMasking(*lookouts, self._known, stopping=False, secret=self._secret)

    def stream(self) -> AnswerText:
        return self._text(self._credential, self._enforced, self._shadow)

    def _text(self, credential: Lookout, enforced: Lookout, shadow: Lookout) -> AnswerText:
        stops = enforced.stops if self._stopping else frozenset()
        masks, keeps = partial(self._mask, enforced), partial(self._keep, enforced)
        maskers = [Masker(enforced.plan, masks, stops, keeps)]
        if credential.plan.targets:
            maskers.insert(0, Masker(credential.plan, self._mask_credential))
        if self._known.labels:
            maskers.append(Masker(self._known.plan, self._mask_known))
        noting = Masker(shadow.plan, partial(self._note, shadow)) if shadow.plan.targets else None
        return AnswerText(self, maskers, noting)

    def _text_of(self, text: str) -> AnswerText:
        """Return what masks a whole text: of a long one, looking only for what is in it."""
        if len(text) < _LONG:
            return self.stream()
        looked_for = (self._credential, self._enforced, self._shadow)
        read = Scannable(barred([text]))
        return self._text(*(each.within(read) for each in looked_for))

    def whole(self, text: str) -> str:
        if self._is_clean(text):
            return text
        masker, before = self._text_of(text), self._counts.total()
        masked = masker.feed(text) + masker.finish()
        if masked == text and len(text) <= _SHORT and self._counts.total() == before:
            self._enforced.clean.add(text)
        return masked

    def _is_clean(self, text: str) -> bool:
        """Whether nothing in a whole text seems to begin a match, or it is known to be none."""
        if len(text) >= _LONG or self.denied is not None or self._known.labels:
            return False
        if not is_its_view(text):
            return False
        if self._credential.plan.tree.fires_in(text) or self._shadow.plan.tree.fires_in(text):
            return False
        enforced = self._enforced
        if not enforced.plan.tree.fires_in(text):
            return True
        return len(text) <= _SHORT and text in enforced.clean

    def credential(self) -> AnswerText:
        """Return a masker of the credential alone, for what no rule reads."""
        plan = self._credential.plan
        return AnswerText(self, [Masker(plan, self._mask_credential)] * bool(plan.targets), None)

    def note_dropped(self) -> None:
        self.dropped += 1

    def _mask(self, lookout: Lookout, target: int) -> str:
        owners = lookout.owners[target]
        self._counts.update(owner.rule for owner in owners)
        if self._stopping and target in lookout.stops:
            self.denied = denying(owners)
        else:
            self.masked += 1
        return lookout.labels[target]

    def _keep(self, lookout: Lookout, target: int) -> Callable[[str], None] | None:
        if not lookout.keepings:
            return None
        label = lookout.labels[target]
        return self._originals.begin(lookout.keepings[target], self.masked, label)

    def _mask_credential(self, target: int) -> str:
        self._counts[CREDENTIAL] += 1
        self.masked += 1
        return self._credential.labels[target]

    def _mask_known(self, target: int) -> str:
        self._counts[KNOWN] += 1
        self.masked += 1
        return self._known.labels[target]

    def _note(self, lookout: Lookout, target: int) -> str:
        self._counts.update(owner.rule for owner in lookout.owners[target])
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
