"""The masking of one request: every text of it by the rules that fired, and what they masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.matching.findings import Inspected
from policies.matching.known import Known
from policies.originals import RequestOriginals

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from app.domain.record.original import Keeping
    from policies.matching.findings import Finder
    from policies.matching.target import Target


class RequestMask:
    """Masks a text when it is called.

    The texts it is made with are looked through at once, which takes a tenth of the time where they
    are many. Values that were masked in one of them are masked in every text (see `known`): that is
    done when a text is asked for, since not all of them may be.
    """

    def __init__(
        self,
        finder: Finder,
        label: Callable[[Target], str],
        texts: Sequence[str],
        touched: Container[str] | None = None,
        inspect: Callable[..., Inspected] = Inspected,
        keepings: Mapping[Target, Sequence[Keeping]] | None = None,
    ) -> None:
        """`touched` are those of the texts in which something was found; None: look again.

        `inspect` may know texts that were made ready before. `keepings` are the rules that keep
        what is masked, by target.
        """
        values: dict[str, str] = {}

        def note(value: str, target: Target) -> None:
            values.setdefault(value, label(target))
            self._note(value, target)

        self._finder = finder
        self._label = label
        self.originals = RequestOriginals(keepings or {})
        """What is kept of all that was masked so far."""
        searched = texts if touched is None else [text for text in texts if text in touched]
        found = zip(searched, finder.mask_all(searched, label, note, inspect), strict=True)
        self._found = dict(zip(texts, texts, strict=True)) | dict(found)
        self.known = Known(values)
        """The values that are masked in the answer too."""
        self._masked: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        masked = self._masked.get(text)
        if masked is not None:
            return masked
        found = self._found.get(text)
        if found is None:
            [found] = self._finder.mask_all([text], self._label, self._note)
            return self.known.mask(found)
        masked = self._masked[text] = self.known.mask(found)
        return masked

    def _note(self, value: str, target: Target) -> None:
        self.originals.note(value, target, self._label(target))
