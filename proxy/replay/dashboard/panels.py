"""The dashboard's panels: each a chart, and a table that says the same. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from markupsafe import Markup

from app.domain.record.session_facts import Cost
from proxy.replay.dashboard import charts
from proxy.replay.dashboard.figures import middle_and_tail
from proxy.replay.html import took

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proxy.replay.dashboard.figures import Figures
    from proxy.replay.dashboard.tally import UsageFigures

Row: TypeAlias = "tuple[str | int, ...]"
_SERIES = ("passed", "approved", "denied", "unanswered", "pending")
_TOP = 8
_THOUSAND = 1000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Panel:
    """`legend` has the names of the series, in the order of their colours."""

    title: str
    note: str
    chart: Markup
    legend: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def panels(figures: Figures) -> tuple[Panel, ...]:
    """Draw all that there are figures of."""
    if not figures.whole.sessions:
        return ()
    return (
        _volume(figures),
        _holds(figures),
        _waits(figures),
        _rules(figures),
        _masked(figures),
        _usage("team", figures.whole.teams, "Of somebody in several groups each counts."),
        _usage(
            "repository", figures.whole.repositories, "As CI proves it, or as a person claims it."
        ),
        _usage("model", figures.whole.models, ""),
        _cost("team", figures.whole.teams),
        _cost("repository", figures.whole.repositories),
        _cost("model", figures.whole.models),
    )


def _volume(figures: Figures) -> Panel:
    labels = tuple(figures.volume)
    used = tuple(name for name in _SERIES if any(day[name] for day in figures.volume.values()))
    # All of them, so that an outcome has the same colour whichever others there are.
    series = {name: [figures.volume[label][name] for label in labels] for name in _SERIES}
    rows: list[Row] = [(label, *(figures.volume[label][name] for name in used)) for label in labels]
    drawn = charts.columns(labels, series, stacked=True)
    return Panel("Requests", "", drawn, _SERIES, ("when", *used), tuple(rows))


def _holds(figures: Figures) -> Panel:
    found = Counter(figures.whole.holds).most_common()
    if not found:
        return _empty("Holds by outcome", "No request was held.")
    drawn = charts.bars([name for name, _ in found], {"holds": [count for _, count in found]})
    return Panel("Holds by outcome", "", drawn, (), ("outcome", "holds"), tuple(found))


def _waits(figures: Figures) -> Panel:
    title = "Time to decision"
    whole = middle_and_tail(figures.whole.waits)
    if whole is None:
        return _empty(title, "Nobody had to decide.")
    labels = tuple(figures.volume)
    found = [middle_and_tail(figures.waits.get(label, [])) for label in labels]
    series = {
        "median": [one[0] if one else None for one in found],
        "90th percentile": [one[1] if one else None for one in found],
    }
    rows = tuple(
        (label, _seconds(one[0]), _seconds(one[1]), len(figures.waits[label]))
        for label, one in zip(labels, found, strict=True)
        if one
    )
    note = f"Median {_seconds(whole[0])}, 90th percentile {_seconds(whole[1])}."
    drawn = charts.columns(labels, series, spelt=_seconds)
    return Panel(title, note, drawn, tuple(series), ("when", *series, "decisions"), rows)


def _rules(figures: Figures) -> Panel:
    title = "Rules that fired most"
    found = sorted(figures.whole.rules.items(), key=lambda pair: (-pair[1].fired, pair[0]))[:_TOP]
    if not found:
        return _empty(title, "No rule fired.")
    names = [rule for rule, _ in found]
    series = {
        "fired": [max(one.fired - one.wrong, 0) for _, one in found],
        "false alarm": [min(one.wrong, one.fired) for _, one in found],
    }
    rows = tuple(
        (
            *(rule, one.fired, one.approved, one.denied, one.wrong),
            "" if one.precision is None else f"{one.precision:.0%}",
        )
        for rule, one in found
    )
    columns = ("rule", "fired", "approved", "denied", "false alarms", "precision")
    note = "Precision is the share of what fired that nobody marked as a false alarm."
    return Panel(
        title, note, charts.bars(names, series, stacked=True), tuple(series), columns, rows
    )


def _masked(figures: Figures) -> Panel:
    title = "Masked, by kind"
    found = Counter(figures.whole.masked).most_common(_TOP)
    if not found:
        return _empty(title, "Nothing was masked.")
    drawn = charts.bars([name for name, _ in found], {"masked": [count for _, count in found]})
    return Panel(title, "", drawn, (), ("kind", "masked"), tuple(found))


def _usage(what: str, found: Mapping[str, UsageFigures], note: str) -> Panel:
    title = f"Tokens by {what}"
    top = sorted(found.items(), key=lambda pair: (-pair[1].tokens, -pair[1].sessions, pair[0]))
    top = top[:_TOP]
    if not any(usage.tokens for _, usage in top):
        return _empty(title, "No answer said how many tokens it took.")
    series: dict[str, Sequence[float | None]] = {
        "input": [usage.input for _, usage in top],
        "output": [usage.output for _, usage in top],
    }
    rows = tuple(
        (name, usage.sessions, f"{usage.input:,}", f"{usage.output:,}") for name, usage in top
    )
    drawn = charts.bars([name for name, _ in top], series, stacked=True)
    return Panel(title, note, drawn, tuple(series), (what, "requests", "input", "output"), rows)


def _cost(what: str, found: Mapping[str, UsageFigures]) -> Panel:
    title = f"Cost by {what}"
    top = sorted(found.items(), key=lambda pair: (-pair[1].micros, -pair[1].sessions, pair[0]))
    top = [(name, usage) for name, usage in top if usage.priced][:_TOP]
    if not top:
        return _empty(title, "No answer came from a model with a list price.")
    dollars = {"cost": [usage.micros / _MILLION for _, usage in top]}
    rows = tuple(
        (name, usage.sessions, usage.priced, Cost(usage.micros, "").dollars) for name, usage in top
    )
    drawn = charts.bars([name for name, _ in top], dollars, spelt=lambda value: f"${value:,.2f}")
    note = "In US dollars, by the list price on the day of each request."
    return Panel(title, note, drawn, (), (what, "requests", "with a price", "cost"), rows)


def _empty(title: str, note: str) -> Panel:
    return Panel(title, note, Markup(), (), (), ())


def _seconds(seconds: float) -> str:
    return took(round(seconds * _THOUSAND))
