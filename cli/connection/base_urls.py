"""What may be the base URL of a connection. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from app.errors import BadRequest

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\.?")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*/*")
_DOTS = re.compile(r"(?i)(\.|%2e){1,2}")


def base_url(given: str) -> str:
    """Return the URL without a last slash. Raises BadRequest that says what is wrong with it."""
    if fault := _fault(given):
        raise BadRequest(f"“{given}” is no base URL: {fault}. Give one like https://api.openai.com")
    return given.rstrip("/")


def _fault(given: str) -> str:
    if not given.isascii() or not given.isprintable() or " " in given:
        return "it has a blank, or a character that no URL has"
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError:
        return "its host or port cannot be read"
    if url.scheme not in ("https", "http"):
        return "it begins with neither https:// nor http://"
    if "@" in url.netloc:
        return "it has a user or password; the credential is asked for by itself"
    if "?" in given or "#" in given:
        return "it has a query or a fragment"
    return (
        _host_fault(url.netloc, url.hostname or "", port)
        or _path_fault(url.path)
        or (
            "it would carry the credential in the clear; only this machine may be reached by http://"
            if url.scheme == "http" and url.hostname not in _LOOPBACK
            else ""
        )
    )


def _host_fault(netloc: str, host: str, port: int | None) -> str:
    if netloc.endswith(":") or port == 0:
        return "its port is none"
    if netloc.startswith("["):
        return ""  # urlsplit has read the address.
    return "" if _HOST.fullmatch(host) else "its host is no name or address"


def _path_fault(path: str) -> str:
    if any(_DOTS.fullmatch(part) for part in path.split("/")):
        return "its path has dots that lead elsewhere"
    return "" if _PATH.fullmatch(path) else "its path has an empty part or a character of no path"
