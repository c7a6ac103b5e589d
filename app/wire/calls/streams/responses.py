"""Tool calls in a stream of OpenAI Responses.

A call is an item of the output. It is announced, comes in pieces, and is said to be done; all this
is kept back. In the end the whole output is repeated, and there it has to be what went on before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.wire.calls import response_items
from app.wire.calls.stream import StreamReader, unreadable
from app.wire.calls.streams.responses_output import ADDED, DONE, Listed, Output, Placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import Json
    from app.wire.calls.events import StreamEvent, Stretch
    from app.wire.calls.response_items import Item

_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d+)')


class ResponsesStream(StreamReader):
    markers = (b"_call", b"output_item", b'"response"', b"_approval_request", b'"program"')

    def __init__(self, wanted: Callable[[str], bool], *, limit: int, alive: bytes) -> None:
        super().__init__(wanted, limit=limit, alive=alive)
        self._out = Output()
        self._items: dict[int, Listed] = {}
        self._ids: dict[str, Listed] = {}
        self._open: list[Listed] = []  # kept back, without a number yet, in order
        self._unread = b""  # the last that went on unread

    @property
    def rewrites(self) -> bool:
        return self._out.touched

    def passes(self, data: bytes) -> bool:
        if not super().passes(data):
            return False
        self._unread = data
        return True

    # What comes.

    def read(self, event: StreamEvent) -> None:
        self.check(event)
        response, item = event.value.get("response"), event.value.get("item")
        if isinstance(response, dict):
            self._read_response(event, response)
        elif event.kind in {ADDED, DONE}:
            if not isinstance(item, dict):
                raise unreadable("an item that is no object")
            self._read_item(event, item)
        elif event.kind == "error":
            self._leave_out()
            self.put(event)
        elif isinstance(item, dict) and self._is_wanted(item):
            raise unreadable("a tool call in an event of an unknown type")
        else:
            self._read_piece(event)
        self._number()

    def _read_item(self, event: StreamEvent, item: Item) -> None:
        of = self._of(event)
        if event.kind == ADDED or of is None or (of.whole and not of.is_kept):
            if of is not None and of.is_kept is not False and not of.whole:
                raise unreadable("two items in one place")
            of = self._begin(event, item)
        if of.is_kept is False:
            if self._is_wanted(item) and not self._is_wanted(of.item):
                raise unreadable("an item that turns into a tool call")
            of.whole = event.kind == DONE
            self.put(Placed(event.sse, event.value, of=of))
            return
        self._keep_event(of, event)
        if event.kind == DONE:
            self._end(of, item)

    def _begin(self, event: StreamEvent, item: Item) -> Listed:
        index = event.value.get("output_index")
        if isinstance(index, bool) or not isinstance(index, int):
            if self._is_wanted(item):
                raise unreadable("a tool call without a place")
            index = len(self._items)
        is_kept = self._is_wanted(item) and (bool(response_items.tool_of(item)) or None)
        of = self._items[index] = Listed(index, item, is_kept)
        if isinstance(item_id := item.get("id"), str) and item_id:
            self._ids[item_id] = of
        return of

    def _read_piece(self, event: StreamEvent) -> None:
        of = self._of(event)
        if of is None and "_call" in event.kind:
            # Which tool it is for is told later, or never.
            of = self._begin(event, {"type": "function_call"})
        if of is None or of.is_kept is False:
            if of is not None and "_call" in event.kind and response_items.tool_of(of.item) is None:
                raise unreadable("a piece of a tool call in another item")
            self.put(Placed(event.sse, event.value, of=of))
            return
        self._keep_event(of, event)
        if response_items.tells_arguments(event.kind):
            piece = event.value.get("delta")
            if isinstance(piece, str):
                of.pieces.append(piece)
            elif not isinstance(_told(event), str):
                raise unreadable("a piece of a tool call that is no text")

    def _keep_event(self, of: Listed, event: StreamEvent) -> None:
        if of.whole or of.removed:
            raise unreadable("more of a tool call that was over")
        placed = Placed(event.sse, event.value, of=of)
        if of.stretch is None:
            of.stretch = self.keep(placed)
            self._open.append(of)
        else:
            of.scattered = of.scattered or self.line[-1] is not of.stretch
            self.add(of.stretch, placed)

    def _end(self, of: Listed, item: Item) -> None:
        """Take a call as whole. All that was told of it has to agree."""
        if of.is_kept is None:
            of.is_kept = self._is_wanted(item)
        call = response_items.call_of(item)
        if call is None:
            raise unreadable("a tool call that turns into something else")
        if of.item and (tool := response_items.tool_of(of.item)) and tool != call.tool:
            raise unreadable("a tool call that changes its tool")
        told = [_told(event) for event in of.stretch.events] if of.stretch else []
        told += ["".join(of.pieces)] if of.pieces else []
        if any(one is not None and one != call.arguments for one in told):
            raise unreadable("a tool call that is told in two ways")
        of.item = item
        of.whole = True

    def _read_response(self, event: StreamEvent, response: dict[str, Json]) -> None:
        output = response.get("output")
        listed = output if isinstance(output, list) else []
        placed = Placed(event.sse, event.value)
        found = [self._listed(at, item, final=placed.is_final) for at, item in enumerate(listed)]
        if placed.is_final:
            self._leave_out()
        placed = Placed(event.sse, event.value, output=tuple(found))
        new = [of for of in found if of is not None and of.is_kept and of.stretch is None]
        if not placed.is_final or not new:
            self.put(placed)
            return
        stretch = self.keep(placed)
        for of in new:
            of.stretch = stretch
            self._open.append(of)

    def _listed(self, at: int, item: Json, *, final: bool) -> Listed | None:
        """Return what is known of an item that is listed with all others."""
        if not isinstance(item, dict):
            raise unreadable("an item that is no object")
        item_id = item.get("id")
        of = self._ids.get(item_id) if isinstance(item_id, str) else None
        of = of or self._items.get(at)
        if of is not None and of.is_kept is not False and of.item.get("type") == item.get("type"):
            if of.whole and final and _asked(item) != _asked(of.item):
                raise unreadable("a tool call that is told in two ways")
            if not of.whole and final and item.get("status", "completed") == "completed":
                self._end(of, item)
            return of
        if not self._is_wanted(item):
            return of if of is None or of.is_kept is False else None
        # Nothing was told of it before.
        return Listed(at, item, is_kept=True, whole=final)

    def _of(self, event: StreamEvent) -> Listed | None:
        index, item_id = event.value.get("output_index"), event.value.get("item_id")
        of = self._items.get(index) if isinstance(index, int) else None
        by_id = self._ids.get(item_id) if isinstance(item_id, str) else None
        if of is not None and by_id is not None and of is not by_id:
            raise unreadable("an event of two items")
        return of or by_id

    def _is_wanted(self, item: Item) -> bool:
        tool = response_items.tool_of(item)
        return tool is not None and (not tool or self.wanted(tool))

    def _number(self) -> None:
        """Number the calls that are whole, in the order in which they begin."""
        while self._open and (of := self._open[0]) and (stretch := of.stretch):
            if not of.whole:
                return
            call = response_items.call_of(of.item)
            if of.is_kept and call is not None:
                of.number = len(self.calls)
                self.found(stretch, call, text=response_items.has_text(of.item))
            self._open.pop(0)
            stretch.whole = all(other.stretch is not stretch for other in self._open)

    def _leave_out(self) -> None:
        """Drop the calls that will not become whole any more."""
        for of in [of for of in self._open if not of.whole]:
            of.removed = True
            self._open.remove(of)
            if of.stretch is not None:
                self.drop(of.stretch)
        self._number()

    def cut_off(self) -> None:
        self._leave_out()
        super().cut_off()

    # What goes on.

    def write(self, stretch: Stretch) -> bytes:
        out = self._out
        placed = [event for event in stretch.events if isinstance(event, Placed)]
        if not stretch.calls or not placed:
            return b"".join(map(out.event, stretch.events))
        if (of := placed[0].of) is not None:
            return out.call(of, placed, self.rulings[stretch.calls[0]])
        for of in placed[0].output:
            if of is not None and of.stretch is stretch and of.number is not None:
                out.listed(of, self.rulings[of.number])
        return out.event(placed[0])

    def said(self, text: str) -> bytes:
        if self._out.ended:
            return b""
        self._renumber()
        return self._out.begin() + self._out.insert(text)

    def alive(self) -> bytes:
        """Some clients raise for an event that is not the beginning of the response."""
        fits = self._out.begun or self.sign_of_life.startswith(b":")
        return super().alive() if fits else b""

    def stopped(self, text: str) -> bytes:
        out = self._out
        if out.ended:
            return b""
        waiting = [event for stretch in self.line for event in stretch.events]
        begun = [event for event in waiting if isinstance(event, Placed) and _goes_on(event)]
        self._renumber()
        ends = [event.value.get("response") for event in waiting]
        usage = [end.get("usage") for end in ends if isinstance(end, dict)]
        return b"".join(
            [
                out.begin(),
                *map(out.event, begun),
                out.insert(text),
                out.end(usage[-1] if usage else None),
            ]
        )

    def _renumber(self) -> None:
        if not self._out.touched and (numbers := _NUMBER.findall(self._unread)):
            self._out.number = max(self._out.number or 0, int(numbers[-1]) + 1)
        self._out.touch(event for stretch in self.line for event in stretch.events)


def _goes_on(event: Placed) -> bool:
    """Whether an event only goes on with an item of which a client has the beginning."""
    of = event.of
    return of is not None and of.is_kept is False and of.out is not None and not of.done


def _told(event: StreamEvent) -> Json:
    """Return the arguments that an event says to be whole; None where it says nothing of them."""
    if not event.kind.endswith(".done") or not response_items.tells_arguments(event.kind):
        return None
    return event.value.get("input" if "input" in event.value else "arguments")


def _asked(item: Item) -> tuple[str, str]:
    """Return what two spellings of a call have to agree on, which a client could run."""
    call = response_items.call_of(item)
    if call is None:
        return "", ""
    return call.tool, "" if call.by_provider else call.arguments
