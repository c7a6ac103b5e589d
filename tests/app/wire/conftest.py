from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Canned(NamedTuple):
    """What a provider behind our gateway would answer, whatever is asked."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"


class Provider:
    """A server on a socket of its own that gives one answer."""

    def __init__(self) -> None:
        self.answer = Canned(b"")
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self.send_response(provider.answer.status)
                self.send_header("content-type", provider.answer.content_type)
                self.send_header("content-length", str(len(provider.answer.body)))
                self.send_header("x-should-retry", "false")
                self.end_headers()
                self.wfile.write(provider.answer.body)

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()
    thread.join()
