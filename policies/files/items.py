"""The files of a catalog, item by item; what is wrong is noted with file, line and field."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from policies.files.sentences import say
from policies.files.yaml_lines import Document, NotYaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from policies.files.fields import Known

Wrong: TypeAlias = "tuple[Sequence[str | int], str]"
"""The field that something is wrong with, and what."""

_MOST_NAMES = 3
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Location:
    """Where something stands, so that a fault can say so."""

    document: Document
    file: str
    path: tuple[str | int, ...]
    name: str

    def fault(self, field_path: Sequence[str | int], what: str) -> str:
        line = self.document.line((*self.path, *field_path))
        where = ".".join([self.name, *(str(step) for step in field_path)])
        return f"{self.file}:{line}: {where}: {what}"


@dataclass(slots=True)
class ItemReader:
    """What was read so far, and what was wrong with it."""

    directory: Path
    faults: list[str] = field(default_factory=list)
    contents: list[Any] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    """The texts of the files within the directory, by name."""
    named: set[str] = field(default_factory=set)
    """What each item is called, whether it is valid or not."""
    _taken: list[tuple[Location, str, str]] = field(default_factory=list)

    def documents(self, files: Sequence[Path]) -> Iterator[tuple[str, Document]]:
        for path in files:
            name = self._name(path)
            try:
                text = path.read_text(encoding="utf-8")
                if path.is_relative_to(self.directory):
                    self.sources[name] = text
                document = Document(text)
            except OSError as error:
                self.faults.append(f"{name}:1: file: cannot be read ({error.strerror})")
            except UnicodeDecodeError:
                self.faults.append(f"{name}:1: file: is not text; save it as UTF-8")
            except NotYaml as error:
                self.faults.append(f"{name}:{error.line}: yaml: {error}")
            else:
                yield name, document
                self._tell_taken()

    def items(
        self,
        name: str,
        document: Document,
        path: tuple[str, ...],
        model: type[_Model],
        known: Known | None = None,
        contradictions: Callable[[Mapping[str, Any]], Sequence[Wrong]] = lambda _: (),
    ) -> Iterator[tuple[Location, _Model]]:
        """Yield each valid item of the list at `path`; items may name what is known."""
        data = document.data
        for step in path:
            data = data.get(step) if isinstance(data, dict) else None
        if not isinstance(data, list):
            where = path[-1] if path else "file"
            self.faults.append(f"{name}:{document.line(path)}: {where}: must be a list of items")
            return
        for at, item in enumerate(data):
            place = Location(document, name, (*path, at), _title(item, at))
            self.named.add(place.name)
            wrong = list(contradictions(item)) if isinstance(item, dict) else []
            try:
                spec = model.model_validate(item, context=known)
            except ValidationError as error:
                wrong = [*(say(each, model) for each in error.errors()), *wrong]
            self.faults += [place.fault(field_path, what) for field_path, what in wrong]
            if not wrong:
                self.contents.append(spec.model_dump(mode="json"))
                yield place, spec

    def unique(
        self, place: Location, known: dict[str, Any], name: str, field_name: str = "id"
    ) -> bool:
        """Say whether a name is new; where it is not, that is a fault."""
        if name in known:
            self._taken.append((place, field_name, name))
        return name not in known

    def _tell_taken(self) -> None:
        """Tell of all names of a file that others have too, in one line."""
        if not self._taken:
            return
        place, field_name, first = self._taken[0]
        names = ", ".join(repr(name) for _, _, name in self._taken[:_MOST_NAMES])
        more = len(self._taken) - _MOST_NAMES
        what = f"{first!r} is taken; choose another"
        if len(self._taken) > 1:
            rest = f" and {more} more" if more > 0 else ""
            what = f"{names}{rest} are taken; choose others, or leave this file out"
        self.faults.append(place.fault([field_name], what))
        self._taken.clear()

    def _name(self, path: Path) -> str:
        inside = path.is_relative_to(self.directory)
        return str(path.relative_to(self.directory) if inside else path)


def _title(item: object, at: int) -> str:
    name = (item.get("id") or item.get("name")) if isinstance(item, dict) else None
    return name if isinstance(name, str) else f"item {at + 1}"
