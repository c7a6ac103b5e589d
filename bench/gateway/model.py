"""A model API that answers at once, or streams events at a pace: python -m bench.gateway.model.

What the request's `model` is called decides how it answers: `whole`, `bursts`, `paced` or `quick`.
Prints its port.
"""

from __future__ import annotations

import asyncio
import json
from typing import cast

import uvloop

EVENTS = 200
BURST = 25
BURST_SECONDS = 0.02
PACE_SECONDS = 0.01
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n\r\n"
_WORDS = ("the", " handler", " returns", " early", " when", " a", " list", " is", " empty", ".\n")


def _whole() -> bytes:
    said = {"role": "assistant", "content": "".join(_WORDS) * 20}
    usage = {"prompt_tokens": 500, "completion_tokens": 200, "total_tokens": 700}
    choices = [{"index": 0, "message": said, "finish_reason": "stop"}]
    about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000}
    body = json.dumps({**about, "model": "bench", "choices": choices, "usage": usage}).encode()
    return _HEAD % (b"application/json", b"Content-Length: %d" % len(body)) + body


def _event(choice: dict[str, object]) -> bytes:
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000}
    event = {**about, "model": "bench", "choices": [{"index": 0, **choice}]}
    return b"data: %s\n\n" % json.dumps(event, separators=(",", ":")).encode()


def _events() -> list[bytes]:
    texts = [_event({"delta": {"content": _WORDS[at % 10]}}) for at in range(EVENTS - 1)]
    end = _event({"delta": {}, "finish_reason": "stop"})
    return [*texts, end + b"data: [DONE]\n\n"]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_WHOLE = _whole()
_STREAM = _HEAD % (b"text/event-stream", b"Transfer-Encoding: chunked")
_SINGLE = tuple(_chunk(event) for event in _events())
_BURSTS = tuple(b"".join(_SINGLE[at : at + BURST]) for at in range(0, EVENTS, BURST))


class Model(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop has a class of its own
        self._parts: list[bytes] = []
        self._missing: int | None = None

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        if self._missing is None:
            head, found, body = b"".join(self._parts).partition(b"\r\n\r\n")
            if not found:
                return
            lines = head.lower().split(b"\r\n")
            lengths = [line[15:] for line in lines if line.startswith(b"content-length:")]
            self._parts, data, self._missing = [body], body, int(lengths[0])
        self._missing -= len(data)
        if self._missing == 0:
            body, self._parts, self._missing = b"".join(self._parts), [], None
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if b'"bursts"' in body:
            self._transport.write(_STREAM + _BURSTS[0])
            self._rest(_BURSTS, 1, BURST_SECONDS)
        elif b'"paced"' in body:
            self._transport.write(_STREAM + _SINGLE[0])
            self._rest(_SINGLE, 1, PACE_SECONDS)
        elif b'"quick"' in body:
            self._transport.write(b"".join((_STREAM, *_BURSTS, b"0\r\n\r\n")))
        else:
            self._transport.write(_WHOLE)

    def _rest(self, pieces: tuple[bytes, ...], at: int, seconds: float) -> None:
        if self._transport.is_closing():
            return
        if at == len(pieces):
            self._transport.write(b"0\r\n\r\n")
            return

        def onward() -> None:
            self._transport.write(pieces[at])
            self._rest(pieces, at + 1, seconds)

        asyncio.get_running_loop().call_later(seconds, onward)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
