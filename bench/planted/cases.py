"""The evaluation set, made from a seed: texts with one secret each, and texts with none."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.planted import contexts, harmless, harmless_text, more_tokens, shapes, tokens
from bench.planted.made import fill
from bench.planted.people import PERSONAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOKENS = {
    "cloud": tokens.CLOUD,
    "source hosting": tokens.HOSTING,
    "chat and mail": tokens.CHAT,
    "money": tokens.MONEY,
    "registries": more_tokens.REGISTRIES,
    "models": more_tokens.MODELS,
    "monitoring": more_tokens.WATCHING,
    "services": more_tokens.SERVICES,
    "generic": more_tokens.GENERIC,
}
SHAPES = {
    "addresses with passwords": shapes.DATABASES,
    "files": shapes.FILES,
    "commands and code": shapes.COMMANDS,
    "private keys": shapes.KEYS,
}
_TOLD_ALONE = frozenset(
    {
        *("payment-card", "iban", "email", "phone", "swiss-ahv", "italian-codice-fiscale"),
        *("us-social-security", "bitcoin-address"),
    }
)
_NAMED, _BARE = contexts.forms(contexts.NAMED), contexts.forms(contexts.BARE)
_PEOPLE, _PIECE = contexts.forms(contexts.PEOPLE), contexts.forms(contexts.PIECE)


@dataclass(frozen=True)
class Case:
    """`secrets` are the parts that must be gone; there are none in what is harmless."""

    group: str
    kind: str
    context: str
    text: str
    secrets: tuple[str, ...] = ()


def planted(seed: int, each: int) -> list[Case]:
    """Return `each` texts of every kind of secret and of personal data."""
    rng = random.Random(seed)  # noqa: S311 - nothing here is to be hard to guess
    cases = [case for group, text in TOKENS.items() for case in _tokens(group, text, each, rng)]
    for group, text in SHAPES.items():
        cases += _shapes(group, text, each, rng)
    return [*cases, *_people(each, rng)]


def look_alikes(seed: int, each: int = 1) -> list[Case]:
    """Return `each` texts of every harmless kind."""
    rng = random.Random(seed)  # noqa: S311 - as above
    kinds = {**contexts.forms(harmless.CODE), **contexts.forms(harmless_text.PROSE)}
    for at, value in enumerate(harmless_text.PLACEHOLDERS.strip().split("\n")):
        for around in harmless_text.AROUND_PLACEHOLDERS.strip().split("\n"):
            kinds[f"placeholder-{at}-{around}"] = around.replace("@V", value)
    return [
        Case("harmless", kind, "", contexts.surrounded(fill(template, rng), rng))
        for kind, template in kinds.items()
        for _ in range(each)
    ]


def _tokens(group: str, text: str, each: int, rng: random.Random) -> Iterator[Case]:
    for kind, template, names in contexts.table(text):
        places = _NAMED if template[0] == "!" else {**_NAMED, **_BARE}
        for context in _some(list(places), each, rng):
            value = fill(template.lstrip("!"), rng)
            name = rng.choice(names.split(" "))
            whole = contexts.placed(places[context], name, value)
            secret = value[_known(template) :]
            yield Case(group, kind, context, contexts.surrounded(whole, rng), (secret,))


def _known(template: str) -> int:
    """Return the length of what all tokens of a kind begin with: that is no secret."""
    return len(re.split(r"\{[a-zA-Z]", template.lstrip("!"), maxsplit=1)[0])


def _shapes(group: str, text: str, each: int, rng: random.Random) -> Iterator[Case]:
    for kind, template in contexts.forms(text).items():
        for context in _some(list(_PIECE), each, rng):
            marked = fill(template, rng)
            secrets = tuple(
                part
                for secret in re.findall("«([^»]*)»", marked)
                for part in re.split(r"\n[ +>#]*|\r|\\n", secret)
                if len(part) > 3
            )
            plain = marked.replace("«", "").replace("»", "")
            lines = plain.split("\n")
            if context in {"diff", "quoted", "comment", "log", "indented"} and len(lines) > 1:
                lead = _PIECE[context].partition("@V")[0]
                plain = ("\n" + lead).join(lines)
            whole = contexts.placed(_PIECE[context], "value", plain)
            if context == "json":
                secrets = tuple(json.dumps(secret)[1:-1] for secret in secrets)
            yield Case(group, kind, context, contexts.surrounded(whole, rng), secrets)


def _people(each: int, rng: random.Random) -> Iterator[Case]:
    for kind, (make, name) in PERSONAL.items():
        places = {**_PEOPLE, **_BARE} if kind in _TOLD_ALONE else _PEOPLE
        for context in _some(list(places), each, rng):
            value = make(rng)
            whole = contexts.placed(places[context], name, value)
            yield Case("personal data", kind, context, contexts.surrounded(whole, rng), (value,))


def _some(names: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """Return different names, as long as there are; then all of them again."""
    chosen: list[str] = []
    while len(chosen) < count:
        chosen += rng.sample(names, min(len(names), count - len(chosen)))
    return chosen
