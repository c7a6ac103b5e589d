"""The small language that the Block Kit tables are written in.

A rule looks at a value and yields what is wrong with it, with a JSON pointer to the place.
"""

from collections.abc import Callable, Iterator, Mapping

Rule = Callable[[object, str], Iterator[str]]


def problem(what: str, at: str) -> str:
    return f"[ERROR] {what} [json-pointer:{at}]"


def anything(_value: object, _at: str) -> Iterator[str]:
    yield from ()


def string(longest: int | None = None, shortest: int = 0) -> Rule:
    """Text counted in code points."""

    def rule(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", at)
        elif longest is not None and len(value) > longest:
            yield problem(f"must be less than {longest + 1} characters", at)
        elif len(value) < shortest:
            yield problem(f"must be more than {shortest - 1} characters", at)

    return rule


def boolean(value: object, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield problem("must be a boolean", at)


def number(least: float | None = None, most: float | None = None) -> Rule:
    """A number, or a number spelled as text, as number_input takes them."""

    def rule(value: object, at: str) -> Iterator[str]:
        try:
            size = float(str(value))
        except ValueError:
            yield problem("must be a number", at)
            return
        if least is not None and size < least:
            yield problem(f"must be at least {least:g}", at)
        if most is not None and size > most:
            yield problem(f"must be at most {most:g}", at)

    return rule


def positive(value: object, at: str) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        yield problem("must be more than 0", at)


def one_of(*allowed: str) -> Rule:
    def rule(value: object, at: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be one of {', '.join(allowed)}", at)

    return rule


def items(each: Rule, most: int | None = None, least: int = 0) -> Rule:
    def rule(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", at)
            return
        if most is not None and len(value) > most:
            yield problem(f"no more than {most} items allowed", at)
        if len(value) < least:
            yield problem(f"no fewer than {least} items allowed", at)
        for index, item in enumerate(value):
            yield from each(item, f"{at}/{index}")

    return rule


def shape(
    required: Mapping[str, Rule],
    optional: Mapping[str, Rule] | None = None,
    *also: Rule,
    is_open: bool = False,
) -> Rule:
    """An object. `also` looks at it as a whole; `is_open` bears keys that are not named."""
    known = dict(required) | dict(optional or {})

    def rule(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", at)
            return
        for key in required:
            if value.get(key) is None:
                yield problem(f"missing required field: {key}", at)
        for key, item in value.items():
            if key in known:
                if item is not None:
                    yield from known[key](item, f"{at}/{key}")
            elif not is_open and key != "type":
                yield problem(f"invalid additional property: {key}", at)
        for check in also:
            yield from check(value, at)

    return rule


def typed(kinds: Mapping[str, Rule], noun: str = "type") -> Rule:
    """An object whose `type` says which rule it follows."""

    def rule(value: object, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind is None:
            yield problem("missing required field: type", at)
        elif kind not in kinds:
            yield problem(f"unsupported {noun}: {kind}", f"{at}/type")
        else:
            yield from kinds[kind](value, at)

    return rule


def at_most_one(*keys: str) -> Rule:
    def rule(value: object, at: str) -> Iterator[str]:
        if isinstance(value, dict) and sum(value.get(key) is not None for key in keys) > 1:
            yield problem(f"only one of {', '.join(keys)} is allowed", at)

    return rule


def at_least_one(*keys: str) -> Rule:
    def rule(value: object, at: str) -> Iterator[str]:
        if isinstance(value, dict) and not any(value.get(key) for key in keys):
            yield problem(f"missing required field: one of {', '.join(keys)}", at)

    return rule
