"""Where the browser of this machine brings a sign-in back to (RFC 8252, section 7.3)."""

from __future__ import annotations

import queue
import sys
import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from app.errors import NotAuthenticated
from workstation.environment import variable

if TYPE_CHECKING:
    from types import TracebackType

_PATH = "/callback"
_SECONDS = 300.0
_DONE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Abeyance</title>"
    b"<h1>Go back to the terminal</h1><p>It says whether you are signed in. "
    b"You can close this page.</p></html>"
)


class Loopback:
    """A server on this machine alone, for one sign-in. Use it as a context manager."""

    def __init__(self) -> None:
        brought: queue.Queue[str] = queue.Queue()
        self._brought = brought

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                found = url.path == _PATH
                self.send_response(200 if found else 404)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-security-policy", "default-src 'none'")
                self.send_header("referrer-policy", "no-referrer")
                self.send_header("cache-control", "no-store")
                self.end_headers()
                self.wfile.write(_DONE if found else b"")
                if found:
                    brought.put(url.query)

            def log_message(self, *_args: object) -> None:
                """Nothing: the address has the code in it."""

        # Browsers open connections that they may never use: one thread would wait on such a one.
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_port}{_PATH}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> str:
        """Return the query that the browser brought. Raises NotAuthenticated after some minutes."""
        try:
            return self._brought.get(timeout=_SECONDS)
        except queue.Empty:
            raise NotAuthenticated(
                "The browser has not come back from the sign-in. Try again, or sign in with a "
                "browser elsewhere: `abeyance login --device`."
            ) from None


def has_browser() -> bool:
    """Whether a person here can be expected to see a browser that is opened."""
    if variable("BROWSER"):
        return True
    if variable("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    # Without a screen, Python would find browsers that run in the terminal.
    return bool(variable("DISPLAY") or variable("WAYLAND_DISPLAY"))


def open_browser(url: str) -> bool:
    """Open a page; False where no browser can be started."""
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
