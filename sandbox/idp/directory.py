"""Who works at the company just now: people leave and change teams when a test says so."""

from collections.abc import Sequence
from dataclasses import replace

from sandbox.people import PEOPLE, Person


class Directory:
    """The people of the sandbox, as the identity provider knows them."""

    def __init__(self) -> None:
        self._people = {person.key: person for person in PEOPLE}

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(self._people.values())

    def find(self, key: str) -> Person | None:
        """Find whose key this is; None also for somebody who has left."""
        return self._people.get(key)

    def with_subject(self, sub: str) -> Person | None:
        return next((person for person in self._people.values() if person.sub == sub), None)

    def leave(self, key: str) -> None:
        self._people.pop(key, None)

    def change_groups(self, key: str, groups: Sequence[str]) -> None:
        """Put a person into these groups and no others; one who has left comes back."""
        original = next(person for person in PEOPLE if person.key == key)
        self._people[key] = replace(original, groups=tuple(groups))
