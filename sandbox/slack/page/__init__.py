"""The web page: the workspace as a person sees it. Plain files, no build step."""

from pathlib import Path
from typing import cast
from urllib.parse import quote

from quart import Blueprint, Response, redirect, send_from_directory

_HERE = Path(__file__).parent


def page() -> Blueprint:
    pages = Blueprint("page", __name__)

    @pages.get("/")
    async def index() -> Response:
        return await send_from_directory(_HERE, "index.html")

    @pages.get("/page/<path:name>")
    async def asset(name: str) -> Response:
        if Path(name).suffix not in (".js", ".css", ".svg"):
            return Response("not found", 404)
        response = await send_from_directory(_HERE, name)
        response.headers["Cache-Control"] = "no-cache"
        return response

    @pages.get("/archives/<channel>/<_message>")
    async def permalink(channel: str, _message: str) -> Response:
        """Open the channel of a message, as the address of one does."""
        return cast("Response", redirect(f"/#//{quote(channel)}"))

    return pages
