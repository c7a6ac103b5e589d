"""The calls of one answer, numbered, and what was decided about each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.calls.base import Changed, Passed, Replaced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.tool_call import ToolCall
    from app.wire.base import Json
    from app.wire.calls.base import Ruling


class Rulings:
    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._texts: set[int] = set()  # calls whose arguments are text
        self._rulings: dict[int, Ruling] = {}

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(self._calls)

    def add(self, call: ToolCall, *, text: bool = False) -> int:
        """Return the number of a whole call. `text`: its arguments are text, not a JSON object."""
        self._calls.append(call)
        number = len(self._calls) - 1
        if text:
            self._texts.add(number)
        return number

    def rule(self, number: int, ruling: Ruling) -> None:
        """Raises `ValueError` for a ruling that cannot be carried out."""
        if not 0 <= number < len(self._calls):
            raise ValueError(f"There is no call {number}.")
        if number in self._rulings:
            raise ValueError(f"Call {number} has been ruled on already.")
        if self._calls[number].by_provider and not isinstance(ruling, Passed):
            raise ValueError("The provider has run this call already, so it can only be passed on.")
        if isinstance(ruling, Replaced) and not ruling.text.strip():
            raise ValueError("A call has to be replaced by a text.")
        if isinstance(ruling, Changed) and number not in self._texts:
            parsed_arguments(ruling.arguments)
        self._rulings[number] = ruling

    def __getitem__(self, number: int) -> Ruling:
        return self._rulings[number]

    def decided(self, numbers: Iterable[int]) -> bool:
        return all(number in self._rulings for number in numbers)


def parsed_arguments(arguments: str) -> dict[str, Json]:
    """Parse the JSON of new arguments. Raises `ValueError` unless they are one object."""
    if isinstance(value := strict_json.parse_loosely(arguments), dict):
        return value
    raise ValueError("The arguments of this call have to be a JSON object.")
