"""The sandbox's own routes about people who leave, and about how tokens are made."""

from pydantic import BaseModel, ConfigDict, ValidationError
from quart import Blueprint, Response, jsonify, request

from sandbox.idp.directory import Directory
from sandbox.idp.given import Given
from sandbox.people import find_person


class Groups(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    groups: tuple[str, ...]


class Making(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    seconds: int = 3600
    opaque: bool = False
    rotate: bool = True


class Away(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    away: bool


def personnel_routes(directory: Directory, given: Given) -> Blueprint:
    routes = Blueprint("personnel", __name__, url_prefix="/sandbox")

    @routes.delete("/people/<key>")
    async def leave(key: str) -> tuple[str, int]:
        directory.leave(key)
        return "", 204

    @routes.put("/people/<key>")
    async def change(key: str) -> tuple[str, int]:
        if find_person(key) is None:
            return f"No person {key!r}.", 404
        directory.change_groups(key, Groups.model_validate_json(await request.get_data()).groups)
        return "", 204

    @routes.put("/minting")
    async def minting() -> Response:
        wanted = Making.model_validate_json(await request.get_data() or b"{}")
        making = given.minting
        making.seconds, making.opaque = wanted.seconds, wanted.opaque
        making.rotate = wanted.rotate
        return jsonify(wanted.model_dump())

    @routes.put("/away")
    async def away() -> tuple[str, int]:
        given.minting.away = Away.model_validate_json(await request.get_data()).away
        return "", 204

    @routes.before_app_request
    async def answer_nothing() -> tuple[str, int] | None:
        ours = request.path.startswith("/sandbox/")
        return ("Away.", 503) if given.minting.away and not ours else None

    @routes.errorhandler(ValidationError)
    async def misread(error: ValidationError) -> tuple[str, int]:
        return str(error), 400

    return routes
